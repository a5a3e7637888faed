package asltest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFetchNPM: the script takes a package only with the content that was asked for, and only once.
func TestFetchNPM(t *testing.T) {
	folder := t.TempDir()
	// A registry of one package, and a count of how often it was asked.
	npm := filepath.Join(folder, "npm")
	write(t, npm, 0o755, `#!/usr/bin/env bash
set -eu
echo asked >>"`+folder+`/asked"
while [ "$1" != --pack-destination ]; do shift; done
cp "`+folder+`/package.tgz" "$2/thing-1.0.0.tgz"
`)
	write(t, filepath.Join(folder, "package", "main.js"), 0o644, "content\n")
	command(t, "tar", "-czf", filepath.Join(folder, "package.tgz"), "-C", folder, "package")
	sum := command(t, "bash", "-c", "openssl dgst -sha512 -binary "+filepath.Join(folder, "package.tgz")+" | openssl base64 -A")

	dest := filepath.Join(folder, "tools", "thing")
	fetch := func(integrity string) (string, error) {
		script := exec.CommandContext(t.Context(), "../../../tools/fetch-npm.sh", "thing", "1.0.0", integrity, dest)
		script.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))
		out, err := script.CombinedOutput()
		return string(out), err
	}
	if out, err := fetch("sha512-another"); err == nil || !strings.Contains(out, "expected sha512-another") {
		t.Errorf("another content was accepted: %v\n%s", err, out)
	}
	if _, err := os.Stat(dest); !os.IsNotExist(err) {
		t.Errorf("a refused package is there: %v", err)
	}
	for range 2 {
		if out, err := fetch("sha512-" + sum); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if body, err := os.ReadFile(filepath.Join(dest, "main.js")); err != nil || string(body) != "content\n" {
		t.Errorf("the package holds %q, %v", body, err)
	}
	asked, err := os.ReadFile(filepath.Join(folder, "asked"))
	if n := strings.Count(string(asked), "asked"); err != nil || n != 2 {
		t.Errorf("the registry was asked %d times, want 2: once for each content, %v", n, err)
	}
}

func write(t *testing.T, path string, mode os.FileMode, body string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), mode); err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, arguments...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

package checks_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheExamplePlatformCompiles applies the patch of docs/adding-a-platform.md
// to a copy of the sources, runs the commands that get its library, and
// compiles it with its test; the catalog must still be the drivers.
func TestTheExamplePlatformCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a copy of the sources")
	}
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "adding-a-platform.md"))
	if err != nil {
		t.Fatal(err)
	}
	patch := regexp.MustCompile("(?s)```diff\n(.*?)```").FindSubmatch(page)
	get := regexp.MustCompile(`(?m)^go (get .*)$`).FindSubmatch(page)
	if patch == nil || get == nil {
		t.Fatal("the page has no patch, or no command that gets the library")
	}
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "shared"} {
		run(t, root, nil, "cp", "-r", name, dir)
	}
	run(t, dir, patch[1], "git", "apply", "-")
	run(t, dir, nil, "go", strings.Fields(string(get[1]))...)
	run(t, dir, nil, "go", "vet", "./shared/source/postgres", "./shared/source/all")
	run(t, dir, nil, "go", "test", "-run", "TestTheCatalogIsTheDrivers", "./shared/source/all")
}

func run(t *testing.T, dir string, input []byte, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(input)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

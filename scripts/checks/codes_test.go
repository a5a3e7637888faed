package checks_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryCodeIsReported keeps docs/errors.md to what can happen: a code that no
// code reports would be a promise.
func TestEveryCodeIsReported(t *testing.T) {
	table, err := os.ReadFile(filepath.Join("..", "..", "shared", "fault", "codes.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^\t(\w+) +Code = `).FindAllStringSubmatch(string(table), -1)
	if len(names) == 0 {
		t.Fatal("no codes were found")
	}
	reported := reportedCodes(t, filepath.Join("..", "..", "shared"))
	for _, name := range names {
		if !reported[name[1]] {
			t.Errorf("nothing reports fault.%s", name[1])
		}
	}
}

// reportedCodes are the names that programs below a directory use of package fault.
func reportedCodes(t *testing.T, below string) map[string]bool {
	t.Helper()
	use := regexp.MustCompile(`\bfault\.([A-Z]\w+)`)
	found := map[string]bool{}
	err := filepath.WalkDir(below, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range use.FindAllStringSubmatch(string(text), -1) {
			found[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

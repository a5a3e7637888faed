package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTemplateIsTheGoldenOne(t *testing.T) {
	template, err := synthesized()
	if err != nil {
		t.Fatal(err)
	}
	got := normalised(template)
	path := filepath.Join("testdata", "headwater.template.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("the template changed; if that is meant, run the test with -update (-want +got):\n%s", diff)
	}
}

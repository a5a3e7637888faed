package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/source/sourcetest"
)

// line is an event as `go test -json` writes it.
func line(action, pkg, test, output string) string {
	return fmt.Sprintf("{%q:%q,%q:%q,%q:%q,%q:%q}\n", "Action", action, "Package", "x/"+pkg, "Test", test, "Output", output)
}

func events(except string) string {
	var all strings.Builder
	for _, part := range sourcetest.Parts() {
		all.WriteString(line("pass", "memsource", "TestConformance/"+part+"/deeper", ""))
		all.WriteString(line("pass", "memsource", "TestConformance/"+part, ""))
		switch part {
		case except:
		case "Filter":
			all.WriteString(line("output", "s3", "TestConformanceOnFake/suite/"+part, "    sourcetest.go:9: has no filter\n"))
			all.WriteString(line("skip", "s3", "TestConformanceOnFake/suite/"+part, ""))
		default:
			all.WriteString(line("pass", "s3", "TestConformanceOnFake/suite/"+part, ""))
		}
	}
	return all.String()
}

func TestMatrix(t *testing.T) {
	m, err := Read(strings.NewReader(events("")), []string{"memsource", "s3"})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if holes := m.Write(&out); holes != 0 {
		t.Errorf("%d holes", holes)
	}
	for _, want := range []string{"part ", "memsource  s3 fake\n", "skip [1]\n", "[1] has no filter\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
}

func TestAPartThatDidNotRunIsAHole(t *testing.T) {
	m, err := Read(strings.NewReader(events("Resume")), []string{"memsource", "s3"})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if holes := m.Write(&out); holes != 1 || !strings.Contains(out.String(), hole) {
		t.Errorf("%d holes in:\n%s", holes, out.String())
	}
}

// A column that was never begun is as much of a hole as each of its parts.
func TestADriverThatDidNotRunIsAHole(t *testing.T) {
	m, err := Read(strings.NewReader(events("")), []string{"mem", "memsource", "s3"})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if holes := m.Write(&out); holes != len(sourcetest.Parts()) || !strings.Contains(out.String(), " mem  ") {
		t.Errorf("%d holes in:\n%s", holes, out.String())
	}
}

func TestEveryPlatformHasToRun(t *testing.T) {
	got := drivers()
	for _, want := range []string{"memsource", "bigquery", "gcs", "s3", "snowflake"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s need not run: %q", want, got)
		}
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// findings are everything that a run of the command found.
type findings struct {
	bench   bench
	results []result
	merges  *merges
}

// What is between these lines of benchmarks.md is the command's.
const (
	resultsBegin = "<!-- results -->"
	resultsEnd   = "<!-- end of results -->"
)

// write puts the results into the documents of a directory.
func (f findings) write(dir string) error {
	path := filepath.Join(dir, "benchmarks.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	before, rest, begins := strings.Cut(string(text), resultsBegin)
	_, after, ends := strings.Cut(rest, resultsEnd)
	if !begins || !ends {
		return fmt.Errorf("%s has no place between %s and %s", path, resultsBegin, resultsEnd)
	}
	title := fmt.Sprintf("%d rows, the median of %d rounds", f.bench.rows, f.bench.rounds)
	out := before + resultsBegin + "\n" + title + ".\n\n"
	if len(f.results) > 0 {
		out += "![rows per CPU second](benchmarks.svg)\n\n" + table(f.results) + "\n"
		if err := os.WriteFile(filepath.Join(dir, "benchmarks.svg"), []byte(chart(f.results, title)), 0o644); err != nil {
			return fmt.Errorf("writing the chart: %w", err)
		}
	}
	if f.merges != nil {
		out += f.merges.table()
	}
	if err := os.WriteFile(path, []byte(out+resultsEnd+after), 0o644); err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}

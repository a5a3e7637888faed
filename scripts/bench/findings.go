package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// findings are everything that a run of the command found.
type findings struct {
	bench   bench
	results []result
	merges  *merges
}

// The documents.
const (
	document = "benchmarks.md"
	picture  = "benchmarks.svg"
)

// What is between these lines of benchmarks.md is the command's.
const (
	resultsBegin = "<!-- results -->"
	resultsEnd   = "<!-- end of results -->"
)

// write puts the results into the documents of a directory.
func (f findings) write(dir string) (err error) {
	docs, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the documents: %w", err)
	}
	defer func() { err = errors.Join(err, docs.Close()) }()
	text, err := docs.ReadFile(document)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	before, rest, begins := strings.Cut(string(text), resultsBegin)
	_, after, ends := strings.Cut(rest, resultsEnd)
	if !begins || !ends {
		return fmt.Errorf("%s has no place between %s and %s", document, resultsBegin, resultsEnd)
	}
	title := fmt.Sprintf("%d rows, the median of %d rounds", f.bench.rows, f.bench.rounds)
	var out strings.Builder
	out.WriteString(before + resultsBegin + "\n" + title + ".\n\n")
	if len(f.results) > 0 {
		out.WriteString("![rows per CPU second](" + picture + ")\n\n" + table(f.results) + "\n")
		if err := docs.WriteFile(picture, []byte(chart(f.results, title)), 0o644); err != nil {
			return fmt.Errorf("writing the chart: %w", err)
		}
	}
	if f.merges != nil {
		out.WriteString(f.merges.table())
	}
	out.WriteString(resultsEnd + after)
	if err := docs.WriteFile(document, []byte(out.String()), 0o644); err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}

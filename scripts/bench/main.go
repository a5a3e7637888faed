// Command bench holds Headwater's import against DuckDB and Polars: the same work on the same files, each side a whole
// process on one core, in interleaved rounds. It prints a line for each task. No number is printed before its gates are
// passed: every row has landed or is in quarantine, and the outputs have the same columns and values.
//
// It imports nothing that is measured and stays small: on Linux a process inherits its parent's peak of memory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of the command.
type bench struct {
	dir    string // of binaries, data and output
	rows   int64
	rounds int
	core   int
	stages bool
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var b bench
	flags.StringVar(&b.dir, "dir", ".local/bench", "where programs, data and output are kept")
	flags.Int64Var(&b.rows, "rows", 500_000, "rows of the data; 5000000 in a full run")
	flags.IntVar(&b.rounds, "rounds", 5, "rounds that count, beside one that does not")
	flags.IntVar(&b.core, "core", runtime.NumCPU()-1, "the core that every process is pinned to")
	flags.BoolVar(&b.stages, "stages", true, "also measure how much of our time is reading, mapping and writing")
	only := flags.String("tasks", "", "comma-separated, such as T1,T4 (default all)")
	docs := flags.String("docs", "", "also put the results into benchmarks.md and benchmarks.svg of this directory")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // the flag set has said what is wrong
	}
	if b.rounds < 1 || b.rows < 1 {
		return errors.New("rows and rounds must be at least 1")
	}
	var err error
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return fmt.Errorf("placing the directory: %w", err)
	}
	names := strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })
	chosen, merging, err := choose(tasks(), names)
	if err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	found := findings{bench: b}
	for _, t := range chosen {
		r, err := b.measure(ctx, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		fmt.Fprintln(stdout, r.line())
		found.results = append(found.results, r)
	}
	if merging {
		m, err := b.merge(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", mergeTask, err)
		}
		fmt.Fprintln(stdout, m.line())
		found.merges = &m
	}
	if *docs == "" {
		return nil
	}
	return found.write(*docs)
}

// mergeTask is the name of the task that has no peer, but tables of several sizes.
const mergeTask = "T7"

// choose returns the tasks of these names, all when there are none, and whether T7 is one of them.
func choose(all []task, names []string) (chosen []task, merging bool, err error) {
	if len(names) == 0 {
		return all, true, nil
	}
	for _, name := range names {
		at := slices.IndexFunc(all, func(t task) bool { return t.name == name })
		switch {
		case name == mergeTask:
			merging = true
		case at < 0:
			return nil, false, fmt.Errorf("there is no task %q", name)
		default:
			chosen = append(chosen, all[at])
		}
	}
	return chosen, merging, nil
}

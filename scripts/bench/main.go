// Command bench holds Headwater's import against DuckDB: the same work on the same files, each side a whole process on
// one core, in interleaved rounds. It prints a line for each task. No number is printed before its gates are passed:
// every row has landed or is in quarantine, and the two outputs have the same columns, values and about the same size.
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
	markdown := flags.String("markdown", "", "also write the results as a table to this file")
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
	chosen, err := choose(tasks(), *only)
	if err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	var results []result
	for _, t := range chosen {
		r, err := b.measure(ctx, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		fmt.Fprintln(stdout, r.line())
		results = append(results, r)
	}
	if *markdown == "" {
		return nil
	}
	return os.WriteFile(*markdown, []byte(table(results)), 0o644)
}

func choose(all []task, only string) ([]task, error) {
	if only == "" {
		return all, nil
	}
	var chosen []task
	for name := range strings.SplitSeq(only, ",") {
		at := slices.IndexFunc(all, func(t task) bool { return t.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no task %q", name)
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

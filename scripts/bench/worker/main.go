// Command worker is one process of Headwater in the benchmarks: it reads a table of files, maps it and writes the lake's
// data files, through the packages that the extract function runs, and prints what it counted.
//
// Only the two ends are other than in a function: files are read from a directory instead of an object store, and the
// lake's bucket is a directory, so that no process spends time on a network that its peer does not use.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// work is what a worker is asked to do.
type work struct {
	Input   string         `json:"input"` // a directory of files of one table, or an Arrow IPC stream: a name that ends in .arrows
	Output  string         `json:"output"`
	Mapping ingest.Mapping `json:"mapping"`
	Until   stage          `json:"until"`
}

// stage is how far the rows go. The cost of a stage is the difference between two workers.
type stage string

const (
	untilRead stage = "read"  // decoded into batches
	untilMap  stage = "map"   // and mapped
	untilLand stage = "land"  // and written, the whole work
	bare      stage = "bare"  // decoded and written by the bare Arrow library: no mapping, no lake
	plain     stage = "plain" // as bare, uncompressed
)

// counts is what became of the rows.
type counts struct {
	Landed      int64 `json:"landed"`
	Quarantined int64 `json:"quarantined"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	profile := flags.String("cpuprofile", "", "write a CPU profile to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var w work
	in := json.NewDecoder(stdin)
	in.DisallowUnknownFields()
	if err := in.Decode(&w); err != nil {
		return fmt.Errorf("reading the work: %w", err)
	}
	if *profile != "" {
		stop, err := startProfile(*profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	found, err := w.do(ctx)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(found); err != nil {
		return fmt.Errorf("printing counts: %w", err)
	}
	return nil
}

func startProfile(path string) (stop func() error, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("making the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the profile: %w", err), f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// Command worker is one process of Headwater in the benchmarks: it reads a table of files in a directory, or an Arrow IPC
// stream, lands it, and prints what it counted.
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

	"github.com/headwaterhq/headwater/scripts/bench/landing"
)

// What else a worker does.
const (
	bare   landing.Stage = "bare"     // decoded, and encoded by the lake's encoder alone: no mapping, no lake
	arrows landing.Stage = "arrow-go" // the same by arrow-go's encoder
	count  landing.Stage = "count"    // nothing is read: the rows of the lake's table are counted, and those whose plan is the input
)

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
	var w landing.Work
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
	found, err := do(ctx, w)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(found); err != nil {
		return fmt.Errorf("printing counts: %w", err)
	}
	return nil
}

func do(ctx context.Context, w landing.Work) (any, error) {
	switch w.Until {
	case bare:
		return reencode(ctx, w, openOwn)
	case arrows:
		return reencode(ctx, w, openArrowGo)
	case count:
		return landing.Count(ctx, w.Output, w.Input)
	}
	from, err := open(ctx, w.Input)
	if err != nil {
		return nil, err
	}
	return w.Do(ctx, from)
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

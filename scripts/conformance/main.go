// Command conformance runs the suite that every driver passes and prints its
// matrix: a row for each part of the suite, a column for each driver and peer. It exits
// non-zero when a part failed, or is missing without a reason.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/headwaterhq/headwater/shared/source/catalog"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-run", "^TestConformance", "./shared/source/...")
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("preparing the tests: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the tests: %w", err)
	}
	m, err := Read(events, drivers())
	failed := cmd.Wait()
	if err != nil {
		return err
	}
	holes := m.Write(out)
	if failed != nil {
		return fmt.Errorf("running the tests: %w", failed)
	}
	if holes > 0 {
		return fmt.Errorf("%d parts are neither shown nor explained", holes)
	}
	return nil
}

// drivers are those that have to pass: of every platform, and the one that
// shows what a driver is.
func drivers() []string {
	names := []string{"memsource"}
	for _, spec := range catalog.Specs() {
		names = append(names, spec.Platform)
	}
	return names
}

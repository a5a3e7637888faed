// Command local brings the stack up on this machine and keeps it up until it is interrupted.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/headwaterhq/headwater/scripts/local/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	cfg := stack.Config{Report: func(component, where string) { fmt.Fprintf(out, "  %-16s %s\n", component, where) }}
	flags.StringVar(&cfg.Dir, "dir", ".local", "where everything is kept")
	flags.StringVar(&cfg.BinDir, "bin", ".local/bin", "where the functions are built")
	flags.StringVar(&cfg.ToolDir, "tools", "", "where DynamoDB Local and jsonata are (default <dir>/tools)")
	flags.StringVar(&cfg.Template, "template", "infra/testdata/headwater.template.json", "the synthesized template")
	flags.IntVar(&cfg.Ports.API, "port", 0, "port of the API (default a free one)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := stack.Start(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nready: %s\n", s.URLs.API)
	<-ctx.Done()
	return s.Close()
}

// Command snowflake is a Snowflake service for tests: it speaks the wire
// protocol of the real one to gosnowflake and computes its answers with
// DuckDB. README.md says what it understands.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // session time zones, wherever the tests run

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/duck"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/peer"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "snowflake:", err)
		os.Exit(1)
	}
}

// run serves until SIGTERM, an interrupt or the end of stdin, which a parent
// holds open for as long as it wants the server.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("snowflake", flag.ContinueOnError)
	flags.SetOutput(stderr)
	address := flags.String("addr", "127.0.0.1:0", "address to listen on")
	account := flags.String("account", "", "account name to answer to; any if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	log := slog.New(slog.NewTextHandler(stderr, nil))
	db, err := duck.Open()
	if err != nil {
		return err
	}
	p, err := peer.New(ctx, db, *account, log)
	if err != nil {
		return err
	}
	defer p.Close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	srv := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	if err := json.NewEncoder(stdout).Encode(map[string]string{"url": "http://" + listener.Addr().String()}); err != nil {
		return fmt.Errorf("announcing the address: %w", err)
	}
	select {
	case <-ctx.Done():
	case err := <-failed:
		if !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving: %w", err)
		}
	}
	return srv.Close()
}

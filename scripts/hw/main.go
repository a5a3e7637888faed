// Command hw is Headwater for terminals. It works on a deployment directly, with the ambient AWS credentials, and finds
// its table, bucket and catalog where the functions do: in HEADWATER_TABLE, HEADWATER_BUCKET, HEADWATER_LAKE_CATALOG and
// HEADWATER_LAKE_CATALOG_URI, or in flags of these names.
//
//	hw verify --workspace acme imp_01hxyz    is everything that the import's runs left what it was?
//
// It exits with 0; with 1 when something that was verified does not fit; with 2 when it could not find out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/headwaterhq/headwater/shared/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	fits       = 0
	mismatched = 1
	failed     = 2
)

// errMismatch is a verification that found something; what it found has been printed.
var errMismatch = errors.New("something does not fit")

func run(ctx context.Context, args []string, lookup config.Lookup, stdout, stderr io.Writer) int {
	root := newRoot(lookup)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	code := exitCode(err)
	if code == failed {
		_, _ = fmt.Fprintln(stderr, "hw:", err)
	}
	return code
}

func exitCode(err error) int {
	switch {
	case err == nil:
		return fits
	case errors.Is(err, errMismatch):
		return mismatched
	}
	return failed
}

func newRoot(lookup config.Lookup) *cobra.Command {
	at := &deployment{env: lookup}
	root := &cobra.Command{
		Use: "hw", Short: "Headwater for terminals",
		SilenceUsage: true, SilenceErrors: true, // errors are printed once, by run
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	at.flags(root)
	root.AddCommand(newVerify(at))
	return root
}

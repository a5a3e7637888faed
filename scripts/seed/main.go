// Command seed writes a believable customer data set to a directory or to S3 and prints its manifest as JSON.
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
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("seed", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		opts                        dataset.Options
		to, tables, format, squeeze string
	)
	flags.StringVar(&to, "to", "", "where to write: a directory, or s3://bucket/prefix")
	flags.Int64Var(&opts.Rows, "rows", 100_000, "readable rows of each table")
	flags.Uint64Var(&opts.Seed, "seed", 1, "another seed makes another data set")
	flags.StringVar(&tables, "tables", "", "comma-separated: profiles, purchases, identity_pairs, households (default all)")
	flags.StringVar(&format, "format", string(dataset.CSV), "csv, ndjson or parquet")
	flags.StringVar(&squeeze, "compression", string(dataset.Plain), "plain, gzip or zstd")
	flags.IntVar(&opts.Files, "files", 1, "files of each table, or of each of its partitions")
	flags.IntVar(&opts.Days, "days", 7, "daily partitions of purchases")
	flags.Int64Var(&opts.Customers, "customers", 0, "customers that the other tables refer to (default as many as rows)")
	flags.BoolVar(&opts.Clean, "clean", false, "nothing bad, untidy or twice; nulls stay")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // the flag set has said what is wrong
	}
	if to == "" || flags.NArg() > 0 {
		flags.Usage()
		return flag.ErrHelp
	}
	opts.Format, opts.Compression = dataset.Format(format), dataset.Compression(squeeze)
	if tables != "" {
		opts.Tables = strings.Split(tables, ",")
	}
	sink, err := open(ctx, to)
	if err != nil {
		return err
	}
	manifest, err := dataset.Write(ctx, sink, opts)
	if err != nil {
		return err
	}
	out := json.NewEncoder(stdout)
	out.SetIndent("", "  ")
	if err := out.Encode(manifest); err != nil {
		return fmt.Errorf("printing manifest: %w", err)
	}
	return nil
}

// open finds credentials, region and endpoint of S3 as the AWS SDK does.
func open(ctx context.Context, to string) (dataset.Sink, error) {
	rest, ok := strings.CutPrefix(to, "s3://")
	if !ok {
		return dataset.Dir(to), nil
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if bucket == "" {
		return nil, errors.New("an s3:// address needs a bucket")
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading AWS configuration: %w", err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		// An endpoint of one's own rarely has a host name for each bucket.
		o.UsePathStyle = o.BaseEndpoint != nil
	})
	return dataset.Bucket{Client: client, Name: bucket, Prefix: prefix}, nil
}

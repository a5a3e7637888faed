// Package dataset makes a believable customer data set of any size: profiles, purchases, identity pairs and
// households, with the mess that real exports have, in counted proportions.
//
// Every row is a pure function of the seed and its number, computed in integers only, so the same options give the same
// bytes on every machine, files can be written in parallel, and memory does not grow with the number of rows.
// The tables refer to one another: a purchase's customer, an identity pair's e-mail and a household's member are those of profiles.
package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Format is how rows are written down.
type Format string

// The formats.
const (
	CSV     Format = "csv"
	NDJSON  Format = "ndjson"
	Parquet Format = "parquet"
)

// Compression is applied to a whole CSV or NDJSON file, and to the pages inside a Parquet file.
type Compression string

// The compressions.
const (
	Plain Compression = "plain"
	Gzip  Compression = "gzip"
	Zstd  Compression = "zstd"
)

// The tables.
const (
	Profiles      = "profiles"
	Purchases     = "purchases"
	IdentityPairs = "identity_pairs"
	Households    = "households"
)

// Options says what to write. Zero values take the default named with each field; Rows has none.
type Options struct {
	Seed uint64
	// Rows is the number of readable rows of each table. Broken lines come on top of it, so that the rows which can
	// be read are the same in every format.
	Rows int64
	// Customers is how many customers the tables other than profiles talk about; Rows by default. A set whose
	// profiles were written with R rows knows the customers 0..R-1.
	Customers int64
	// Tables to write; all by default.
	Tables      []string
	Format      Format      // CSV
	Compression Compression // Plain
	// Files is the number of files per directory: of a table, or of each of its partitions; 1.
	Files int
	// Days is the number of daily partitions of purchases, from 2026-01-01; 7.
	Days int
	// Clean leaves out every mess, broken lines included; nulls stay.
	Clean bool
	// Parallel is how many files are written at once; GOMAXPROCS.
	Parallel int
}

// Sink receives the files. Create is called from several goroutines and name is a slash-separated relative path.
// A file exists once Close has returned nil. Close after ctx has ended abandons the file and returns an error.
type Sink interface {
	Create(ctx context.Context, name string) (io.WriteCloser, error)
}

// firstDay is where the purchases begin and what the profiles look back from.
func firstDay() time.Time { return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC) }

// Write writes the tables to sink and returns what it wrote, in an order that depends on the options alone. After an
// error the sink may hold some complete files and no incomplete one.
func Write(ctx context.Context, sink Sink, opts Options) (Manifest, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return Manifest{}, err
	}
	jobs := plan(opts)
	written := make([]File, len(jobs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(opts.Parallel)
	for n, j := range jobs {
		group.Go(func() error {
			f, err := j.write(ctx, sink)
			if err != nil {
				return fmt.Errorf("writing %s: %w", j.name, err)
			}
			written[n] = f
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Manifest{}, err
	}
	return newManifest(opts, jobs, written), nil
}

func (o Options) withDefaults() Options {
	if o.Customers == 0 {
		o.Customers = max(o.Rows, 1)
	}
	if len(o.Tables) == 0 {
		o.Tables = []string{Profiles, Purchases, IdentityPairs, Households}
	}
	if o.Format == "" {
		o.Format = CSV
	}
	if o.Compression == "" {
		o.Compression = Plain
	}
	if o.Files == 0 {
		o.Files = 1
	}
	if o.Days == 0 {
		o.Days = 7
	}
	if o.Parallel == 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	return o
}

func (o Options) validate() error {
	var errs []error
	if o.Rows < 0 || o.Rows > maxCustomers {
		errs = append(errs, fmt.Errorf("rows must be between 0 and %d", int64(maxCustomers)))
	}
	if o.Customers < 0 || o.Customers > maxCustomers {
		errs = append(errs, fmt.Errorf("customers must be between 1 and %d", int64(maxCustomers)))
	}
	if o.Files < 0 || o.Days < 0 || o.Parallel < 0 {
		errs = append(errs, errors.New("files, days and parallel must be at least 1"))
	}
	if !slices.Contains([]Format{CSV, NDJSON, Parquet}, o.Format) {
		errs = append(errs, errors.New("format must be csv, ndjson or parquet"))
	}
	if !slices.Contains([]Compression{Plain, Gzip, Zstd}, o.Compression) {
		errs = append(errs, errors.New("compression must be plain, gzip or zstd"))
	}
	known := tables()
	for n, name := range o.Tables {
		if !slices.ContainsFunc(known, func(t table) bool { return t.name == name }) {
			errs = append(errs, fmt.Errorf("tables must be some of %s", strings.Join(tableNames(known), ", ")))
		}
		if slices.Contains(o.Tables[:n], name) {
			errs = append(errs, errors.New("tables must not repeat"))
		}
	}
	return errors.Join(errs...)
}

func tableNames(ts []table) []string {
	names := make([]string, len(ts))
	for n, t := range ts {
		names[n] = t.name
	}
	return names
}

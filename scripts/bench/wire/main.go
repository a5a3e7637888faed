// Command wire is one process of Headwater in the benchmarks that reads from a warehouse over its own protocol, and lands
// what it reads: through the driver or, as the peer, through the bare client library that the driver is built on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/headwaterhq/headwater/scripts/bench/landing"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
	"github.com/headwaterhq/headwater/shared/source/snowflake"
)

// request is the work, and where the rows are.
type request struct {
	landing.Work
	Platform  string            `json:"platform"` // bigquery or snowflake
	Bare      bool              `json:"bare"`     // through the client library alone
	Endpoints map[string]string `json:"endpoints"`
	Settings  map[string]any    `json:"settings"`
	Method    string            `json:"method"`
	Secrets   map[string]string `json:"secrets"`
	Table     string            `json:"table"`
	Token     string            `json:"token"` // of the bare BigQuery client
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wire:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdin io.Reader, stdout io.Writer) (err error) {
	var r request
	in := json.NewDecoder(stdin)
	in.DisallowUnknownFields()
	if err := in.Decode(&r); err != nil {
		return fmt.Errorf("reading the work: %w", err)
	}
	from, closing, err := r.open(ctx)
	if err != nil {
		return err
	}
	found, err := r.Do(ctx, from)
	if err := errors.Join(err, closing()); err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(found); err != nil {
		return fmt.Errorf("printing counts: %w", err)
	}
	return nil
}

func (r request) open(ctx context.Context) (landing.Input, func() error, error) {
	switch {
	case r.Bare && r.Platform == "bigquery":
		return r.bareBigQuery(ctx)
	case r.Bare:
		return r.bareSnowflake(ctx)
	}
	return r.driver(ctx)
}

// driver plans and reads as an import does.
func (r request) driver(ctx context.Context) (in landing.Input, closing func() error, err error) {
	endpoints := func(service string) string { return r.Endpoints[service] }
	var d source.Driver = bigquery.New(endpoints)
	if r.Platform == "snowflake" {
		d = snowflake.New(endpoints)
	}
	credential := source.Credential{Method: r.Method, Fields: map[string]source.Secret{}}
	for name, value := range r.Secrets {
		credential.Fields[name] = source.Secret(value)
	}
	src, err := source.Open(ctx, d, source.Config{Settings: r.Settings, Credential: credential, Connection: "con_bench", Workspace: "bench"})
	if err != nil {
		return in, nil, err
	}
	plan, err := src.Plan(ctx, source.PlanRequest{Table: schema.Table{Name: r.Table}, Columns: r.Mapping.Sources(), TargetBytes: 1 << 40})
	if err != nil {
		return in, nil, errors.Join(err, src.Close())
	}
	in.Table = plan.Table
	for _, split := range plan.Splits {
		in.Splits = append(in.Splits, func(ctx context.Context, columns []string) (source.Reader, error) {
			return src.Read(ctx, source.ReadRequest{Table: plan.Table, Columns: columns, Split: split})
		})
	}
	return in, src.Close, nil
}

// Command bigquery is the wire server of a benchmark: a BigQuery that serves the rows of a Parquet file, encoded once, as
// the Storage Read API does. It prints how to reach it as one line of JSON, and ends with its standard input.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const (
	project   = "bench"
	account   = "reader@bench.iam.gserviceaccount.com"
	batchRows = 8192 // about what BigQuery puts into a response
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bigquery:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("bigquery", flag.ContinueOnError)
	from := flags.String("from", "", "the Parquet file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	peer, err := googlepeer.Start(ctx, googlepeer.Config{Project: project, Location: "EU", Streams: 1})
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	defer peer.Close()
	peer.DeclareDataset("crm", "EU")
	key := peer.ServiceAccount(account)
	peer.GrantAll(account, "projects/"+project, append(catalog.BigQueryRunPermissions(), catalog.BigQueryReadPermissions()...)...)
	if err := serve(ctx, peer, *from); err != nil {
		return err
	}
	endpoints := map[string]string{}
	for _, service := range []string{
		source.EndpointBigQuery, source.EndpointBigQueryStorage, source.EndpointGoogleOAuth, source.EndpointGoogleSTS,
		source.EndpointGoogleIAMCredentials, source.EndpointGoogleResourceManager,
	} {
		endpoints[service] = peer.Endpoints()(service)
	}
	if err := json.NewEncoder(stdout).Encode(map[string]any{
		"endpoints": endpoints, "token": peer.Token(account), "key_json": string(key), "project": project, "table": "crm.profiles",
	}); err != nil {
		return fmt.Errorf("saying where it is: %w", err)
	}
	_, err = io.Copy(io.Discard, stdin)
	return err
}

// serve makes a table of the file's rows.
func serve(ctx context.Context, peer *googlepeer.Peer, path string) error {
	from, err := file.OpenParquetFile(path, false)
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer func() { _ = from.Close() }() // only read from
	arrows, err := pqarrow.NewFileReader(from, pqarrow.ArrowReadProperties{BatchSize: batchRows}, memory.DefaultAllocator)
	if err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	records, err := arrows.GetRecordReader(ctx, nil, nil)
	if err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	defer records.Release()
	fields, err := fieldsOf(records.Schema())
	if err != nil {
		return err
	}
	wire := googlepeer.ArrowSchema(fields)
	var batches []arrow.RecordBatch
	for records.Next() {
		batch := records.RecordBatch()
		batches = append(batches, array.NewRecordBatch(wire, batch.Columns(), batch.NumRows()))
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading a batch: %w", err)
	}
	if err := peer.ServeArrow(googlepeer.Table{Name: "crm.profiles", Schema: fields}, batches); err != nil {
		return fmt.Errorf("serving the rows: %w", err)
	}
	return nil
}

// fieldsOf are the columns as BigQuery has them.
func fieldsOf(columns *arrow.Schema) ([]*bq.TableFieldSchema, error) {
	types := map[arrow.Type]string{
		arrow.STRING: "STRING", arrow.INT64: "INTEGER", arrow.FLOAT64: "FLOAT", arrow.BOOL: "BOOLEAN", arrow.TIMESTAMP: "TIMESTAMP", arrow.DATE32: "DATE",
	}
	fields := make([]*bq.TableFieldSchema, columns.NumFields())
	for i, f := range columns.Fields() {
		name, known := types[f.Type.ID()]
		if !known {
			return nil, fmt.Errorf("column %s has type %s", f.Name, f.Type)
		}
		fields[i] = &bq.TableFieldSchema{Name: f.Name, Type: name, Mode: "NULLABLE"}
	}
	return fields, nil
}

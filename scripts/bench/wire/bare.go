package main

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strconv"
	"strings"

	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	sf "github.com/snowflakedb/gosnowflake/v2"
	"github.com/snowflakedb/gosnowflake/v2/arrowbatches"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/headwaterhq/headwater/scripts/bench/landing"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// batches is a source.Reader of what a client library hands out.
type batches struct {
	columns *arrow.Schema
	next    func() (arrow.RecordBatch, error) // io.EOF at the end
	close   func() error
}

var _ source.Reader = (*batches)(nil)

func (b *batches) Schema() *arrow.Schema { return b.columns }

func (b *batches) Next(context.Context) (source.Batch, error) {
	record, err := b.next()
	return source.Batch{Record: record}, err
}

func (b *batches) Close() error { return b.close() }

// input is a table that is read by one such reader.
func input(columns *arrow.Schema, open func(ctx context.Context) (*batches, error)) (landing.Input, error) {
	types := map[arrow.Type]schema.Type{
		arrow.STRING: schema.String, arrow.INT64: schema.Int64, arrow.FLOAT64: schema.Float64, arrow.BOOL: schema.Bool,
		arrow.TIMESTAMP: schema.Timestamp, arrow.DATE32: schema.Date,
	}
	in := landing.Input{Table: schema.Table{Name: "profiles"}}
	for _, f := range columns.Fields() {
		t, known := types[f.Type.ID()]
		if !known {
			return in, fmt.Errorf("column %s has type %s", f.Name, f.Type)
		}
		in.Table.Columns = append(in.Table.Columns, schema.Column{Name: f.Name, Type: t, Nullable: true})
	}
	in.Splits = append(in.Splits, func(ctx context.Context, _ []string) (source.Reader, error) { return open(ctx) })
	return in, nil
}

// bareBigQuery reads as Google's own client does: a reader for each message.
func (r request) bareBigQuery(ctx context.Context) (in landing.Input, closing func() error, err error) {
	conn, err := grpc.NewClient(strings.TrimPrefix(r.Endpoints[source.EndpointBigQueryStorage], "http://"),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(token(r.Token)),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))
	if err != nil {
		return in, nil, fmt.Errorf("connecting: %w", err)
	}
	client, err := storage.NewBigQueryReadClient(ctx, option.WithGRPCConn(conn))
	if err != nil {
		return in, nil, errors.Join(fmt.Errorf("connecting: %w", err), conn.Close())
	}
	project, _ := r.Settings["project"].(string)
	dataset, table, _ := strings.Cut(r.Table, ".")
	session, err := client.CreateReadSession(ctx, &storagepb.CreateReadSessionRequest{
		Parent: "projects/" + project, MaxStreamCount: 1,
		ReadSession: &storagepb.ReadSession{
			Table: "projects/" + project + "/datasets/" + dataset + "/tables/" + table, DataFormat: storagepb.DataFormat_ARROW,
			ReadOptions: &storagepb.ReadSession_TableReadOptions{OutputFormatSerializationOptions: &storagepb.ReadSession_TableReadOptions_ArrowSerializationOptions{
				ArrowSerializationOptions: &storagepb.ArrowSerializationOptions{BufferCompression: storagepb.ArrowSerializationOptions_ZSTD},
			}},
		},
	})
	if err != nil {
		return in, nil, errors.Join(fmt.Errorf("opening a session: %w", err), client.Close())
	}
	header := session.GetArrowSchema().GetSerializedSchema()
	columns, err := ipc.NewReader(bytes.NewReader(header))
	if err != nil {
		return in, nil, errors.Join(fmt.Errorf("reading the schema: %w", err), client.Close())
	}
	defer columns.Release()
	in, err = input(columns.Schema(), func(ctx context.Context) (*batches, error) {
		stream, err := client.ReadRows(ctx, &storagepb.ReadRowsRequest{ReadStream: session.GetStreams()[0].GetName()})
		if err != nil {
			return nil, fmt.Errorf("opening the stream: %w", err)
		}
		next := func() (arrow.RecordBatch, error) {
			m, err := stream.Recv()
			if err != nil {
				return nil, err
			}
			reader, err := ipc.NewReader(io.MultiReader(bytes.NewReader(header), bytes.NewReader(m.GetArrowRecordBatch().GetSerializedRecordBatch())))
			if err != nil {
				return nil, err
			}
			defer reader.Release()
			record, err := reader.Read()
			if err != nil {
				return nil, err
			}
			record.Retain()
			return record, nil
		}
		return &batches{columns: columns.Schema(), next: next, close: func() error { return nil }}, nil
	})
	return in, client.Close, err
}

// token is a bearer token of gRPC calls without TLS.
type token string

func (t token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(t)}, nil
}

func (token) RequireTransportSecurity() bool { return false }

// bareSnowflake fetches every batch of a query's result, one after the other.
func (r request) bareSnowflake(ctx context.Context) (in landing.Input, closing func() error, err error) {
	at, err := url.Parse(r.Endpoints[source.EndpointSnowflake])
	if err != nil {
		return in, nil, fmt.Errorf("reading the address: %w", err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		return in, nil, fmt.Errorf("reading the address: %w", err)
	}
	setting := func(name string) string { text, _ := r.Settings[name].(string); return text }
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, sf.Config{
		Account: setting("account"), User: setting("user"), Password: r.Secrets["password"], Role: setting("role"), Warehouse: setting("warehouse"),
		Host: at.Hostname(), Port: port, Protocol: "http",
	}))
	conn, err := db.Conn(ctx)
	if err != nil {
		return in, nil, errors.Join(fmt.Errorf("connecting: %w", err), db.Close())
	}
	var left []*arrowbatches.ArrowBatch
	err = conn.Raw(func(c any) error {
		asked := arrowbatches.WithTimestampOption(arrowbatches.WithArrowBatches(ctx), arrowbatches.UseMicrosecondTimestamp)
		result, err := c.(driver.QueryerContext).QueryContext(asked, "SELECT "+strings.Join(r.Mapping.Sources(), ", ")+" FROM "+r.Table, nil)
		if err != nil {
			return fmt.Errorf("asking: %w", err)
		}
		left, err = arrowbatches.GetArrowBatches(result.(sf.SnowflakeRows))
		return err
	})
	closing = func() error { return errors.Join(conn.Close(), db.Close()) }
	if err != nil {
		return in, nil, errors.Join(err, closing())
	}
	next := widened(ctx, fetched(left))
	first, err := next()
	if err != nil {
		return in, nil, errors.Join(err, closing())
	}
	rest := func() (record arrow.RecordBatch, err error) {
		if record, first = first, nil; record == nil {
			record, err = next()
		}
		return record, err
	}
	columns := first.Schema()
	in, err = input(columns, func(context.Context) (*batches, error) {
		return &batches{columns: columns, next: rest, close: func() error { return nil }}, nil
	})
	return in, closing, err
}

// fetched yields the records of the batches, one after the other.
func fetched(left []*arrowbatches.ArrowBatch) func() (arrow.RecordBatch, error) {
	var records []arrow.RecordBatch
	return func() (arrow.RecordBatch, error) {
		for len(records) == 0 {
			if len(left) == 0 {
				return nil, io.EOF
			}
			all, err := left[0].Fetch()
			if err != nil {
				return nil, fmt.Errorf("fetching a batch: %w", err)
			}
			records, left = *all, left[1:]
		}
		record := records[0]
		records = records[1:]
		return record, nil
	}
}

// widened makes of what the library hands out what can be written: of whole numbers, which come as wide as a chunk needs
// them, 64 bits, and of times the lake's type.
func widened(ctx context.Context, next func() (arrow.RecordBatch, error)) func() (arrow.RecordBatch, error) {
	return func() (arrow.RecordBatch, error) {
		record, err := next()
		if err != nil {
			return nil, err
		}
		defer record.Release()
		fields, columns := make([]arrow.Field, record.NumCols()), make([]arrow.Array, record.NumCols())
		for i, column := range record.Columns() {
			fields[i] = arrow.Field{Name: record.ColumnName(i), Type: column.DataType(), Nullable: true}
			switch {
			case arrow.IsInteger(column.DataType().ID()):
				fields[i].Type = arrow.PrimitiveTypes.Int64
			case column.DataType().ID() == arrow.TIMESTAMP:
				fields[i].Type = arrow.FixedWidthTypes.Timestamp_us
			}
			if columns[i], err = compute.CastArray(ctx, column, compute.SafeCastOptions(fields[i].Type)); err != nil {
				return nil, fmt.Errorf("widening a column: %w", err)
			}
			defer columns[i].Release()
		}
		return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, record.NumRows()), nil
	}
}

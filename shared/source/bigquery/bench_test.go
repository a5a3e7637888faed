package bigquery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	bq "google.golang.org/api/bigquery/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const (
	benchBatches = 60
	benchRows    = 10_000 // of a batch: about what BigQuery sends at once
)

// BenchmarkRead reads ready Arrow from the wire, by the driver and by the bare
// client that it is built on, in turn; ratio is the driver's best time by the
// client's, as a busy machine disturbs those least. Of nested columns the driver
// makes JSON text, which the client does not: there json-ratio is to a client
// that makes it too, as the Arrow library and encoding/json do.
func BenchmarkRead(b *testing.B) {
	peer := googlepeer.Run(b, googlepeer.Config{Project: project})
	peer.DeclareDataset("crm", "EU")
	for _, bm := range []struct {
		name   string
		fields []*bq.TableFieldSchema
	}{
		{"plain", []*bq.TableFieldSchema{field("id", "INTEGER"), field("name", "STRING"), field("score", "FLOAT"), field("at", "TIMESTAMP"), field("amount", "NUMERIC")}},
		{"converted", []*bq.TableFieldSchema{field("id", "INTEGER"), field("name", "STRING"), field("when", "DATETIME")}},
		{"nested", []*bq.TableFieldSchema{field("id", "INTEGER"), list("tags", "STRING"), record("place", field("city", "STRING"), field("zip", "INTEGER"))}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			batches, size := benchData(b, bm.fields)
			must(b, peer.ServeArrow(googlepeer.Table{Name: "crm.bench", Schema: bm.fields}, batches))
			s := open(b, peer, member(b, peer, reader))
			p := plan(b, s, source.PlanRequest{}, "crm.bench")
			bare := newBare(b, peer)
			bare.read(b, ignore)
			b.SetBytes(size)
			best := map[string]time.Duration{}
			turn := func(name string, read func() int64) {
				began := time.Now()
				if rows := read(); rows != benchBatches*benchRows {
					b.Fatalf("%s read %d rows", name, rows)
				}
				if took := time.Since(began); best[name] == 0 || took < best[name] {
					best[name] = took
				}
			}
			for b.Loop() {
				turn("driver", func() int64 { return drain(b, s, p) })
				turn("client", func() int64 { return bare.read(b, ignore) })
				if bm.name == "nested" {
					turn("json client", func() int64 { return bare.read(b, render) })
				}
			}
			ours, theirs := best["driver"], best["client"]
			if took := best["json client"]; took > 0 {
				b.ReportMetric(ours.Seconds()/took.Seconds(), "json-ratio")
			}
			b.ReportMetric(ours.Seconds()/theirs.Seconds(), "ratio")
			b.ReportMetric(benchBatches*benchRows/ours.Seconds(), "rows/s")
			b.ReportMetric(float64(size)/ours.Seconds()/1e6, "driver-MB/s")
			b.ReportMetric(float64(size)/theirs.Seconds()/1e6, "client-MB/s")
		})
	}
}

// benchData makes batches and says how big they are uncompressed.
func benchData(b *testing.B, fields []*bq.TableFieldSchema) (batches []arrow.RecordBatch, size int64) {
	b.Helper()
	for n := range benchBatches {
		var rows strings.Builder
		for i := range benchRows {
			id := n*benchRows + i
			fmt.Fprintf(&rows, `%s{"id":%d,"name":"user%d@example.com","score":%d.5,"at":"2024-05-01T10:00:%02dZ","when":"2024-05-01 10:00:%02d","amount":"%d.25","tags":["a","tag %d"],"place":{"city":"City %d","zip":%d}}`,
				map[bool]string{true: "[", false: ","}[i == 0], id, id, i, i%60, i%60, i, i%100, i%500, 10000+i)
		}
		rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, googlepeer.ArrowSchema(fields), strings.NewReader(rows.String()+"]"))
		must(b, err)
		batches = append(batches, rec)
		for _, column := range rec.Columns() {
			size += int64(column.Data().SizeInBytes())
		}
	}
	return batches, size
}

func drain(b *testing.B, s *source.Source, p source.Plan) (rows int64) {
	b.Helper()
	for _, split := range p.Splits {
		r, err := s.Read(b.Context(), source.ReadRequest{Table: p.Table, Split: split})
		must(b, err)
		for {
			batch, err := r.Next(b.Context())
			if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
				break
			}
			must(b, err)
			rows += batch.Record.NumRows()
			batch.Release()
		}
		must(b, r.Close())
	}
	return rows
}

// bareClient reads as Google's own client does: a reader for each message.
type bareClient struct {
	client  *storage.BigQueryReadClient
	session *storagepb.ReadSession
}

func newBare(b *testing.B, peer *googlepeer.Peer) *bareClient {
	b.Helper()
	conn, err := grpc.NewClient(strings.TrimPrefix(peer.Endpoints()(source.EndpointBigQueryStorage), "http://"),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(token(peer.Token(reader))),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))
	must(b, err)
	client, err := storage.NewBigQueryReadClient(b.Context(), option.WithGRPCConn(conn))
	must(b, err)
	b.Cleanup(func() { must(b, client.Close()) })
	session, err := client.CreateReadSession(b.Context(), &storagepb.CreateReadSessionRequest{
		Parent: "projects/" + project, MaxStreamCount: 1,
		ReadSession: &storagepb.ReadSession{
			Table: "projects/" + project + "/datasets/crm/tables/bench", DataFormat: storagepb.DataFormat_ARROW,
			ReadOptions: &storagepb.ReadSession_TableReadOptions{OutputFormatSerializationOptions: &storagepb.ReadSession_TableReadOptions_ArrowSerializationOptions{
				ArrowSerializationOptions: &storagepb.ArrowSerializationOptions{BufferCompression: storagepb.ArrowSerializationOptions_ZSTD},
			}},
		},
	})
	must(b, err)
	return &bareClient{client, session}
}

// read hands each batch on, as the driver does, and counts its rows.
func (c *bareClient) read(b *testing.B, handOn func(*testing.B, arrow.RecordBatch)) (rows int64) {
	b.Helper()
	stream, err := c.client.ReadRows(b.Context(), &storagepb.ReadRowsRequest{ReadStream: c.session.GetStreams()[0].GetName()})
	must(b, err)
	for {
		m, err := stream.Recv()
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a stream
			return rows
		}
		must(b, err)
		r, err := ipc.NewReader(io.MultiReader(bytes.NewReader(c.session.GetArrowSchema().GetSerializedSchema()), bytes.NewReader(m.GetArrowRecordBatch().GetSerializedRecordBatch())))
		must(b, err)
		for r.Next() {
			rows += r.RecordBatch().NumRows()
			handOn(b, r.RecordBatch())
		}
		r.Release()
	}
}

func ignore(*testing.B, arrow.RecordBatch) {}

// render makes columns of JSON text of the nested ones.
func render(b *testing.B, rec arrow.RecordBatch) {
	for _, column := range rec.Columns() {
		if !arrow.IsNested(column.DataType().ID()) {
			continue
		}
		texts := array.NewStringBuilder(memory.DefaultAllocator)
		for i := range column.Len() {
			text, err := json.Marshal(column.GetOneForMarshal(i))
			must(b, err)
			texts.BinaryBuilder.Append(text)
		}
		texts.NewArray().Release()
		texts.Release()
	}
}

// token is a bearer token of gRPC calls without TLS.
type token string

func (t token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(t)}, nil
}

func (token) RequireTransportSecurity() bool { return false }

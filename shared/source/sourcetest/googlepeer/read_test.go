package googlepeer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
	bq "google.golang.org/api/bigquery/v2"
	"google.golang.org/api/option"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const users = "projects/data-house/datasets/crm/tables/users"

// plaintext sends a token without TLS, which gRPC's own credentials refuse to.
type plaintext struct{ tokens oauth2.TokenSource }

func (p plaintext) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := p.tokens.Token()
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token.AccessToken}, nil
}

func (plaintext) RequireTransportSecurity() bool { return false }

func readClient(t testing.TB, peer *googlepeer.Peer, tokens oauth2.TokenSource) *storage.BigQueryReadClient {
	t.Helper()
	addr := peer.Endpoints()(source.EndpointBigQueryStorage)[len("http://"):]
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(plaintext{tokens}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := storage.NewBigQueryReadClient(t.Context(), option.WithGRPCConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	client.CallOptions.CreateReadSession, client.CallOptions.ReadRows = nil, nil // no retries
	return client
}

func sessionOf(table string, edit ...func(*storagepb.CreateReadSessionRequest)) *storagepb.CreateReadSessionRequest {
	r := &storagepb.CreateReadSessionRequest{Parent: "projects/acme", ReadSession: &storagepb.ReadSession{
		Table: table, DataFormat: storagepb.DataFormat_ARROW, ReadOptions: &storagepb.ReadSession_TableReadOptions{},
	}}
	for _, e := range edit {
		e(r)
	}
	return r
}

// stream reads a stream from an offset on, decoded. The error is how it ended.
func stream(ctx context.Context, client *storage.BigQueryReadClient, session *storagepb.ReadSession, name string, offset int64) ([]arrow.RecordBatch, error) {
	rows, err := client.ReadRows(ctx, &storagepb.ReadRowsRequest{ReadStream: name, Offset: offset})
	if err != nil {
		return nil, err
	}
	var batches []arrow.RecordBatch
	for {
		m, err := rows.Recv()
		if errors.Is(err, io.EOF) {
			return batches, nil
		}
		if err != nil {
			return batches, err
		}
		r, err := ipc.NewReader(io.MultiReader(bytes.NewReader(session.GetArrowSchema().GetSerializedSchema()), bytes.NewReader(m.GetArrowRecordBatch().GetSerializedRecordBatch())))
		if err != nil {
			return batches, err
		}
		for r.Next() {
			b := r.RecordBatch()
			b.Retain()
			batches = append(batches, b)
		}
		if err := r.Err(); err != nil {
			return batches, err
		}
	}
}

// ids reads the first column of every stream of a session.
func ids(t *testing.T, client *storage.BigQueryReadClient, session *storagepb.ReadSession) []int64 {
	t.Helper()
	var got []int64
	for _, s := range session.GetStreams() {
		batches, err := stream(t.Context(), client, session, s.GetName(), 0)
		must(t, err)
		for _, b := range batches {
			got = append(got, b.Column(0).(*array.Int64).Int64Values()...)
		}
	}
	return got
}

func TestReadSessions(t *testing.T) {
	peer := warehouse(t)
	client := readClient(t, peer, fixed(peer.Token(reader)))
	create := func(edit ...func(*storagepb.CreateReadSessionRequest)) (*storagepb.ReadSession, error) {
		return client.CreateReadSession(t.Context(), sessionOf(users, edit...))
	}
	_, err := create()
	wantCode(t, err, codes.PermissionDenied, "request failed: the user does not have 'bigquery.readsessions.create' permission for 'projects/acme'")
	peer.Grant(reader, "bigquery.readsessions.create", "projects/acme")
	_, err = create()
	wantCode(t, err, codes.PermissionDenied, "request failed: the user does not have 'bigquery.tables.getData' permission for '"+users+"'")
	peer.Grant(reader, "bigquery.tables.getData", "projects/data-house")
	session, err := create()
	must(t, err)
	name := session.GetStreams()[0].GetName()
	_, err = stream(t.Context(), client, session, name, 0)
	wantCode(t, err, codes.PermissionDenied, "there was an error operating on '"+name+"': the user does not have 'bigquery.readsessions.getData' permission for '"+name+"'")
	peer.Grant(reader, "bigquery.readsessions.getData", "projects/acme")

	t.Run("streams", func(t *testing.T) {
		if len(session.GetStreams()) != 4 || session.GetEstimatedRowCount() != 10 {
			t.Errorf("got %v", session)
		}
		if diff := cmp.Diff([]int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, ids(t, client, session)); diff != "" {
			t.Error(diff)
		}
		single, err := create(func(r *storagepb.CreateReadSessionRequest) { r.MaxStreamCount = 1 })
		if err != nil || len(single.GetStreams()) != 1 {
			t.Errorf("got %v, %v", single, err)
		}
	})
	t.Run("projection in the table's order, and restriction", func(t *testing.T) {
		session, err := create(func(r *storagepb.CreateReadSessionRequest) {
			r.ReadSession.ReadOptions.SelectedFields = []string{"name", "id"}
			r.ReadSession.ReadOptions.RowRestriction = "id > 3 AND name != 'n5'"
		})
		must(t, err)
		if diff := cmp.Diff([]int64{4, 6, 7, 8, 9, 10}, ids(t, client, session)); diff != "" {
			t.Error(diff)
		}
		batches, err := stream(t.Context(), client, session, session.GetStreams()[0].GetName(), 0)
		if err != nil || batches[0].NumCols() != 2 || batches[0].ColumnName(1) != "name" {
			t.Errorf("got %v, %v", batches, err)
		}
	})
	t.Run("offsets", func(t *testing.T) {
		single, err := create(func(r *storagepb.CreateReadSessionRequest) { r.MaxStreamCount = 1 })
		must(t, err)
		for offset := range int64(11) {
			batches, err := stream(t.Context(), client, single, single.GetStreams()[0].GetName(), offset)
			must(t, err)
			left := int64(0)
			for _, b := range batches {
				if left == 0 && b.Column(0).(*array.Int64).Value(0) != offset+1 {
					t.Errorf("offset %d begins at %v", offset, b.Column(0))
				}
				left += b.NumRows()
			}
			if left != 10-offset {
				t.Errorf("offset %d: %d rows", offset, left)
			}
		}
	})
	t.Run("compression", func(t *testing.T) {
		for _, codec := range []storagepb.ArrowSerializationOptions_CompressionCodec{storagepb.ArrowSerializationOptions_LZ4_FRAME, storagepb.ArrowSerializationOptions_ZSTD} {
			session, err := create(func(r *storagepb.CreateReadSessionRequest) {
				r.ReadSession.ReadOptions.OutputFormatSerializationOptions = &storagepb.ReadSession_TableReadOptions_ArrowSerializationOptions{
					ArrowSerializationOptions: &storagepb.ArrowSerializationOptions{BufferCompression: codec},
				}
			})
			must(t, err)
			if got := ids(t, client, session); len(got) != 10 {
				t.Errorf("%v: %v", codec, got)
			}
		}
	})
	t.Run("snapshot", func(t *testing.T) {
		must(t, peer.KeepHistory("data-house.crm.users"))
		before := time.Now()
		must(t, peer.Exec(t.Context(), "DELETE FROM `data-house.crm.users` WHERE id > 5"))
		now, err := create()
		must(t, err)
		then, err := create(func(r *storagepb.CreateReadSessionRequest) {
			r.ReadSession.TableModifiers = &storagepb.ReadSession_TableModifiers{SnapshotTime: timestamppb.New(before)}
		})
		must(t, err)
		if a, b := ids(t, client, now), ids(t, client, then); len(a) != 5 || len(b) != 10 {
			t.Errorf("%v now, %v then", a, b)
		}
	})
	t.Run("query results", func(t *testing.T) {
		peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
		job, err := bigqueryClient(t, peer, fixed(peer.Token(reader))).Query("SELECT id * 2 AS twice FROM `data-house.crm.evens` ORDER BY id").Run(t.Context())
		must(t, err)
		_, err = job.Wait(t.Context())
		must(t, err)
		dst := destination(t, job)
		session, err := client.CreateReadSession(t.Context(), sessionOf(dst))
		must(t, err)
		if diff := cmp.Diff([]int64{4, 8}, ids(t, client, session)); diff != "" {
			t.Error(diff)
		}
		other := readClient(t, peer, fixed(peer.Token(nobody)))
		peer.Grant(nobody, "bigquery.readsessions.create", "projects/acme")
		_, err = other.CreateReadSession(t.Context(), sessionOf(dst))
		wantCode(t, err, codes.PermissionDenied, "")
	})
	t.Run("refused", func(t *testing.T) {
		_, err := client.CreateReadSession(t.Context(), sessionOf("projects/data-house/datasets/crm/tables/absent"))
		wantCode(t, err, codes.NotFound, "request failed: Not found: Table data-house:crm.absent")
		_, err = client.CreateReadSession(t.Context(), sessionOf("projects/data-house/datasets/crm/tables/evens"))
		wantCode(t, err, codes.InvalidArgument, "request failed: non-table entities cannot be read with the storage API")
		_, err = create(func(r *storagepb.CreateReadSessionRequest) {
			r.ReadSession.ReadOptions.SelectedFields = []string{"absent"}
		})
		wantCode(t, err, codes.InvalidArgument, "")
		_, err = create(func(r *storagepb.CreateReadSessionRequest) { r.ReadSession.ReadOptions.RowRestriction = "absent = 1" })
		wantCode(t, err, codes.InvalidArgument, "")
	})
}

func TestReadFaults(t *testing.T) {
	peer := warehouse(t)
	peer.GrantAll(reader, "projects/acme", "bigquery.readsessions.create", "bigquery.readsessions.getData")
	peer.Grant(reader, "bigquery.tables.getData", "projects/data-house")
	token := peer.Token(reader)
	client := readClient(t, peer, fixed(token))
	session, err := client.CreateReadSession(t.Context(), sessionOf(users, func(r *storagepb.CreateReadSessionRequest) { r.MaxStreamCount = 1 }))
	must(t, err)
	name := session.GetStreams()[0].GetName()

	t.Run("cut after two batches, resumed", func(t *testing.T) {
		peer.InjectRead(googlepeer.ReadFault{Method: "ReadRows", Times: 1, AfterBatches: 2, Err: status.Error(codes.Unavailable, "cut")})
		first, err := stream(t.Context(), client, session, name, 0)
		wantCode(t, err, codes.Unavailable, "cut")
		if len(first) != 2 {
			t.Fatalf("%d batches", len(first))
		}
		rest, err := stream(t.Context(), client, session, name, 6)
		must(t, err)
		if got := rest[0].Column(0).(*array.Int64).Value(0); got != 7 {
			t.Errorf("resumed at %d", got)
		}
	})
	t.Run("stalled, and given up", func(t *testing.T) {
		peer.InjectRead(googlepeer.ReadFault{Method: "ReadRows", Times: 1, AfterBatches: 1, Stall: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		got, err := stream(ctx, client, session, name, 0)
		wantCode(t, err, codes.DeadlineExceeded, "")
		if len(got) != 1 {
			t.Errorf("%d batches", len(got))
		}
	})
	t.Run("quota", func(t *testing.T) {
		quota, err := status.New(codes.ResourceExhausted, "Quota exceeded").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})
		must(t, err)
		peer.InjectRead(googlepeer.ReadFault{Method: "CreateReadSession", Times: 1, Err: quota.Err()})
		_, err = client.CreateReadSession(t.Context(), sessionOf(users))
		wantCode(t, err, codes.ResourceExhausted, "Quota exceeded")
		if s, _ := status.FromError(err); len(s.Details()) != 1 {
			t.Errorf("details: %v", s.Details())
		}
	})
	t.Run("expired token", func(t *testing.T) {
		peer.ExpireTokens()
		_, err := stream(t.Context(), client, session, name, 0)
		wantCode(t, err, codes.Unauthenticated, "")
	})
	t.Run("expired session", func(t *testing.T) {
		peer.ExpireSessions()
		_, err := stream(t.Context(), readClient(t, peer, fixed(peer.Token(reader))), session, name, 0)
		wantCode(t, err, codes.FailedPrecondition, "")
	})
}

func TestEveryTypeIsExact(t *testing.T) {
	peer := warehouse(t)
	peer.GrantAll(reader, "projects/acme", "bigquery.readsessions.create", "bigquery.readsessions.getData", "bigquery.tables.getData")
	must(t, peer.CreateDataset(t.Context(), "types", ""))
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "types.all", Schema: []*bq.TableFieldSchema{
		{Name: "n", Type: "INTEGER"},
		{Name: "i", Type: "INTEGER"},
		{Name: "f", Type: "FLOAT"},
		{Name: "num", Type: "NUMERIC"},
		{Name: "short", Type: "NUMERIC", Precision: 10, Scale: 2},
		{Name: "big", Type: "BIGNUMERIC"},
		{Name: "ok", Type: "BOOLEAN"},
		{Name: "s", Type: "STRING"},
		{Name: "b", Type: "BYTES"},
		{Name: "d", Type: "DATE"},
		{Name: "t", Type: "TIME"},
		{Name: "dt", Type: "DATETIME"},
		{Name: "ts", Type: "TIMESTAMP"},
		{Name: "j", Type: "JSON"},
		{Name: "g", Type: "GEOGRAPHY"},
		{Name: "iv", Type: "INTERVAL"},
		{Name: "rg", Type: "RANGE", RangeElementType: &bq.TableFieldSchemaRangeElementType{Type: "DATE"}},
		{Name: "list", Type: "STRING", Mode: "REPEATED"},
		{Name: "rec", Type: "RECORD", Fields: []*bq.TableFieldSchema{
			{Name: "a", Type: "INTEGER"},
			{Name: "deep", Type: "RECORD", Mode: "REPEATED", Fields: []*bq.TableFieldSchema{{Name: "b", Type: "STRING"}, {Name: "c", Type: "DATE"}}},
		}},
	}}))
	must(t, peer.Exec(t.Context(), `INSERT INTO types.all VALUES
		(1, 9223372036854775807, CAST('NaN' AS FLOAT64), NUMERIC '-99999999999999999999999999999.999999999', NUMERIC '12.34',
			BIGNUMERIC '-578960446186580977117854925043439539266.34992332820282019728792003956564819968', TRUE, '', b'\x00\xff',
			DATE '0001-01-01', TIME '23:59:59.999999', DATETIME '1960-01-02 03:04:05.000001', TIMESTAMP '1969-12-31 23:59:59.999999 UTC',
			JSON '{"b":[1,null]}', ST_GEOGPOINT(1, 2), MAKE_INTERVAL(1, 2, 3, 4, 5, 6), RANGE<DATE> '[2026-01-01, UNBOUNDED)',
			['x', ''], STRUCT(7, [STRUCT('y', DATE '9999-12-31')])),
		(2, -9223372036854775808, CAST('-inf' AS FLOAT64), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`))
	client := readClient(t, peer, fixed(peer.Token(reader)))
	session, err := client.CreateReadSession(t.Context(), sessionOf("projects/acme/datasets/types/tables/all"))
	must(t, err)
	batches, err := stream(t.Context(), client, session, session.GetStreams()[0].GetName(), 0)
	must(t, err)
	got := map[string][2]string{}
	for i, f := range batches[0].Schema().Fields() {
		if f.Name == "big" { // its text form is rounded
			continue
		}
		got[f.Name+" "+f.Type.String()+metadataOf(f)] = [2]string{batches[0].Column(i).ValueStr(0), batches[0].Column(i).ValueStr(1)}
	}
	null := array.NullValueStr
	want := map[string][2]string{
		"n int64":                    {"1", "2"},
		"i int64":                    {"9223372036854775807", "-9223372036854775808"},
		"f float64":                  {"NaN", "-Inf"},
		"num decimal(38, 9)":         {"-99999999999999999999999999999.999999999", null},
		"short decimal(10, 2)":       {"12.34", null},
		"ok bool":                    {"true", null},
		"s utf8":                     {"", null},
		"b binary":                   {"AP8=", null},
		"d date32":                   {"0001-01-01", null},
		"t time64[us]":               {"23:59:59.999999", null},
		"dt timestamp[us] datetime":  {"1960-01-02T03:04:05.000001", null},
		"ts timestamp[us, tz=UTC]":   {"1969-12-31T23:59:59.999999Z", null},
		"j utf8 json":                {`{"b":[1,null]}`, null},
		"g utf8 geography":           {"POINT (1 2)", null},
		"iv month_day_nano_interval": {`{"months":14,"days":3,"nanoseconds":14706000000000}`, null},
		"rg struct<start: date32 nullable, end: date32 nullable>":                                                 {`{"end":null,"start":"2026-01-01"}`, null},
		"list list<item: utf8, nullable>":                                                                         {`["x",""]`, `[]`},
		"rec struct<a: int64 nullable, deep: list<item: struct<b: utf8 nullable, c: date32 nullable>, nullable>>": {`{"a":7,"deep":[{"b":"y","c":"9999-12-31"}]}`, null},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	t.Run("the smallest BIGNUMERIC", func(t *testing.T) {
		column := batches[0].Column(5).(*array.Decimal256)
		if want := decimal256.New(1<<63, 0, 0, 0); column.Value(0) != want || !column.IsNull(1) || column.DataType().String() != "decimal256(76, 38)" {
			t.Errorf("got %v", column.Value(0))
		}
	})
	t.Run("nested projection", func(t *testing.T) {
		session, err := client.CreateReadSession(t.Context(), sessionOf("projects/acme/datasets/types/tables/all", func(r *storagepb.CreateReadSessionRequest) {
			r.ReadSession.ReadOptions.SelectedFields = []string{"rec.deep.c", "s"}
			r.ReadSession.ReadOptions.RowRestriction = "IS_NAN(f) AND list IS NOT NULL"
		}))
		must(t, err)
		batches, err := stream(t.Context(), client, session, session.GetStreams()[0].GetName(), 0)
		must(t, err)
		if got := batches[0].Column(1).ValueStr(0); batches[0].NumRows() != 1 || got != `{"deep":[{"c":"9999-12-31"}]}` {
			t.Errorf("got %s", got)
		}
	})
	t.Run("no array is NULL", func(t *testing.T) {
		session, err := client.CreateReadSession(t.Context(), sessionOf("projects/acme/datasets/types/tables/all", func(r *storagepb.CreateReadSessionRequest) {
			r.ReadSession.ReadOptions.RowRestriction = "list IS NULL"
		}))
		if err != nil || session.GetEstimatedRowCount() != 0 || len(session.GetStreams()) != 0 {
			t.Errorf("got %v, %v", session, err)
		}
	})
	t.Run("ranges of a query", func(t *testing.T) {
		peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
		job, err := bigqueryClient(t, peer, fixed(peer.Token(reader))).Query("SELECT rg, RANGE<TIMESTAMP> '[2026-01-01 00:00:00+00, 2026-01-01 00:00:00.5+00)' AS ts, RANGE<DATETIME> '[2026-01-01 00:00:00, UNBOUNDED)' AS dt FROM types.all WHERE n = 1").Run(t.Context())
		must(t, err)
		_, err = job.Wait(t.Context())
		must(t, err)
		session, err := client.CreateReadSession(t.Context(), sessionOf(destination(t, job)))
		must(t, err)
		batches, err := stream(t.Context(), client, session, session.GetStreams()[0].GetName(), 0)
		must(t, err)
		got := []string{batches[0].Column(0).ValueStr(0), batches[0].Column(1).ValueStr(0), batches[0].Column(2).ValueStr(0)}
		want := []string{`{"end":null,"start":"2026-01-01"}`, `{"end":"2026-01-01T00:00:00.5Z","start":"2026-01-01T00:00:00Z"}`, `{"end":null,"start":"2026-01-01T00:00:00"}`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("REST says the same", func(t *testing.T) {
		peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
		got := values(t, bigqueryClient(t, peer, fixed(peer.Token(reader))).Query("SELECT f, ts FROM types.all ORDER BY n"))
		if f, _ := got[0][0].(float64); !math.IsNaN(f) || got[1][0] != math.Inf(-1) || !got[0][1].(time.Time).Equal(time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC)) {
			t.Errorf("got %v", got)
		}
	})
}

// readyRows serves a table of ready batches, and returns a client that may read it.
func readyRows(t testing.TB, batches, size int) (*googlepeer.Peer, *storage.BigQueryReadClient) {
	t.Helper()
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.GrantAll(reader, "projects/acme", "bigquery.readsessions.create", "bigquery.readsessions.getData", "bigquery.tables.getData")
	peer.DeclareDataset("bench", "")
	fields := []*bq.TableFieldSchema{{Name: "id", Type: "INTEGER"}, {Name: "name", Type: "STRING"}, {Name: "score", Type: "FLOAT"}, {Name: "at", Type: "TIMESTAMP"}, {Name: "ok", Type: "BOOLEAN"}}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, googlepeer.ArrowSchema(fields))
	defer builder.Release()
	ready := make([]arrow.RecordBatch, batches)
	for b := range ready {
		for i := range size {
			n := b*size + i
			builder.Field(0).(*array.Int64Builder).Append(int64(n))
			builder.Field(1).(*array.StringBuilder).Append("name-" + strconv.Itoa(n))
			builder.Field(2).(*array.Float64Builder).Append(float64(n) / 3)
			builder.Field(3).(*array.TimestampBuilder).Append(arrow.Timestamp(n))
			builder.Field(4).(*array.BooleanBuilder).Append(n%2 == 0)
		}
		ready[b] = builder.NewRecordBatch()
	}
	if err := peer.ServeArrow(googlepeer.Table{Name: "bench.rows", Schema: fields}, ready); err != nil {
		t.Fatal(err)
	}
	return peer, readClient(t, peer, fixed(peer.Token(reader)))
}

const benchRows = "projects/acme/datasets/bench/tables/rows"

func TestReadyArrow(t *testing.T) {
	_, client := readyRows(t, 4, 2)
	session, err := client.CreateReadSession(t.Context(), sessionOf(benchRows, func(r *storagepb.CreateReadSessionRequest) { r.MaxStreamCount = 2 }))
	must(t, err)
	if diff := cmp.Diff([]int64{0, 1, 2, 3, 4, 5, 6, 7}, ids(t, client, session)); diff != "" || len(session.GetStreams()) != 2 {
		t.Error(diff)
	}
	rest, err := stream(t.Context(), client, session, session.GetStreams()[1].GetName(), 2)
	if err != nil || len(rest) != 1 || rest[0].Column(0).(*array.Int64).Value(0) != 6 {
		t.Errorf("got %v, %v", rest, err)
	}
	_, err = stream(t.Context(), client, session, session.GetStreams()[1].GetName(), 5)
	wantCode(t, err, codes.OutOfRange, "")
}

// BenchmarkReadyArrow is what the peer itself costs: messages are received and thrown away.
func BenchmarkReadyArrow(b *testing.B) {
	const batches, size = 100, 10_000
	_, client := readyRows(b, batches, size)
	for b.Loop() {
		session, err := client.CreateReadSession(b.Context(), sessionOf(benchRows, func(r *storagepb.CreateReadSessionRequest) { r.MaxStreamCount = 1 }))
		if err != nil {
			b.Fatal(err)
		}
		rows, err := client.ReadRows(b.Context(), &storagepb.ReadRowsRequest{ReadStream: session.GetStreams()[0].GetName()})
		if err != nil {
			b.Fatal(err)
		}
		bytes := 0
		for {
			m, err := rows.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			bytes += len(m.GetArrowRecordBatch().GetSerializedRecordBatch())
		}
		b.SetBytes(int64(bytes))
	}
	b.ReportMetric(float64(batches*size)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// destination is the table that holds a query's result.
func destination(t *testing.T, job *bigquery.Job) string {
	t.Helper()
	config, err := job.Config()
	must(t, err)
	table := config.(*bigquery.QueryConfig).Dst
	return "projects/" + table.ProjectID + "/datasets/" + table.DatasetID + "/tables/" + table.TableID
}

func metadataOf(f arrow.Field) string {
	if name, ok := f.Metadata.GetValue("ARROW:extension:name"); ok {
		return " " + name[len("google:sqlType:"):]
	}
	return ""
}

func wantCode(t *testing.T, err error, code codes.Code, message string) {
	t.Helper()
	s, _ := status.FromError(err)
	if s.Code() != code || message != "" && s.Message() != message {
		t.Errorf("got %v, want %v: %s", err, code, message)
	}
}

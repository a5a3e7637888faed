package googlepeer

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/api/bigquery/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// session is a read session: its rows stand when it is created, as BigQuery's do.
type session struct {
	proto    *storagepb.ReadSession
	project  string
	expires  time.Time
	streams  [][]arrow.RecordBatch
	encoded  [][]message // instead of streams, when the rows were ready
	schema   []byte
	compress []ipc.Option
}

const sessionLife = 6 * time.Hour // as BigQuery's

// open evaluates a table for a session.
func (s *readServer) open(ctx context.Context, caller, project string, r *storagepb.CreateReadSessionRequest) (*session, error) {
	options := r.GetReadSession().GetReadOptions()
	ref, ok := parseTable(r.GetReadSession().GetTable())
	if !ok {
		return nil, status.Error(codes.InvalidArgument, "Invalid resource field value in the request.")
	}
	codec := options.GetArrowSerializationOptions().GetBufferCompression()
	compress, ok := compression(codec)
	if !ok {
		return nil, status.Error(codes.InvalidArgument, "request failed: unknown buffer compression")
	}
	meta, content, refused := s.content(ctx, caller, ref, r.GetReadSession())
	if refused != nil {
		return nil, failed(refused)
	}
	chosen, unknown := choose(meta.Schema.Fields, options.GetSelectedFields())
	if len(unknown) > 0 {
		return nil, status.Errorf(codes.InvalidArgument, "request failed: The following selected fields do not exist in the table schema: %s", strings.Join(unknown, ", "))
	}
	opened := &session{project: project, expires: time.Now().Add(sessionLife), compress: compress}
	schema := arrowSchema(chosenFields(chosen))
	opened.schema = payload(ipc.GetSchemaPayload(schema, memory.DefaultAllocator))
	var total int64
	var streams int
	if content.ready != nil {
		opened.encoded, total = content.ready.deal(int(r.GetMaxStreamCount()), codec)
		streams = len(opened.encoded)
	} else {
		batches, err := content.rows.records(chosen, s.peer.config.BatchRows)
		if err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		total = int64(len(content.rows.rows))
		opened.streams = deal(batches, s.streamCount(r, len(batches)))
		streams = len(opened.streams)
	}
	opened.describe(r, meta, total, streams)
	return opened, nil
}

func (o *session) describe(r *storagepb.CreateReadSessionRequest, meta *bigquery.Table, total int64, streams int) {
	name := fmt.Sprintf("projects/%s/locations/%s/sessions/%s", o.project, strings.ToLower(meta.Location), rand.Text())
	o.proto = &storagepb.ReadSession{
		Name: name, Table: r.GetReadSession().GetTable(), DataFormat: storagepb.DataFormat_ARROW, ReadOptions: r.GetReadSession().GetReadOptions(),
		TableModifiers: r.GetReadSession().GetTableModifiers(), TraceId: r.GetReadSession().GetTraceId(),
		ExpireTime: timestamppb.New(o.expires), EstimatedRowCount: total, EstimatedTotalBytesScanned: meta.NumBytes,
		EstimatedTotalPhysicalFileSize: meta.NumBytes,
		Schema:                         &storagepb.ReadSession_ArrowSchema{ArrowSchema: &storagepb.ArrowSchema{SerializedSchema: o.schema}},
	}
	for range streams {
		o.proto.Streams = append(o.proto.Streams, &storagepb.ReadStream{Name: name + "/streams/" + rand.Text()})
	}
}

// streamCount is how many streams a session gets: what the client asks for, and
// no more than there are batches. A table without rows has none.
func (s *readServer) streamCount(r *storagepb.CreateReadSessionRequest, batches int) int {
	n := max(s.peer.config.Streams, int(r.GetPreferredMinStreamCount()))
	if limit := int(r.GetMaxStreamCount()); limit > 0 {
		n = min(n, limit)
	}
	return min(n, batches)
}

// deal gives each stream a run of batches.
func deal[T any](batches []T, streams int) [][]T {
	dealt := make([][]T, streams)
	for i := range dealt {
		dealt[i] = batches[i*len(batches)/streams : (i+1)*len(batches)/streams]
	}
	return dealt
}

// compression is how the buffers of batches are compressed.
func compression(codec storagepb.ArrowSerializationOptions_CompressionCodec) ([]ipc.Option, bool) {
	switch codec {
	case storagepb.ArrowSerializationOptions_COMPRESSION_UNSPECIFIED:
		return nil, true
	case storagepb.ArrowSerializationOptions_LZ4_FRAME:
		return []ipc.Option{ipc.WithLZ4()}, true
	case storagepb.ArrowSerializationOptions_ZSTD:
		return []ipc.Option{ipc.WithZstd()}, true
	default:
		return nil, false
	}
}

// stream returns which stream a name is.
func (o *session) stream(name string) (int, bool) {
	for i, s := range o.proto.GetStreams() {
		if s.GetName() == name {
			return i, true
		}
	}
	return 0, false
}

// send sends the rows of a stream from an offset on. It calls before with the
// number of batches that were sent, before each and at the end, and ends with its error.
func (o *session) send(out storagepb.BigQueryRead_ReadRowsServer, stream int, offset int64, before func(sent int) error) error {
	if o.encoded != nil {
		return sendReady(out, o.encoded[stream], offset, before)
	}
	sent, at := 0, int64(0)
	for _, batch := range o.streams[stream] {
		from := max(0, offset-at)
		at += batch.NumRows()
		if from >= batch.NumRows() {
			continue
		}
		if err := before(sent); err != nil {
			return err
		}
		answer, err := o.encode(batch, from, sent == 0)
		if err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		if err := out.Send(answer); err != nil {
			return err
		}
		sent++
	}
	if offset > at {
		return beyond(offset, at)
	}
	return before(sent)
}

func beyond(offset, rows int64) error {
	return status.Errorf(codes.OutOfRange, "there was an error operating on the stream: offset %d is beyond its %d rows", offset, rows)
}

// encode makes a message of a batch's rows from one on. The first of a call has the schema.
func (o *session) encode(batch arrow.RecordBatch, from int64, first bool) (*storagepb.ReadRowsResponse, error) {
	part := batch.NewSlice(from, batch.NumRows())
	defer part.Release()
	encoded, err := ipc.GetRecordBatchPayload(part, o.compress...)
	if err != nil {
		return nil, err
	}
	answer := response(payload(encoded), part.NumRows())
	if first {
		answer.Schema = &storagepb.ReadRowsResponse_ArrowSchema{ArrowSchema: &storagepb.ArrowSchema{SerializedSchema: o.schema}}
	}
	return answer, nil
}

func response(batch []byte, n int64) *storagepb.ReadRowsResponse {
	return &storagepb.ReadRowsResponse{
		RowCount: n,
		Rows:     &storagepb.ReadRowsResponse_ArrowRecordBatch{ArrowRecordBatch: &storagepb.ArrowRecordBatch{SerializedRecordBatch: batch}},
	}
}

// payload is an IPC message as the API sends it: without an end of stream.
func payload(p ipc.Payload) []byte {
	defer p.Release()
	var b bytes.Buffer
	_, _ = p.WritePayload(&b) // a buffer takes everything
	return b.Bytes()
}

func parseTable(path string) (tableRef, bool) {
	parts := strings.Split(path, "/")
	if len(parts) != 6 || parts[0] != "projects" || parts[2] != "datasets" || parts[4] != "tables" {
		return tableRef{}, false
	}
	return tableRef{datasetRef{parts[1], parts[3]}, parts[5]}, true
}

// failed puts a problem of the warehouse in the Storage API's words.
func failed(e *problem) error {
	st := e.GRPCStatus()
	return status.Error(st.Code(), "request failed: "+st.Message())
}

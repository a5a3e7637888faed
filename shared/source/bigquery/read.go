package bigquery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Read opens a stream of a read session, or a part of a query's result.
func (s *session) Read(ctx context.Context, req source.ReadRequest) (source.Reader, error) {
	d, err := parseSplit(req.Split.Detail)
	if err != nil {
		return nil, err
	}
	from, err := parseCheckpoint(req.From)
	if err != nil {
		return nil, err
	}
	wanted, err := req.Projection()
	if err != nil {
		return nil, err
	}
	if err := s.pace.rest(ctx); err != nil {
		return nil, err
	}
	if d.Result != nil {
		return s.readResult(*d.Result, d.Aliases, wanted, from)
	}
	return s.readStream(ctx, d, wanted, from)
}

// place is where a split is read on: after so many rows. The end has a mark of
// its own, as BigQuery leaves open what it answers to an offset behind the last row.
type place struct {
	offset int64
	ended  bool
}

const endMark = "/end"

func (p place) checkpoint() source.Checkpoint {
	text := strconv.FormatInt(p.offset, 10)
	if p.ended {
		text += endMark
	}
	return source.Checkpoint(text)
}

func parseCheckpoint(c source.Checkpoint) (place, error) {
	if c == "" {
		return place{}, nil
	}
	text, ended := strings.CutSuffix(string(c), endMark)
	offset, err := strconv.ParseInt(text, 10, 64)
	if err != nil || offset < 0 {
		return place{}, fault.New(fault.WorkerInvalidCall, "the checkpoint is not one of this split")
	}
	return place{offset, ended}, nil
}

func (s *session) readStream(ctx context.Context, d split, wanted []schema.Column, from place) (source.Reader, error) {
	decoder, err := newDecoder(d.Schema)
	if err != nil {
		return nil, err
	}
	projection, err := newProjection(wanted, decoder.schema(), d.Aliases)
	if err != nil {
		decoder.release()
		return nil, err
	}
	r := &streamReader{pace: s.pace, decoder: decoder, projection: projection, at: from}
	// The stream lives for many calls of Next, each with a context of its own.
	streaming, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	if from.ended {
		return r, nil
	}
	defer context.AfterFunc(ctx, cancel)()
	r.stream, err = s.reads.ReadRows(streaming, &storagepb.ReadRowsRequest{ReadStream: d.Stream, Offset: from.offset})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading a stream: %w", err), r.Close())
	}
	return r, nil
}

// streamReader reads a stream one message ahead, so that it knows which batch is
// the last one when it hands it on.
type streamReader struct {
	pace       *pace
	stream     storagepb.BigQueryRead_ReadRowsClient // nil when there is nothing left to read
	cancel     context.CancelFunc
	projection *projection
	at         place

	mu      sync.Mutex // Close may come in the middle of Next
	decoder *decoder   // nil when closed
	ahead   *storagepb.ReadRowsResponse
	failure error // of reading ahead; comes after the batch that is there
}

var errClosed = fault.New(fault.WorkerInvalidCall, "the reader is closed")

func (r *streamReader) Schema() *arrow.Schema { return r.projection.schema }

// Next returns the next batch. A context that ends stops the stream: a reader
// has no second try, and the portable layer opens another one.
func (r *streamReader) Next(ctx context.Context) (source.Batch, error) {
	if err := ctx.Err(); err != nil {
		return source.Batch{}, err
	}
	defer context.AfterFunc(ctx, r.cancel)()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.decoder == nil {
		return source.Batch{}, errClosed
	}
	current, err := r.receive()
	if err == io.EOF { //nolint:errorlint // only a bare EOF ends a stream
		return source.Batch{}, io.EOF
	}
	if err != nil {
		if ended := ctx.Err(); ended != nil {
			return source.Batch{}, ended
		}
		r.pace.slow(err, 1) // when it is a matter of rate, the next reader waits before it opens
		return source.Batch{}, readError(err)
	}
	return r.batch(current)
}

// receive returns a message with rows, and has the one after it received when it returns.
func (r *streamReader) receive() (*storagepb.ReadRowsResponse, error) {
	if r.stream == nil {
		return nil, io.EOF
	}
	current, err := r.ahead, r.failure
	if current == nil && err == nil {
		current, err = r.receiveRows()
	}
	if err != nil {
		return nil, err
	}
	r.ahead, r.failure = r.receiveRows()
	return current, nil
}

// receiveRows skips messages that only say how far the stream is.
func (r *streamReader) receiveRows() (*storagepb.ReadRowsResponse, error) {
	for {
		m, err := r.stream.Recv()
		if err != nil || m.GetRowCount() > 0 {
			return m, err
		}
	}
}

func (r *streamReader) batch(m *storagepb.ReadRowsResponse) (source.Batch, error) {
	rec, err := r.decoder.decode(m.GetArrowRecordBatch().GetSerializedRecordBatch())
	if err != nil {
		return source.Batch{}, err
	}
	if rec.NumRows() != m.GetRowCount() {
		return source.Batch{}, fmt.Errorf("a batch has %d rows, and the stream says %d", rec.NumRows(), m.GetRowCount())
	}
	converted, err := r.projection.apply(rec)
	if err != nil {
		return source.Batch{}, err
	}
	r.at = place{offset: r.at.offset + rec.NumRows(), ended: r.failure == io.EOF} //nolint:errorlint // only a bare EOF ends a stream
	return source.Batch{Record: converted, After: r.at.checkpoint()}, nil
}

// Close stops the read at once.
func (r *streamReader) Close() error {
	r.cancel() // first: Next may be waiting for BigQuery
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.decoder != nil {
		r.decoder.release()
		r.decoder = nil
	}
	return nil
}

// readError tells a session that BigQuery has forgotten from a table that is
// gone, and a stream that was stopped under an earlier call from this call's end.
func readError(err error) error {
	err = fmt.Errorf("reading a stream: %w", err)
	if errors.Is(err, context.Canceled) {
		return fault.New(fault.SourceUnavailable, "the stream was stopped, and can be opened again") // err would read as this call's own end
	}
	if status.Code(err) == codes.NotFound && !strings.Contains(textOf(err), "Table ") {
		return fault.Wrap(fault.SourceReadExpired, "BigQuery does not know the read session any more", err)
	}
	return err
}

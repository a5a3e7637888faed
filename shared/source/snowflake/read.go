package snowflake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// maxRows bounds a batch: chunks of the service may hold one of any size.
const maxRows = 32 << 10

// place is a checkpoint: a part of the result, and a row in it.
type place struct {
	Part int   `json:"p"`
	Row  int64 `json:"r"`
}

func (p place) checkpoint() source.Checkpoint {
	text, err := json.Marshal(p)
	if err != nil {
		panic("snowflake: checkpoints always marshal: " + err.Error())
	}
	return source.Checkpoint(text)
}

// parsePlace reads a checkpoint of a split.
func parsePlace(from source.Checkpoint, d detail) (place, error) {
	p := place{Part: d.First}
	if from == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(from), &p); err != nil {
		return p, fault.Wrap(fault.WorkerInvalidCall, "the checkpoint is not one of this split", err)
	}
	if p.Part < d.First || p.Part > d.First+d.Count || p.Row < 0 {
		return p, fault.New(fault.WorkerInvalidCall, "the checkpoint is not one of this split")
	}
	return p, nil
}

// Read opens a split: it finds the result of the query again and goes on at
// the checkpoint's part.
func (s *session) Read(ctx context.Context, req source.ReadRequest) (source.Reader, error) {
	var d detail
	if err := json.Unmarshal(req.Split.Detail, &d); err != nil || d.Query == "" || d.First < 0 || d.Count < 0 {
		return nil, fault.New(fault.WorkerInvalidCall, "the split is not one of Snowflake")
	}
	at, err := parsePlace(req.From, d)
	if err != nil {
		return nil, err
	}
	columns, err := req.Projection()
	if err != nil {
		return nil, err
	}
	r := &reader{session: s, detail: d, at: at, schema: source.ArrowSchema(columns)}
	r.alive, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := r.find(ctx); err != nil {
		r.stop()
		return nil, err
	}
	if err := r.fit(columns); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// reader reads the parts of a split one after the other, and each while it arrives.
type reader struct {
	session *session
	detail  detail
	schema  *arrow.Schema
	columns []delivery

	result result
	parts  []part
	at     place

	alive context.Context // ends with Close
	stop  context.CancelFunc

	mu     sync.Mutex // Close may come in the middle of Next
	stream io.ReadCloser
	ipc    *ipc.Reader
	next   *ahead            // the part after the current one
	left   arrow.RecordBatch // what of the last record is not delivered yet
	closed bool
}

// delivery is a column that is delivered, and where it stands in the result.
type delivery struct {
	from    int
	convert converter
}

// find asks for the result, and with it for fresh addresses of its chunks.
func (r *reader) find(ctx context.Context) error {
	found, err := r.session.fetch(ctx, r.detail.Query)
	if err != nil {
		return err
	}
	r.result, r.parts = found, found.parts()
	if r.detail.First+r.detail.Count > len(r.parts) {
		return fault.New(fault.SourceReadExpired, "the result of the query has other parts than when the run was planned")
	}
	return nil
}

// fit matches the wanted columns with those of the result, by name.
func (r *reader) fit(columns []schema.Column) error {
	for _, c := range columns {
		d := delivery{from: -1}
		for i, w := range r.result.Columns {
			if w.Name != c.Name {
				continue
			}
			convert, err := newConverter(c, w.field())
			if err != nil {
				return err
			}
			d = delivery{from: i, convert: convert}
		}
		if d.from < 0 {
			return fault.New(fault.SourceChanged, "a column that is to be read is not in the result")
		}
		r.columns = append(r.columns, d)
	}
	return nil
}

// Schema is that of every batch.
func (r *reader) Schema() *arrow.Schema { return r.schema }

var errClosed = errors.New("the reader is closed")

// Next returns the next batch. What breaks is reported, and read again from
// the last checkpoint by whoever called; only addresses that have expired are
// replaced here, once for each part.
func (r *reader) Next(ctx context.Context) (source.Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stopped := context.AfterFunc(ctx, r.stop)
	defer stopped()
	batch, err := r.read(ctx)
	switch {
	case r.closed || ctx.Err() == nil && r.alive.Err() != nil:
		return source.Batch{}, errClosed
	case ctx.Err() != nil && err != nil:
		return source.Batch{}, ctx.Err()
	}
	return batch, err
}

func (r *reader) read(ctx context.Context) (source.Batch, error) {
	if err := ctx.Err(); err != nil {
		return source.Batch{}, err
	}
	if r.closed {
		return source.Batch{}, errClosed
	}
	for r.left == nil {
		if r.at.Part >= r.detail.First+r.detail.Count {
			return source.Batch{}, io.EOF
		}
		if err := r.advance(); err != nil {
			return source.Batch{}, err
		}
	}
	return r.deliver()
}

// advance finds the next rows: those that a checkpoint left of a record, the next
// record of the current part, or the next part.
func (r *reader) advance() error {
	if r.ipc == nil {
		if err := r.begin(); err != nil || r.left != nil {
			return err
		}
	}
	if !r.ipc.Next() {
		err := r.ipc.Err()
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading a chunk: %w", cutOff(err))
		}
		if want := r.parts[r.at.Part].Rows; r.at.Row < want {
			return fmt.Errorf("reading a chunk: %w", io.ErrUnexpectedEOF)
		}
		r.end()
		r.at = place{Part: r.at.Part + 1}
		return nil
	}
	r.left = r.ipc.RecordBatch()
	r.left.Retain()
	return nil
}

// begin opens the current part and skips the rows before the checkpoint. An
// address that is refused is replaced once: if the new one is refused too, then
// not for its age, and the linkError stands.
func (r *reader) begin() error {
	stream, err := r.open()
	if _, refused := errors.AsType[*linkError](err); refused {
		if err = r.find(r.alive); err == nil {
			stream, err = r.session.open(r.alive, r.result, r.parts[r.at.Part])
		}
	}
	if err != nil {
		return err
	}
	decoder, err := ipc.NewReader(stream)
	if err != nil {
		_ = stream.Close() // that it is broken is known
		return fmt.Errorf("reading a chunk: %w", cutOff(err))
	}
	r.stream, r.ipc = stream, decoder
	if after := r.at.Part + 1; after < r.detail.First+r.detail.Count {
		r.next = openAhead(r.alive, r.session, r.result, r.parts[after])
	}
	return r.skip(r.at.Row)
}

// open takes the current part that was opened ahead, or opens it.
func (r *reader) open() (io.ReadCloser, error) {
	if a := r.next; a != nil {
		r.next = nil
		return a.take()
	}
	return r.session.open(r.alive, r.result, r.parts[r.at.Part])
}

// skip drops the rows that were delivered before.
func (r *reader) skip(rows int64) error {
	for rows > 0 {
		if !r.ipc.Next() {
			r.end()
			return fmt.Errorf("reading a chunk: %w", io.ErrUnexpectedEOF)
		}
		record := r.ipc.RecordBatch()
		if n := record.NumRows(); n > rows {
			r.left = record.NewSlice(rows, n)
		}
		rows -= record.NumRows()
	}
	return nil
}

// deliver converts the first rows of what is left.
func (r *reader) deliver() (source.Batch, error) {
	raw := r.left
	r.left = nil
	defer raw.Release()
	rows := min(raw.NumRows(), maxRows)
	now := raw.NewSlice(0, rows)
	defer now.Release()
	record, err := r.convert(now)
	if err != nil {
		return source.Batch{}, err
	}
	if rows < raw.NumRows() {
		r.left = raw.NewSlice(rows, raw.NumRows())
	}
	r.at.Row += rows
	after := r.at
	if all := r.parts[r.at.Part].Rows; all > 0 && r.at.Row >= all {
		after = place{Part: r.at.Part + 1}
	}
	return source.Batch{Record: record, After: after.checkpoint()}, nil
}

func (r *reader) convert(raw arrow.RecordBatch) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, 0, len(r.columns))
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for _, d := range r.columns {
		if d.from >= int(raw.NumCols()) {
			return nil, fmt.Errorf("reading a chunk: %w", io.ErrUnexpectedEOF)
		}
		c, err := d.convert(raw.Column(d.from))
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return array.NewRecordBatch(r.schema, columns, raw.NumRows()), nil
}

// end closes the current part.
func (r *reader) end() {
	if r.left != nil {
		r.left.Release()
		r.left = nil
	}
	if r.ipc != nil {
		r.ipc.Release()
		r.ipc = nil
	}
	if r.stream != nil {
		_ = r.stream.Close() // all that counts was read
		r.stream = nil
	}
}

// Close stops the read: a Next under way ends at once. The query has ended at
// the server before the first row was read, so that nothing runs on there.
func (r *reader) Close() error {
	r.stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.end()
	if r.next != nil {
		r.next.drop()
		r.next = nil
	}
	return nil
}

package memsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// rowBytes is what Plan takes a row to weigh, batchRows the rows of a batch.
const (
	rowBytes  = 100
	batchRows = 4
)

// span is a split's Detail: rows from From to before To.
type span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// record decodes all rows of a table.
func (t Table) record() (arrow.RecordBatch, error) {
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, source.ArrowSchema(t.Columns), strings.NewReader(t.Rows))
	return rec, err
}

func (s *session) Plan(ctx context.Context, req source.PlanRequest) (source.Plan, error) {
	if err := errors.Join(s.enter(ctx, "plan"), s.allowed(mayRead)); err != nil {
		return source.Plan{}, err
	}
	t, err := s.table(req.Table.Name)
	if err != nil {
		return source.Plan{}, err
	}
	rec, err := t.record()
	if err != nil {
		return source.Plan{}, err
	}
	defer rec.Release()
	step := max(req.TargetBytes/rowBytes, 1)
	if req.TargetBytes <= 0 {
		step = max(rec.NumRows(), 1)
	}
	p := source.Plan{Table: t.Table}
	for from := int64(0); from < rec.NumRows(); from += step {
		to := min(from+step, rec.NumRows())
		detail, err := json.Marshal(span{from, to})
		if err != nil {
			return source.Plan{}, err
		}
		p.Splits = append(p.Splits, source.Split{
			Label: fmt.Sprintf("%s, rows %d to %d", t.Name, from+1, to), Detail: detail, Rows: to - from, Bytes: (to - from) * rowBytes,
		})
	}
	return p, nil
}

func (s *session) Read(ctx context.Context, req source.ReadRequest) (source.Reader, error) {
	if err := errors.Join(s.enter(ctx, "read"), s.allowed(mayRead)); err != nil {
		return nil, err
	}
	var rows span
	if err := json.Unmarshal(req.Split.Detail, &rows); err != nil {
		return nil, fault.Wrap(fault.WorkerInvalidCall, "the split is not one of this driver", err)
	}
	at := int64(0)
	if req.From != "" {
		var err error
		if at, err = strconv.ParseInt(string(req.From), 10, 64); err != nil || at < 0 || at > rows.To-rows.From {
			return nil, fault.New(fault.WorkerInvalidCall, "the checkpoint is not one of this split")
		}
	}
	t, err := s.table(req.Table.Name)
	if err != nil {
		return nil, err
	}
	rec, err := t.record()
	if err != nil {
		return nil, err
	}
	defer rec.Release()
	filter, err := rowfilter.Compile(req.Filter, t.Columns)
	if err != nil {
		return nil, err
	}
	r := &reader{session: s, rows: rows, at: at, keep: filter.Mask(rec)}
	if r.record, err = project(rec, req.Columns); err != nil {
		return nil, err
	}
	return r, nil
}

func project(rec arrow.RecordBatch, columns []string) (arrow.RecordBatch, error) {
	if len(columns) == 0 {
		rec.Retain()
		return rec, nil
	}
	fields := make([]arrow.Field, len(columns))
	arrays := make([]arrow.Array, len(columns))
	for i, name := range columns {
		at := rec.Schema().FieldIndices(name)
		if len(at) == 0 {
			return nil, fault.New(fault.SourceSchemaConflict, fmt.Sprintf("the table has no column %q", name))
		}
		fields[i], arrays[i] = rec.Schema().Field(at[0]), rec.Column(at[0])
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, rec.NumRows()), nil
}

// reader reads the rows of a split. Its checkpoints are counts of rows, those
// that the filter leaves out too.
type reader struct {
	session *session
	record  arrow.RecordBatch
	keep    []bool // by row of record: the filter holds
	rows    span
	at      int64
	closed  bool
}

func (r *reader) Schema() *arrow.Schema { return r.record.Schema() }

func (r *reader) Next(ctx context.Context) (source.Batch, error) {
	if r.closed {
		return source.Batch{}, fault.New(fault.WorkerInvalidCall, "the reader is closed")
	}
	if err := r.session.enter(ctx, "next"); err != nil {
		return source.Batch{}, err
	}
	from := r.rows.From + r.at
	if from >= r.rows.To {
		return source.Batch{}, io.EOF
	}
	to := min(from+batchRows, r.rows.To)
	rows := r.record.NewSlice(from, to)
	defer rows.Release()
	b := source.Batch{Record: rowfilter.Select(rows, r.keep[from:to])}
	for row := from; row < to; row++ {
		if r.keep[row] {
			b.Origins = append(b.Origins, row-r.rows.From+1)
		}
	}
	r.at += to - from
	b.After = source.Checkpoint(strconv.FormatInt(r.at, 10))
	return b, nil
}

func (r *reader) Close() error {
	if !r.closed {
		r.closed = true
		r.record.Release()
	}
	return nil
}

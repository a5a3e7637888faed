package file

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// Read opens a split. Every batch is from one file.
func (f *Files) Read(ctx context.Context, req source.ReadRequest) (source.Reader, error) {
	var d detail
	if err := json.Unmarshal(req.Split.Detail, &d); err != nil || len(d.Parts) == 0 {
		return nil, fault.Wrap(fault.WorkerInvalidCall, "the split is not one of files", err)
	}
	at, err := decodeCheckpoint(req.From, len(d.Parts))
	if err != nil {
		return nil, err
	}
	columns, err := project(req.Table, req.Columns)
	if err != nil {
		return nil, err
	}
	r := &reader{files: f, detail: d, table: req.Table, columns: columns, schema: source.ArrowSchema(columns), at: at}
	if len(req.Filter) > 0 {
		if r.filter, err = rowfilter.Compile(req.Filter, req.Table.Columns); err != nil {
			return nil, err
		}
		r.columns = withFilter(columns, r.filter)
	}
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return r, nil
}

// project returns the wanted columns of a table, in the order they are wanted.
func project(t schema.Table, names []string) ([]schema.Column, error) {
	if len(names) == 0 {
		return t.Columns, nil
	}
	columns := make([]schema.Column, len(names))
	for i, name := range names {
		c, ok := t.Column(name)
		if !ok {
			return nil, fault.New(fault.SourceSchemaConflict, fmt.Sprintf("the table has no column %q", name))
		}
		columns[i] = c
	}
	return columns, nil
}

// withFilter appends the columns that only the filter looks at.
func withFilter(columns []schema.Column, filter *rowfilter.Predicate) []schema.Column {
	all := slices.Clone(columns)
	for _, c := range filter.Columns() {
		if !slices.ContainsFunc(columns, func(o schema.Column) bool { return o.Name == c.Name }) {
			all = append(all, c)
		}
	}
	return all
}

// partReader reads the rows of one part.
type partReader interface {
	// next returns a batch and the place after it, io.EOF at the end of the part.
	next(ctx context.Context) (source.Batch, checkpoint, error)
	close() error
}

// reader reads the parts of a split one after another.
type reader struct {
	files   *Files
	detail  detail
	table   schema.Table
	columns []schema.Column // those of schema, then those that only the filter looks at
	schema  *arrow.Schema   // of what is delivered
	filter  *rowfilter.Predicate
	at      checkpoint
	part    partReader // nil between two parts

	ctx    context.Context // of the connections: they outlive one call of Next
	cancel context.CancelFunc
	mu     sync.Mutex // Close may interrupt Next
	closed bool
}

func (r *reader) Schema() *arrow.Schema { return r.schema }

func (r *reader) Next(ctx context.Context) (source.Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return source.Batch{}, err
	}
	stop := context.AfterFunc(ctx, r.cancel)
	defer stop()
	batch, err := r.next()
	if err != nil && ctx.Err() != nil {
		return source.Batch{}, ctx.Err()
	}
	return batch, err
}

func (r *reader) next() (source.Batch, error) {
	for {
		if r.closed {
			return source.Batch{}, fault.New(fault.WorkerInvalidCall, "the reader is closed")
		}
		if r.at.Part == len(r.detail.Parts) {
			return source.Batch{}, io.EOF
		}
		if r.part == nil {
			p, err := r.open(r.detail.Parts[r.at.Part])
			if err != nil {
				return source.Batch{}, err
			}
			r.part = p
		}
		batch, after, err := r.part.next(r.ctx)
		if err == io.EOF { //nolint:errorlint // a wrapped EOF is no end
			err = r.part.close()
			r.part = nil
			r.at = checkpoint{Part: r.at.Part + 1}
			if err != nil {
				return source.Batch{}, err
			}
			continue
		}
		if err != nil {
			return source.Batch{}, err
		}
		batch.Part = r.detail.Parts[r.at.Part].label()
		after.Part = r.at.Part
		r.at = after
		batch.After = after.encode()
		return batch, nil
	}
}

func (r *reader) open(p part) (partReader, error) {
	if r.detail.Format == formatParquet {
		return r.openParquet(p)
	}
	return r.openText(p)
}

// partitionsOf returns the partition values of a part's path, by column.
func (r *reader) partitionsOf(p part) []partition {
	place, _ := r.files.layout.place(p.Key)
	values := make([]partition, len(r.columns))
	for i, c := range r.columns {
		if c.Partition {
			values[i] = partitionOf(place.partitions, c.Name)
		}
	}
	return values
}

// names are the columns that stand in the files themselves.
func names(columns []schema.Column) []string {
	var out []string
	for _, c := range columns {
		if !c.Partition {
			out = append(out, c.Name)
		}
	}
	return slices.Clip(out)
}

// Close ends the read at once, also one that is waiting in Next.
func (r *reader) Close() error {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	if r.part == nil {
		return nil
	}
	return r.part.close()
}

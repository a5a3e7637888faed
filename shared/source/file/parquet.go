package file

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/memory"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// parquetFile is an opened Parquet file: its footer has been read.
type parquetFile struct {
	key     string
	ranges  *rangeReader
	file    *parquetfile.Reader
	rows    *pqarrow.FileReader
	shapes  []shape         // of the top-level fields
	columns []schema.Column // the same
}

// openParquet reads a file's footer.
func (f *Files) openParquet(ctx context.Context, obj Object) (pf *parquetFile, err error) {
	pf = &parquetFile{key: obj.Key, ranges: &rangeReader{ctx: ctx, store: f.store, obj: obj}}
	err = pf.guard("the footer", func() error {
		var err error
		if pf.file, err = parquetfile.NewParquetReader(pf.ranges); err != nil {
			return err
		}
		props := pqarrow.ArrowReadProperties{BatchSize: int64(f.limits.batchRows)}
		if pf.rows, err = pqarrow.NewFileReader(pf.file, props, memory.DefaultAllocator); err != nil {
			return err
		}
		for _, field := range pf.rows.Manifest.Fields {
			s := shapeOf(field, pf.file.MetaData().Schema)
			pf.shapes, pf.columns = append(pf.shapes, s), append(pf.columns, s.column())
		}
		return nil
	})
	return pf, err
}

// guard runs a step of decoding. The store's own error comes first; any other,
// and a panic of the decoder, means that the file is damaged.
func (pf *parquetFile) guard(where string, step func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decoding panicked: %v", p)
		}
		if err == nil {
			return
		}
		if pf.ranges.err != nil {
			err = pf.ranges.err
			return
		}
		if strings.Contains(err.Error(), "INT96") {
			err = damaged(pf.key, "an INT96 timestamp is none that nanoseconds can hold (the years 1678 to 2261), so "+where+" cannot be read", err)
			return
		}
		err = damaged(pf.key, "not a readable Parquet file: "+where+" is damaged", err)
	}()
	return step()
}

// footer is what a file's footer told.
type footer struct {
	columns []schema.Column
	rows    int64
}

// sampleParquet reads the footers of some files of a table.
func (f *Files) sampleParquet(ctx context.Context, objects []Object) (content, error) {
	footers := make([]footer, len(objects))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(f.limits.parallel)
	for i, obj := range objects {
		g.Go(func() error {
			pf, err := f.openParquet(ctx, obj)
			if err == nil {
				footers[i] = footer{pf.columns, pf.file.NumRows()}
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return content{}, err
	}
	columns := slices.Clone(footers[0].columns)
	var rows, bytes int64
	for i, one := range footers {
		rows += one.rows
		bytes += objects[i].Size
		if err := sameColumns(objects[i].Key, one.columns, columns); err != nil {
			return content{}, err
		}
		for _, c := range one.columns {
			at := slices.IndexFunc(columns, func(o schema.Column) bool { return o.Name == c.Name })
			columns[at].Nullable = columns[at].Nullable || c.Nullable
		}
	}
	return content{columns: columns, rowsPerByte: float64(rows) / float64(max(bytes, 1))}, nil
}

// sameColumns holds a file's columns against those of its table, in any order.
func sameColumns(key string, columns, want []schema.Column) error {
	for _, w := range want {
		i := slices.IndexFunc(columns, func(c schema.Column) bool { return c.Name == w.Name })
		switch {
		case i < 0:
			return conflicting(key, fmt.Sprintf("lacks the column %q of the table's other files", w.Name))
		case columns[i].Type != w.Type || columns[i].Precision != w.Precision || columns[i].Scale != w.Scale:
			return conflicting(key, fmt.Sprintf("has the column %q as %s, and the table's other files as %s", w.Name, columns[i].Native, w.Native))
		}
	}
	for _, c := range columns {
		if !slices.ContainsFunc(want, func(w schema.Column) bool { return w.Name == c.Name }) {
			return conflicting(key, fmt.Sprintf("has the column %q, which the table's other files lack", c.Name))
		}
	}
	return nil
}

// cutParquet cuts a file at row groups, every target bytes or so, and leaves out
// those for whose rows the filter cannot hold.
func (f *Files) cutParquet(ctx context.Context, obj Object, t schema.Table, filter *rowfilter.Predicate, target int64) (parts []part, err error) {
	pf, err := f.openParquet(ctx, obj)
	if err != nil {
		return nil, err
	}
	if err := sameColumns(obj.Key, withPartitions(pf.columns, partitionsIn(t)), t.Columns); err != nil {
		return nil, err
	}
	place, _ := f.layout.place(obj.Key)
	err = pf.guard("the footer", func() error {
		p := wholeOf(obj)
		end := func(next int) {
			if p.Groups > 0 {
				parts = append(parts, p)
			}
			p = wholeOf(obj)
			p.FirstGroup, p.bytes = next, 0
		}
		end(0)
		for g := range pf.file.NumRowGroups() {
			meta := pf.file.MetaData().RowGroup(g)
			if !pf.mayHold(filter, t, place.partitions, meta) {
				end(g + 1)
				continue
			}
			size := meta.TotalCompressedSize()
			if size <= 0 { // optional in the format
				size = meta.TotalByteSize()
			}
			if p.Groups > 0 && p.bytes+size > target {
				end(g)
			}
			p.Groups++
			p.bytes += size
			p.rows += meta.NumRows()
		}
		end(0)
		return nil
	})
	return parts, err
}

package file

import (
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// parquetReader reads the row groups of a part one after another.
type parquetReader struct {
	file     *parquetFile
	part     part
	columns  []schema.Column // those of schema, then those that only the filter looks at
	schema   *arrow.Schema   // of what is delivered
	filter   *rowfilter.Predicate
	constant []partition
	shapes   []shape // by column
	leaves   []int   // of the wanted columns
	limit    int64

	group   int   // that is read, counted in the part
	row     int64 // that comes next in the group
	before  int64 // rows of the groups before
	records pqarrow.RecordReader
	old     map[int]*oldColumn // by column
}

func (r *reader) openParquet(p part) (partReader, error) {
	file, err := r.files.openParquet(r.ctx, p.object())
	if err != nil {
		return nil, err
	}
	if err := sameColumns(p.Key, withPartitions(file.columns, partitionsIn(r.table)), r.table.Columns); err != nil {
		return nil, err
	}
	pr := &parquetReader{
		file: file, part: p, columns: r.columns, schema: r.schema, filter: r.filter, constant: r.partitionsOf(p),
		limit: int64(r.files.limits.batchRows), old: make(map[int]*oldColumn), group: r.at.Group, row: r.at.Row,
	}
	pr.shapes = make([]shape, len(r.columns))
	for i, c := range r.columns {
		if at := slices.IndexFunc(file.columns, func(o schema.Column) bool { return o.Name == c.Name }); !c.Partition {
			pr.shapes[i] = file.shapes[at]
			if !pr.shapes[i].isInt96() {
				pr.leaves = file.shapes[at].leaves(pr.leaves)
			}
		}
	}
	slices.Sort(pr.leaves)
	for g := range pr.group {
		pr.before += pr.rowsIn(g)
	}
	return pr, nil
}

func partitionsIn(t schema.Table) (columns []schema.Column) {
	for _, c := range t.Columns {
		if c.Partition {
			columns = append(columns, c)
		}
	}
	return columns
}

func (r *parquetReader) rowsIn(group int) int64 {
	return r.file.file.MetaData().RowGroup(r.part.FirstGroup + group).NumRows()
}

func (r *parquetReader) next(ctx context.Context) (source.Batch, checkpoint, error) {
	for r.group < r.part.Groups && r.row >= r.rowsIn(r.group) {
		r.leave()
		r.before += r.rowsIn(r.group)
		r.group, r.row = r.group+1, 0
	}
	if r.group >= r.part.Groups {
		return source.Batch{}, checkpoint{}, io.EOF
	}
	rows := min(r.limit, r.rowsIn(r.group)-r.row)
	var read arrow.RecordBatch
	if len(r.leaves) > 0 {
		var err error
		if read, err = r.read(ctx); err != nil {
			return source.Batch{}, checkpoint{}, err
		}
		rows = read.NumRows()
	}
	if err := r.readOld(int(rows)); err != nil {
		return source.Batch{}, checkpoint{}, err
	}
	batch := r.batch(read, rows)
	r.row += rows
	return batch, checkpoint{Group: r.group, Row: r.row}, nil
}

// read decodes the next rows of the group; they live until the next call.
func (r *parquetReader) read(ctx context.Context) (record arrow.RecordBatch, err error) {
	err = r.file.guard("a row group", func() error {
		if r.records == nil {
			records, err := r.file.rows.GetRecordReader(ctx, r.leaves, []int{r.part.FirstGroup + r.group})
			if err != nil {
				return err
			}
			r.records = records
			if r.row > 0 {
				if err := records.SeekToRow(r.row); err != nil {
					return err
				}
			}
		}
		if !r.records.Next() {
			if err := r.records.Err(); err != nil {
				return err
			}
			return io.ErrUnexpectedEOF
		}
		record = r.records.RecordBatch()
		return nil
	})
	return record, err
}

// oldColumn is a column of INT96 timestamps, which is read apart.
type oldColumn struct {
	reader *int96Reader
	values arrow.Array // of the current rows
	beyond []int       // the rows whose value is out of range
}

// readOld reads the next rows of the INT96 columns.
func (r *parquetReader) readOld(rows int) error {
	return r.file.guard("a row group", func() error {
		for i, s := range r.shapes {
			if !s.isInt96() {
				continue
			}
			old := r.old[i]
			if old == nil {
				reader, err := openInt96(r.file.file.RowGroup(r.part.FirstGroup+r.group), s.leaf, r.row)
				if err != nil {
					return err
				}
				old = &oldColumn{reader: reader}
				r.old[i] = old
			}
			var err error
			if old.values, old.beyond, err = old.reader.read(rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// batch delivers decoded rows in the wanted columns. read is nil when only
// partitions are wanted.
func (r *parquetReader) batch(read arrow.RecordBatch, rows int64) source.Batch {
	d := delivery{first: r.before + r.row + 1, rows: int(rows)}
	all := make([]arrow.Array, len(r.columns))
	take := func(i int) arrow.Array {
		if all[i] == nil {
			all[i] = r.column(read, i, &d)
		}
		return all[i]
	}
	if r.filter != nil {
		r.leaveOut(take, &d)
	}
	for i := range r.schema.NumFields() {
		take(i)
	}
	record := array.NewRecordBatch(r.schema, all[:r.schema.NumFields()], rows)
	for _, a := range all {
		a.Release()
	}
	batch := source.Batch{Record: record, Rejects: d.rejects, Origins: d.origins()}
	if d.keep != nil {
		batch.Record = rowfilter.Select(record, d.keep)
		record.Release()
	}
	slices.SortFunc(batch.Rejects, func(x, y source.Reject) int { return cmp.Compare(x.Origin, y.Origin) })
	return batch
}

// delivery is what becomes of the rows of one batch.
type delivery struct {
	first   int64 // number of the first row
	rows    int
	keep    []bool // nil while all are kept
	rejects []source.Reject
}

// drop leaves a row out. It returns false when the row was left out before.
func (d *delivery) drop(row int) bool {
	if d.keep == nil {
		d.keep = make([]bool, d.rows)
		for i := range d.keep {
			d.keep[i] = true
		}
	}
	kept := d.keep[row]
	d.keep[row] = false
	return kept
}

// origins are the numbers of the rows that are kept.
func (d *delivery) origins() []int64 {
	origins := make([]int64, d.rows)
	if d.keep == nil {
		for row := range origins {
			origins[row] = d.first + int64(row)
		}
		return origins
	}
	kept := 0
	for row, keep := range d.keep {
		if keep {
			origins[kept] = d.first + int64(row)
			kept++
		}
	}
	return origins[:kept]
}

func (d *delivery) reject(row int, column, rule, reason string) {
	if d.drop(row) {
		d.rejects = append(d.rejects, source.Reject{Origin: d.first + int64(row), Column: column, Rule: rule, Reason: reason})
	}
}

func (r *parquetReader) column(read arrow.RecordBatch, i int, d *delivery) arrow.Array {
	col := r.columns[i]
	if col.Partition {
		return constantArray(col, r.constant[i], d.rows)
	}
	if old := r.old[i]; old != nil {
		for _, row := range old.beyond {
			d.reject(row, col.Name, ruleWrongType, "is not a valid "+string(col.Type))
		}
		return old.values
	}
	at := read.Schema().FieldIndices(col.Name)[0]
	return r.shapes[i].deliver(read.Column(at), col, func(row int, rule, reason string) { d.reject(row, col.Name, rule, reason) })
}

// leaveOut drops the rows that the filter does not want. It comes before the
// other columns are looked at: such a row cannot be at fault in one of them.
func (r *parquetReader) leaveOut(take func(int) arrow.Array, d *delivery) {
	columns := r.filter.Columns()
	values := make([]arrow.Array, len(columns))
	for n, c := range columns {
		values[n] = take(slices.IndexFunc(r.columns, func(o schema.Column) bool { return o.Name == c.Name }))
	}
	rec := array.NewRecordBatch(source.ArrowSchema(columns), values, int64(d.rows))
	defer rec.Release()
	for row, holds := range r.filter.Mask(rec) {
		if !holds {
			d.drop(row)
		}
	}
}

// leave drops the decoders of the current group.
func (r *parquetReader) leave() {
	clear(r.old)
	if r.records != nil {
		r.records.Release()
		r.records = nil
	}
}

func (r *parquetReader) close() error {
	r.leave()
	return nil
}

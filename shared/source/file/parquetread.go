package file

import (
	"context"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// parquetReader reads the row groups of a part one after another.
type parquetReader struct {
	file     *parquetFile
	part     part
	columns  []schema.Column
	schema   *arrow.Schema
	constant []partition
	leaves   []int // of the wanted columns
	limit    int64

	group   int   // that is read, counted in the part
	row     int64 // that comes next in the group
	before  int64 // rows of the groups before
	records pqarrow.RecordReader
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
		file: file, part: p, columns: r.columns, schema: r.schema, constant: r.partitionsOf(p),
		limit: int64(r.files.limits.batchRows), group: r.at.Group, row: r.at.Row,
	}
	wanted := make(map[string]bool)
	for _, name := range names(r.columns) {
		wanted[name] = true
	}
	for _, field := range file.rows.Manifest.Fields {
		if wanted[field.Field.Name] {
			pr.leaves = appendLeaves(pr.leaves, field)
		}
	}
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

func appendLeaves(leaves []int, f pqarrow.SchemaField) []int {
	if f.IsLeaf() {
		return append(leaves, f.ColIndex)
	}
	for _, child := range f.Children {
		leaves = appendLeaves(leaves, child)
	}
	return leaves
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

// batch delivers decoded rows in the wanted columns. read is nil when only
// partitions are wanted.
func (r *parquetReader) batch(read arrow.RecordBatch, rows int64) source.Batch {
	first := r.before + r.row + 1
	faulty := map[int]source.Reject{}
	columns := make([]arrow.Array, len(r.columns))
	for i, col := range r.columns {
		if col.Partition {
			columns[i] = constantArray(col, r.constant[i], int(rows))
			continue
		}
		at := read.Schema().FieldIndices(col.Name)[0]
		columns[i] = deliver(read.Column(at), col, func(row int, rule, reason string) {
			if _, known := faulty[row]; !known {
				faulty[row] = source.Reject{Origin: first + int64(row), Column: col.Name, Rule: rule, Reason: reason}
			}
		})
	}
	var batch source.Batch
	for row := range int(rows) {
		if reject, bad := faulty[row]; bad {
			batch.Rejects = append(batch.Rejects, reject)
		} else {
			batch.Origins = append(batch.Origins, first+int64(row))
		}
	}
	for i := range columns {
		if len(faulty) > 0 {
			columns[i] = without(columns[i], faulty)
		}
		defer columns[i].Release()
	}
	batch.Record = array.NewRecordBatch(r.schema, columns, int64(len(batch.Origins)))
	return batch
}

// without returns arr without some rows, and releases arr.
func without(arr arrow.Array, rows map[int]source.Reject) arrow.Array {
	defer arr.Release()
	b := array.NewBuilder(memory.DefaultAllocator, arr.DataType())
	defer b.Release()
	for row := range arr.Len() {
		if _, drop := rows[row]; drop {
			continue
		}
		if arr.IsNull(row) || !appendValue(b, arr, row) {
			b.AppendNull()
		}
	}
	return b.NewArray()
}

// leave drops the decoder of the current group.
func (r *parquetReader) leave() {
	if r.records != nil {
		r.records.Release()
		r.records = nil
	}
}

func (r *parquetReader) close() error {
	r.leave()
	return nil
}

package lake

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/fault"
)

// layout says which columns a data file has, in the table's order, and where a batch has them. A column that the batches
// lack is not in the file either: readers take it for null.
type layout struct {
	table *iceberg.Schema
	file  *arrow.Schema
	from  []int // column of the batch, by column of the file
	given int   // columns of a batch
}

func layoutOf(tbl *table.Table, in *arrow.Schema) (*layout, error) {
	for _, field := range tbl.Schema().Fields() {
		if field.Required && !in.HasField(field.Name) {
			return nil, fault.Field(fault.LakeIncompatible, field.Name, "the rows have no such column, which the table requires")
		}
	}
	return someOf(tbl, in)
}

// someOf is the layout of files that have those columns of the table that the batches have.
func someOf(tbl *table.Table, in *arrow.Schema) (*layout, error) {
	l := &layout{table: tbl.Schema(), given: in.NumFields()}
	var fields []iceberg.NestedField
	for _, field := range tbl.Schema().Fields() {
		if at := in.FieldIndices(field.Name); len(at) > 0 {
			fields, l.from = append(fields, field), append(l.from, at[0])
		}
	}
	if len(l.from) < in.NumFields() {
		for _, field := range in.Fields() {
			if _, ok := tbl.Schema().FindFieldByName(field.Name); !ok {
				return nil, fault.Field(fault.LakeIncompatible, field.Name, "the table has no column of this name")
			}
		}
		return nil, errors.New("the rows have a column twice")
	}
	file, err := table.SchemaToArrowSchemaWithOptions(iceberg.NewSchema(0, fields...), table.ArrowSchemaOptions{IncludeFieldIDs: true})
	if err != nil {
		return nil, fmt.Errorf("describing a data file: %w", err)
	}
	for i, field := range file.Fields() {
		if given := in.Field(l.from[i]); !arrow.TypeEqual(field.Type, given.Type) {
			return nil, fault.Field(fault.LakeIncompatible, field.Name, fmt.Sprintf("the rows have it as %s, the table as %s", given.Type, field.Type))
		}
	}
	l.file = file
	return l, nil
}

// column is the file's column of the table's field; -1 when it has none.
func (l *layout) column(fieldID int) int {
	name, _ := l.table.FindColumnName(fieldID)
	at := l.file.FieldIndices(name)
	if len(at) == 0 {
		return -1
	}
	return at[0]
}

// write puts the batch into files as they have it.
func (l *layout) write(batch arrow.RecordBatch, to shape) error {
	some, err := l.apply(batch)
	if err != nil {
		return err
	}
	defer some.Release()
	return to.write(some)
}

// apply returns the batch as the file has it. It is the caller's to release.
func (l *layout) apply(batch arrow.RecordBatch) (arrow.RecordBatch, error) {
	if int(batch.NumCols()) != l.given {
		return nil, errors.New("the batch has other columns than the writer was opened for")
	}
	columns := make([]arrow.Array, len(l.from))
	for i, from := range l.from {
		columns[i] = batch.Column(from)
	}
	return array.NewRecordBatch(l.file, columns, batch.NumRows()), nil
}

package pipeline

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/schema"
)

// needed lists the columns of the source that are looked at.
func (m *Mapper) needed() []int {
	var needed []int
	for _, c := range m.columns {
		if c.source >= 0 {
			needed = append(needed, c.source)
		}
	}
	if m.filter != nil {
		needed = append(needed, m.filter.columns...)
	}
	if m.windows != nil {
		needed = append(needed, m.windows.source)
	}
	if m.cursor != nil {
		needed = append(needed, m.cursor.source)
	}
	if m.prints != nil {
		needed = append(needed, m.prints.sources...)
	}
	slices.Sort(needed)
	return slices.Compact(needed)
}

// fits makes sure of what the kernels rely on.
func (m *Mapper) fits(record arrow.RecordBatch) error {
	for _, at := range m.needs {
		if at >= int(record.NumCols()) || !arrow.TypeEqual(record.Column(at).DataType(), m.in.Field(at).Type) {
			return changed(m.in.Field(at).Name, "the batch does not have the reader's schema")
		}
	}
	return nil
}

// find returns the index of a column that must have this type.
func find(in *arrow.Schema, name string, want arrow.DataType) (int, error) {
	index := in.FieldIndices(name)
	if len(index) == 0 {
		return 0, changed(name, "the column is missing")
	}
	if from := in.Field(index[0]).Type; !arrow.TypeEqual(from, want) {
		return 0, changed(name, fmt.Sprintf("the column is %s and was %s", from, want))
	}
	return index[0], nil
}

// arrowType is the Arrow type of a logical type in the lake.
func arrowType(t schema.Type) (arrow.DataType, error) {
	switch t {
	case schema.String, schema.JSON:
		return arrow.BinaryTypes.String, nil
	case schema.Int64:
		return arrow.PrimitiveTypes.Int64, nil
	case schema.Float64:
		return arrow.PrimitiveTypes.Float64, nil
	case schema.Decimal:
		return decimalType, nil
	case schema.Bool:
		return arrow.FixedWidthTypes.Boolean, nil
	case schema.Date:
		return arrow.FixedWidthTypes.Date32, nil
	case schema.Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us, nil
	case schema.Time:
		return arrow.FixedWidthTypes.Time64us, nil
	case schema.Bytes:
		return arrow.BinaryTypes.Binary, nil
	}
	return nil, fmt.Errorf("the mapping is not resolved: type %q", t)
}

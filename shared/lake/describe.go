package lake

import (
	"context"
	"fmt"

	"github.com/apache/iceberg-go"

	"github.com/headwaterhq/headwater/shared/schema"
)

// Description is what a table is now.
type Description struct {
	Columns []schema.Column
	Bucket  Bucket // as Buckets has it
	Rows    int64  // in all data files, also those that pending deletes hide
}

// Describe returns what the table is now. A table that does not exist is fault.LakeTableMissing.
func (l *Lake) Describe(ctx context.Context, id TableID) (Description, error) {
	tbl, err := l.load(l.with(ctx), id)
	if err != nil {
		return Description{}, err
	}
	var d Description
	for _, field := range tbl.Schema().Fields() {
		column, err := columnOf(field)
		if err != nil {
			return Description{}, err
		}
		d.Columns = append(d.Columns, column)
	}
	d.Bucket, _ = firstBucket(tbl)
	if s := tbl.CurrentSnapshot(); s != nil {
		d.Rows = snapshotFrom(*s).TotalRows
	}
	return d, nil
}

// columnOf is the column that fieldOf describes.
func columnOf(f iceberg.NestedField) (schema.Column, error) {
	c := schema.Column{Name: f.Name, Nullable: !f.Required}
	switch t := f.Type.(type) {
	case iceberg.StringType:
		c.Type = schema.String
		if isJSON(f) {
			c.Type = schema.JSON
		}
	case iceberg.Int64Type:
		c.Type = schema.Int64
	case iceberg.Float64Type:
		c.Type = schema.Float64
	case iceberg.DecimalType:
		c.Type, c.Precision, c.Scale = schema.Decimal, int32(t.Precision()), int32(t.Scale())
	case iceberg.BooleanType:
		c.Type = schema.Bool
	case iceberg.DateType:
		c.Type = schema.Date
	case iceberg.TimestampTzType:
		c.Type = schema.Timestamp
	case iceberg.TimeType:
		c.Type = schema.Time
	case iceberg.BinaryType:
		c.Type = schema.Bytes
	default:
		return c, fmt.Errorf("describing column %s: the lake makes no %s", f.Name, f.Type)
	}
	return c, nil
}

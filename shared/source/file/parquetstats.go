package file

import (
	"math"
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// mayHold reports whether a filter may hold for a row of a row group, by the
// group's statistics and the partitions in the file's path.
func (pf *parquetFile) mayHold(filter *rowfilter.Predicate, t schema.Table, partitions []partition, group *metadata.RowGroupMetaData) bool {
	return filter.MayHold(func(name string) rowfilter.Bounds {
		if c, _ := t.Column(name); c.Partition {
			return partitionBounds(t, partitions, name)
		}
		for i, c := range pf.columns {
			if c.Name == name {
				return pf.shapes[i].bounds(c, group)
			}
		}
		return rowfilter.Bounds{Rows: group.NumRows(), Nulls: -1}
	})
}

// bounds are what the statistics of a row group say of a column, in the type
// that it is delivered in. Statistics that say nothing, or nothing certain, are
// unknown bounds.
func (s shape) bounds(col schema.Column, group *metadata.RowGroupMetaData) rowfilter.Bounds {
	unknown := rowfilter.Bounds{Rows: group.NumRows(), Nulls: -1}
	if s.leaf < 0 {
		return unknown
	}
	chunk, err := group.ColumnChunk(s.leaf)
	if err != nil {
		return unknown
	}
	stats, err := chunk.Statistics()
	if err != nil || stats == nil {
		return unknown
	}
	b := unknown
	if stats.HasNullCount() {
		b.Nulls = stats.NullCount()
	}
	if stats.HasMinMax() {
		b.Extremes = s.extremes(col, stats)
	}
	return b
}

// extremes are the least and the greatest value of statistics; nil when they
// cannot be told.
func (s shape) extremes(col schema.Column, stats metadata.TypedStatistics) arrow.Array {
	raw := s.physical(stats.Type(), stats.EncodeMin(), stats.EncodeMax())
	if raw == nil {
		return nil
	}
	known := true
	out := s.deliver(raw, col, func(_ int, rule, _ string) { known = known && rule == ruleNotUTF8 }) // a bound may be cut inside a character
	if floats, ok := out.(*array.Float64); ok {
		known = known && !math.IsNaN(floats.Value(0)) && !math.IsNaN(floats.Value(1))
	}
	if !known || out.NullN() > 0 {
		return nil
	}
	return out
}

// physical makes an array of the field's type out of two values as statistics
// have them, in Parquet's plain encoding; nil where the order of the statistics
// is not that of the delivered values.
func (s shape) physical(physical parquet.Type, least, greatest []byte) arrow.Array {
	dt := storage(s.field.Type)
	fixed := func(dt arrow.DataType, width int) arrow.Array {
		if len(least) != width || len(greatest) != width {
			return nil
		}
		data := append(append([]byte(nil), least...), greatest...)
		return makeArray(dt, 2, 0, nil, data)
	}
	if d, ok := dt.(arrow.DecimalType); ok {
		return decimalExtremes(d, physical, least, greatest)
	}
	switch physical {
	case parquet.Types.Boolean:
		b := array.NewBooleanBuilder(memory.DefaultAllocator)
		defer b.Release()
		b.AppendValues([]bool{len(least) > 0 && least[0] != 0, len(greatest) > 0 && greatest[0] != 0}, nil)
		return b.NewArray()
	case parquet.Types.Int32:
		switch dt.ID() {
		case arrow.INT8, arrow.INT16, arrow.UINT8, arrow.UINT16:
			return fixed(arrow.PrimitiveTypes.Int32, 4)
		case arrow.INT32, arrow.UINT32, arrow.DATE32, arrow.TIME32:
			return fixed(dt, 4)
		}
	case parquet.Types.Int64:
		switch dt.ID() {
		case arrow.INT64, arrow.UINT64, arrow.TIME64, arrow.TIMESTAMP, arrow.DURATION:
			return fixed(dt, 8)
		}
	case parquet.Types.Float:
		return fixed(arrow.PrimitiveTypes.Float32, 4)
	case parquet.Types.Double:
		return fixed(arrow.PrimitiveTypes.Float64, 8)
	case parquet.Types.FixedLenByteArray:
		if dt.ID() == arrow.FLOAT16 {
			return fixed(dt, 2)
		}
		if f, ok := dt.(*arrow.FixedSizeBinaryType); ok && s.meaning == plainValue && arrow.TypeEqual(s.field.Type, dt) {
			return fixed(dt, f.ByteWidth)
		}
	case parquet.Types.ByteArray:
		if s.meaning == plainValue || s.meaning == enumText {
			return textExtremes(dt, least, greatest)
		}
	}
	return nil
}

func textExtremes(dt arrow.DataType, least, greatest []byte) arrow.Array {
	switch dt.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		b.AppendValues([]string{string(least), string(greatest)}, nil)
		return b.NewArray()
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW:
		b := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
		defer b.Release()
		b.AppendValues([][]byte{least, greatest}, nil)
		return b.NewArray()
	}
	return nil
}

// decimalExtremes reads unscaled decimals: little-endian in integers,
// big-endian two's complement in bytes.
func decimalExtremes(dt arrow.DecimalType, physical parquet.Type, least, greatest []byte) arrow.Array {
	if dt.GetPrecision() > maxDecimal {
		return nil // delivered as text, which has another order
	}
	b := array.NewDecimal128Builder(memory.DefaultAllocator, &arrow.Decimal128Type{Precision: dt.GetPrecision(), Scale: dt.GetScale()})
	defer b.Release()
	for _, v := range [][]byte{least, greatest} {
		n := new(big.Int)
		switch physical {
		case parquet.Types.Int32, parquet.Types.Int64:
			reversed := make([]byte, len(v))
			for i := range v {
				reversed[len(v)-1-i] = v[i]
			}
			v = reversed
		}
		if len(v) == 0 || len(v) > 16 {
			return nil
		}
		n.SetBytes(v)
		if v[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
		}
		b.Append(decimal128.FromBigInt(n))
	}
	return b.NewArray()
}

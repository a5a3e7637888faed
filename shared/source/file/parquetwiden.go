package file

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// widen converts the usual narrow types into the one that a column is delivered
// in, in one loop and with the validity of what it converts; nil when it takes
// more than that.
func widen(arr arrow.Array, want arrow.DataType) arrow.Array {
	if arr.Data().Offset() != 0 {
		return nil
	}
	switch want.ID() {
	case arrow.INT64:
		switch a := arr.(type) {
		case *array.Int32:
			return widened(arr, want, a.Int32Values(), 1)
		case *array.Int16:
			return widened(arr, want, a.Int16Values(), 1)
		case *array.Int8:
			return widened(arr, want, a.Int8Values(), 1)
		case *array.Uint32:
			return widened(arr, want, a.Uint32Values(), 1)
		case *array.Uint16:
			return widened(arr, want, a.Uint16Values(), 1)
		case *array.Uint8:
			return widened(arr, want, a.Uint8Values(), 1)
		}
	case arrow.FLOAT64:
		if a, ok := arr.(*array.Float32); ok {
			values := a.Float32Values()
			out := make([]float64, len(values))
			for i, v := range values {
				out[i] = float64(v)
			}
			return withValidity(arr, want, memory.NewBufferBytes(bytesOf(out)))
		}
	case arrow.TIME64:
		if a, ok := arr.(*array.Time32); ok && a.DataType().(*arrow.Time32Type).Unit == arrow.Millisecond {
			return widened(arr, want, a.Time32Values(), 1000)
		}
	case arrow.TIMESTAMP:
		a, ok := arr.(*array.Timestamp)
		if !ok {
			return nil
		}
		switch a.DataType().(*arrow.TimestampType).Unit {
		case arrow.Microsecond: // that only lacks the zone
			return withValidity(arr, want, arr.Data().Buffers()[1])
		case arrow.Nanosecond:
			values := a.TimestampValues()
			out := make([]int64, len(values))
			for i, v := range values {
				out[i] = floorDiv(int64(v), 1000)
			}
			return withValidity(arr, want, memory.NewBufferBytes(bytesOf(out)))
		case arrow.Millisecond:
			values := a.TimestampValues()
			out := make([]int64, len(values))
			for i, v := range values {
				if v > math.MaxInt64/1000 || v < math.MinInt64/1000 {
					return nil
				}
				out[i] = int64(v) * 1000
			}
			return withValidity(arr, want, memory.NewBufferBytes(bytesOf(out)))
		}
	}
	return nil
}

func widened[T ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32](arr arrow.Array, want arrow.DataType, values []T, factor int64) arrow.Array {
	out := make([]int64, len(values))
	for i, v := range values {
		out[i] = int64(v) * factor
	}
	return withValidity(arr, want, memory.NewBufferBytes(bytesOf(out)))
}

// withValidity makes an array of values that are NULL where arr is.
func withValidity(arr arrow.Array, want arrow.DataType, values *memory.Buffer) arrow.Array {
	validity := arr.Data().Buffers()[0]
	if arr.NullN() == 0 {
		validity = nil
	}
	data := array.NewData(want, arr.Len(), []*memory.Buffer{validity, values}, nil, arr.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}

package lake

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/fault"
)

// What a comparable value begins with.
const (
	isNull  = 0
	isValue = 1
)

// appender adds a row's value to dst, such that bytes.Compare orders values as
// the lake does, nulls first, also when further values follow. Different values
// never look alike.
type appender func(dst []byte, row int) []byte

func appenderOf(name string, column arrow.Array) (appender, error) {
	value := appendValue(column)
	if value == nil {
		return nil, fault.Field(fault.LakeIncompatible, name, "values of this column cannot be compared")
	}
	return func(dst []byte, row int) []byte {
		if column.IsNull(row) {
			return append(dst, isNull)
		}
		return value(append(dst, isValue), row)
	}, nil
}

func appendValue(column arrow.Array) appender {
	switch a := column.(type) {
	case *array.String:
		return func(dst []byte, row int) []byte { return appendText(dst, a.Value(row)) }
	case *array.LargeString:
		return func(dst []byte, row int) []byte { return appendText(dst, a.Value(row)) }
	case *array.Binary:
		return func(dst []byte, row int) []byte { return appendText(dst, a.Value(row)) }
	case *array.LargeBinary:
		return func(dst []byte, row int) []byte { return appendText(dst, a.Value(row)) }
	case *array.Int64:
		return func(dst []byte, row int) []byte { return appendSigned(dst, a.Value(row)) }
	case *array.Timestamp:
		return func(dst []byte, row int) []byte { return appendSigned(dst, int64(a.Value(row))) }
	case *array.Time64:
		return func(dst []byte, row int) []byte { return appendSigned(dst, int64(a.Value(row))) }
	case *array.Date32:
		return func(dst []byte, row int) []byte { return appendSigned(dst, int64(a.Value(row))) }
	case *array.Decimal128:
		return func(dst []byte, row int) []byte {
			return binary.BigEndian.AppendUint64(appendSigned(dst, a.Value(row).HighBits()), a.Value(row).LowBits())
		}
	case *array.Float64:
		return func(dst []byte, row int) []byte { return appendFloat(dst, a.Value(row)) }
	case *array.Boolean:
		return func(dst []byte, row int) []byte {
			if a.Value(row) {
				return append(dst, 1)
			}
			return append(dst, 0)
		}
	}
	return nil
}

func appendSigned(dst []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(v)^(1<<63))
}

// appendFloat orders -Inf, negative numbers, zeros, positive numbers, +Inf, NaN.
func appendFloat(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return binary.BigEndian.AppendUint64(dst, math.MaxUint64)
	case v == 0:
		v = 0 // of either sign
	}
	bits := math.Float64bits(v)
	if bits>>63 == 1 {
		return binary.BigEndian.AppendUint64(dst, ^bits)
	}
	return binary.BigEndian.AppendUint64(dst, bits|1<<63)
}

// appendText ends the text with two zero bytes, and writes a zero byte within it as zero, one.
func appendText[T string | []byte](dst []byte, text T) []byte {
	for i := range len(text) {
		if dst = append(dst, text[i]); text[i] == 0 {
			dst = append(dst, 1)
		}
	}
	return append(dst, 0, 0)
}

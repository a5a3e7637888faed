package arrowchunk

import (
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
)

// fixed writes numbers as unscaled integers of the narrowest width that all of
// them fit, and as decimals where that is more than 64 bits. Chunks of one
// result may therefore differ in width, as the service's do.
func fixed(t datatype.Type, source string, v *engine.Vector, rows int) (arrow.Array, error) {
	if v.Floats != nil || v.Texts != nil {
		return nil, fmt.Errorf("no numbers in type %s", source)
	}
	scale := 0
	if strings.HasPrefix(source, "DECIMAL(") {
		if _, err := fmt.Sscanf(source[strings.IndexByte(source, ',')+1:], "%d)", &scale); err != nil {
			return nil, fmt.Errorf("scale of %s: %w", source, err)
		}
	}
	if scale != t.Scale {
		return nil, fmt.Errorf("%s is not of scale %d", source, t.Scale)
	}
	low, high := int64(0), int64(0)
	for i, x := range v.Ints {
		if v.Null(i) {
			continue
		}
		if v.High != nil && v.High[i] != x>>63 {
			return wide(t, v, rows), nil
		}
		low, high = min(low, x), max(high, x)
	}
	switch {
	case low >= math.MinInt8 && high <= math.MaxInt8:
		b := array.NewInt8Builder(memory.DefaultAllocator)
		narrow(b, v, func(x int64) { b.UnsafeAppend(int8(x)) }, rows)
		return b.NewArray(), nil
	case low >= math.MinInt16 && high <= math.MaxInt16:
		b := array.NewInt16Builder(memory.DefaultAllocator)
		narrow(b, v, func(x int64) { b.UnsafeAppend(int16(x)) }, rows)
		return b.NewArray(), nil
	case low >= math.MinInt32 && high <= math.MaxInt32:
		b := array.NewInt32Builder(memory.DefaultAllocator)
		narrow(b, v, func(x int64) { b.UnsafeAppend(int32(x)) }, rows)
		return b.NewArray(), nil
	default:
		b := array.NewInt64Builder(memory.DefaultAllocator)
		b.AppendValues(v.Ints, v.Valid)
		return b.NewArray(), nil
	}
}

func narrow(b array.Builder, v *engine.Vector, put func(int64), rows int) {
	b.Reserve(rows)
	for i, x := range v.Ints {
		if v.Null(i) {
			b.AppendNull()
		} else {
			put(x)
		}
	}
}

func wide(t datatype.Type, v *engine.Vector, rows int) arrow.Array {
	b := array.NewDecimal128Builder(memory.DefaultAllocator, &arrow.Decimal128Type{Precision: 38, Scale: int32(t.Scale)})
	b.Reserve(rows)
	for i, x := range v.Ints {
		if v.Null(i) {
			b.AppendNull()
		} else {
			b.Append(decimal128.New(v.High[i], uint64(x)))
		}
	}
	return b.NewArray()
}

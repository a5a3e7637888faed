package datafile

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// bounds are the least and the greatest value of a column.
type bounds interface {
	// add takes values in, and returns how many are not a number.
	add(arr arrow.Array) (nans int64)
	// ends are both in Iceberg's single-value form, truncated as a manifest has
	// them: the lower down, the upper up. One that is nil is not known.
	ends() (lower, upper []byte)
}

type wholeBounds[T int32 | int64] struct {
	values   func(arrow.Array) []T
	any      bool
	min, max T
}

func (b *wholeBounds[T]) add(arr arrow.Array) int64 {
	for i, v := range b.values(arr) {
		if arr.NullN() > 0 && arr.IsNull(i) {
			continue
		}
		if !b.any {
			b.min, b.max, b.any = v, v, true
		}
		b.min, b.max = min(b.min, v), max(b.max, v)
	}
	return 0
}

func (b *wholeBounds[T]) ends() (lower, upper []byte) {
	if !b.any {
		return nil, nil
	}
	lower, _ = binary.Append(nil, binary.LittleEndian, b.min)
	upper, _ = binary.Append(nil, binary.LittleEndian, b.max)
	return lower, upper
}

// floatBounds leaves NaN out, which has no place in an order, and takes a zero of
// either sign as both, as Parquet and Iceberg ask.
type floatBounds struct {
	any      bool
	min, max float64
}

func (b *floatBounds) add(arr arrow.Array) (nans int64) {
	for i, v := range arr.(*array.Float64).Float64Values() {
		switch {
		case arr.IsNull(i):
		case v != v:
			nans++
		case !b.any:
			b.min, b.max, b.any = v, v, true
		default:
			b.min, b.max = min(b.min, v), max(b.max, v)
		}
	}
	return nans
}

func (b *floatBounds) ends() (lower, upper []byte) {
	if !b.any {
		return nil, nil
	}
	least, greatest := b.min, b.max
	if least == 0 {
		least = math.Copysign(0, -1)
	}
	if greatest == 0 {
		greatest = 0
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(least)), binary.LittleEndian.AppendUint64(nil, math.Float64bits(greatest))
}

type boolBounds struct{ seen [2]bool }

func (b *boolBounds) add(arr arrow.Array) int64 {
	values := arr.(*array.Boolean)
	for i := range values.Len() {
		if values.IsValid(i) {
			if values.Value(i) {
				b.seen[1] = true
			} else {
				b.seen[0] = true
			}
		}
	}
	return 0
}

func (b *boolBounds) ends() (lower, upper []byte) {
	if !b.seen[0] && !b.seen[1] {
		return nil, nil
	}
	lower, upper = []byte{1}, []byte{0}
	if b.seen[0] {
		lower[0] = 0
	}
	if b.seen[1] {
		upper[0] = 1
	}
	return lower, upper
}

type decimalBounds struct {
	any      bool
	min, max decimal128.Num
}

func (b *decimalBounds) add(arr arrow.Array) int64 {
	for i, v := range arr.(*array.Decimal128).Values() {
		if arr.IsNull(i) {
			continue
		}
		if !b.any {
			b.min, b.max, b.any = v, v, true
		}
		if v.Less(b.min) {
			b.min = v
		}
		if b.max.Less(v) {
			b.max = v
		}
	}
	return 0
}

func (b *decimalBounds) ends() (lower, upper []byte) {
	if !b.any {
		return nil, nil
	}
	return shortest(b.min), shortest(b.max)
}

// shortest is a number in big-endian two's complement, in as few bytes as hold it.
func shortest(n decimal128.Num) []byte {
	var all [16]byte
	binary.BigEndian.PutUint64(all[:8], uint64(n.HighBits()))
	binary.BigEndian.PutUint64(all[8:], n.LowBits())
	from := 0
	for from < 15 && (all[from] == 0 && all[from+1] < 0x80 || all[from] == 0xff && all[from+1] >= 0x80) {
		from++
	}
	return bytes.Clone(all[from:])
}

type textBounds struct {
	truncate func(value []byte, up bool) []byte
	any      bool
	min, max []byte
}

func (b *textBounds) add(arr arrow.Array) int64 {
	value := valueOf(arr)
	for i := range arr.Len() {
		if arr.IsNull(i) {
			continue
		}
		v := value(i)
		switch {
		case !b.any:
			b.min, b.max, b.any = bytes.Clone(v), bytes.Clone(v), true
		case bytes.Compare(v, b.min) < 0:
			b.min = append(b.min[:0], v...)
		case bytes.Compare(v, b.max) > 0:
			b.max = append(b.max[:0], v...)
		}
	}
	return 0
}

func valueOf(arr arrow.Array) func(int) []byte {
	if text, ok := arr.(*array.String); ok {
		return func(i int) []byte { return []byte(text.Value(i)) }
	}
	return arr.(*array.Binary).Value
}

func (b *textBounds) ends() (lower, upper []byte) {
	if !b.any {
		return nil, nil
	}
	return b.truncate(b.min, false), b.truncate(b.max, true)
}

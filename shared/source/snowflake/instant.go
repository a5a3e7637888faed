package snowflake

import (
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

const (
	microsPerSecond = 1_000_000
	nanosPerMicro   = 1_000
	nanoDigits      = 9
)

// powers of ten, as far as scales go.
func power(digits int32) int64 {
	p := int64(1)
	for range digits {
		p *= 10
	}
	return p
}

// microsOf returns a function from units of a scale to microseconds, digits
// beyond which are cut toward the past.
func microsOf(scale int32) func(int64) int64 {
	if scale <= microDigits {
		factor := power(microDigits - scale)
		return func(v int64) int64 { return v * factor }
	}
	factor := power(scale - microDigits)
	return func(v int64) int64 { return floor(v, factor) }
}

func floor(v, by int64) int64 {
	q := v / by
	if v%by < 0 {
		q--
	}
	return q
}

func toTime(a arrow.Array, scale int32) (arrow.Array, error) {
	if _, ok := a.(*array.Int64); ok && scale == microDigits {
		return retyped(a, arrow.FixedWidthTypes.Time64us), nil
	}
	return eachInt(a, arrow.FixedWidthTypes.Time64us, int64Size, arrow.Int64Traits.CastFromBytes, microsOf(scale))
}

// toTimestamp takes numbers of units since 1970, or structs of seconds and
// nanoseconds; with a zone, structs that end in the offset, of which only the
// instant is kept.
func toTimestamp(a arrow.Array, scale int32, zoned bool) (arrow.Array, error) {
	to := arrow.FixedWidthTypes.Timestamp_us
	if _, ok := a.(*array.Int64); ok && scale == microDigits {
		return retyped(a, to), nil
	}
	s, ok := a.(*array.Struct)
	if !ok {
		return eachInt(a, to, int64Size, arrow.Int64Traits.CastFromBytes, microsOf(scale))
	}
	seconds, nanos, err := instants(s, zoned)
	if err != nil {
		return nil, err
	}
	convert := microsOf(scale)
	return fill(partly(s), to, int64Size, arrow.Int64Traits.CastFromBytes, func(i int) int64 {
		if nanos == nil {
			return convert(seconds[i])
		}
		return seconds[i]*microsPerSecond + int64(nanos[i])/nanosPerMicro
	}), nil
}

// partly is the array whose NULLs are those of a struct of instants: the struct
// itself or, for writers that leave it whole, its seconds.
func partly(s *array.Struct) arrow.Array {
	if s.NullN() == 0 {
		return s.Field(0)
	}
	return s
}

// instants are the parts of timestamps in structs: the first is in units of
// the scale when there is no second. They are cut as the array is.
func instants(s *array.Struct, zoned bool) ([]int64, []int32, error) {
	parts := s.NumField()
	if zoned {
		parts-- // the offset
	}
	if parts < 1 || parts > 2 {
		return nil, nil, unexpected(s)
	}
	first, ok := s.Field(0).(*array.Int64)
	if !ok {
		return nil, nil, unexpected(s)
	}
	if parts == 1 {
		return first.Int64Values(), nil, nil
	}
	second, ok := s.Field(1).(*array.Int32)
	if !ok {
		return nil, nil, unexpected(s)
	}
	return first.Int64Values(), second.Int32Values(), nil
}

// fill makes an array of the same length and validity.
func fill[T any](a arrow.Array, to arrow.DataType, size int, cast func([]byte) []T, value func(int) T) arrow.Array {
	buffer := memory.NewResizableBuffer(memory.DefaultAllocator)
	buffer.Resize(a.Len() * size)
	into := cast(buffer.Bytes())
	for i := range into {
		if a.IsValid(i) {
			into[i] = value(i)
		}
	}
	validity := validityOf(a)
	data := array.NewData(to, a.Len(), []*memory.Buffer{validity, buffer}, nil, a.NullN(), 0)
	defer data.Release()
	buffer.Release()
	if validity != nil {
		validity.Release()
	}
	return array.MakeFromData(data)
}

// validityOf is the bitmap of an array from its first value on, nil when it has no NULLs.
// It is shared where it begins at a byte's beginning. The caller releases it.
func validityOf(a arrow.Array) *memory.Buffer {
	bitmap := a.Data().Buffers()[0]
	if a.NullN() == 0 || bitmap == nil {
		return nil
	}
	if a.Data().Offset() == 0 {
		bitmap.Retain()
		return bitmap
	}
	copied := memory.NewResizableBuffer(memory.DefaultAllocator)
	copied.Resize(int(bitutil.BytesForBits(int64(a.Len()))))
	bitutil.CopyBitmap(bitmap.Bytes(), a.Data().Offset(), a.Len(), copied.Bytes(), 0)
	return copied
}

// toTimestampText is ISO 8601 with nine digits, in UTC.
func toTimestampText(a arrow.Array, f nativeField) (arrow.Array, error) {
	unit := power(f.scale)
	toNano := power(nanoDigits - f.scale)
	if s, ok := a.(*array.Struct); ok {
		seconds, nanos, err := instants(s, f.base == "TIMESTAMP_TZ")
		if err != nil {
			return nil, err
		}
		return textOf(partly(s), func(dst []byte, i int) []byte {
			if nanos == nil {
				whole := floor(seconds[i], unit)
				return appendInstant(dst, whole, (seconds[i]-whole*unit)*toNano)
			}
			return appendInstant(dst, seconds[i], int64(nanos[i]))
		}), nil
	}
	units, ok := a.(*array.Int64)
	if !ok {
		return nil, unexpected(a)
	}
	return textOf(a, func(dst []byte, i int) []byte {
		whole := floor(units.Value(i), unit)
		return appendInstant(dst, whole, (units.Value(i)-whole*unit)*toNano)
	}), nil
}

const nanoText = "2006-01-02T15:04:05.000000000Z"

func appendInstant(dst []byte, seconds, nanos int64) []byte {
	return time.Unix(seconds, nanos).UTC().AppendFormat(dst, nanoText)
}

// toTimeText is hh:mm:ss with nine digits.
func toTimeText(a arrow.Array, scale int32) (arrow.Array, error) {
	units, ok := a.(*array.Int64)
	if !ok {
		return nil, unexpected(a)
	}
	toNano := power(nanoDigits - scale)
	return textOf(a, func(dst []byte, i int) []byte {
		return time.Unix(0, units.Value(i)*toNano).UTC().AppendFormat(dst, "15:04:05.000000000")
	}), nil
}

// textOf makes an array of texts of the same length and validity.
func textOf(a arrow.Array, write func(dst []byte, i int) []byte) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(a.Len())
	var text []byte
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		text = write(text[:0], i)
		b.BinaryBuilder.Append(text)
	}
	return b.NewArray()
}

package file

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/big"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// deliver returns an array in the type that a column is delivered in. The
// result must be released. Values that do not fit are flagged, and NULL.
func (s shape) deliver(arr arrow.Array, col schema.Column, flag func(row int, rule, reason string)) arrow.Array {
	if ext, ok := arr.(array.ExtensionArray); ok && ext.ExtensionType().ExtensionName() != "arrow.uuid" {
		arr = ext.Storage()
	}
	out := s.convert(arr, col, flag)
	if text, ok := out.(*array.String); ok {
		checkText(text, flag)
	}
	return out
}

func (s shape) convert(arr arrow.Array, col schema.Column, flag func(row int, rule, reason string)) arrow.Array {
	want := source.ArrowType(col)
	switch {
	case col.Type == schema.JSON:
		return s.deliverJSON(arr, flag)
	case arrow.TypeEqual(arr.DataType(), want):
		arr.Retain()
		return arr
	}
	if out := widen(arr, want); out != nil {
		return out
	}
	b := array.NewBuilder(memory.DefaultAllocator, want)
	defer b.Release()
	b.Reserve(arr.Len())
	for row := range arr.Len() {
		switch {
		case arr.IsNull(row):
			b.AppendNull()
		case !s.appendValue(b, arr, row):
			b.AppendNull()
			flag(row, ruleWrongType, "is not a valid "+string(col.Type))
		}
	}
	return b.NewArray()
}

// checkText flags the values that are not UTF-8.
func checkText(s *array.String, flag func(row int, rule, reason string)) {
	if text := s.ValueBytes(); isASCII(text) || utf8.Valid(text) && wholeRunes(s, text) { // as a whole, which is the usual case
		return
	}
	for row := range s.Len() {
		if s.IsValid(row) && !utf8.ValidString(s.Value(row)) {
			flag(row, ruleNotUTF8, "is not valid UTF-8")
		}
	}
}

// isASCII reports whether all bytes are below 0x80, 32 at a time.
func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for ; len(b) >= 32; b = b[32:] {
		word := binary.LittleEndian.Uint64
		if (word(b)|word(b[8:])|word(b[16:])|word(b[24:]))&high != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// wholeRunes reports whether no value begins in the middle of a character of
// text, which is all the values one after another.
func wholeRunes(s *array.String, text []byte) bool {
	first := s.ValueOffset(0)
	for row := range s.Len() {
		if at := s.ValueOffset(row) - first; at < len(text) && !utf8.RuneStart(text[at]) {
			return false
		}
	}
	return true
}

// appendValue appends one value in the builder's type; false when it does not fit.
func (s shape) appendValue(b array.Builder, arr arrow.Array, row int) bool {
	if d, ok := arr.(*array.Dictionary); ok {
		at := d.GetValueIndex(row)
		if d.Dictionary().IsNull(at) {
			b.AppendNull()
			return true
		}
		return s.appendValue(b, d.Dictionary(), at)
	}
	switch b := b.(type) {
	case *array.Int64Builder:
		return appendInt(b, arr, row)
	case *array.Float64Builder:
		return appendFloat(b, arr, row)
	case *array.Decimal128Builder:
		return appendDecimal(b, arr, row)
	case *array.BooleanBuilder:
		a, ok := arr.(*array.Boolean)
		if ok {
			b.Append(a.Value(row))
		}
		return ok
	case *array.Date32Builder:
		return appendDate(b, arr, row)
	case *array.Time64Builder:
		return appendTime(b, arr, row)
	case *array.TimestampBuilder:
		return appendTimestamp(b, arr, row)
	case *array.BinaryBuilder:
		return appendBytes(b, arr, row)
	case *array.StringBuilder:
		s.appendText(b, arr, row)
		return true
	}
	return false
}

func appendInt(b *array.Int64Builder, arr arrow.Array, row int) bool {
	switch a := arr.(type) {
	case *array.Int8:
		b.Append(int64(a.Value(row)))
	case *array.Int16:
		b.Append(int64(a.Value(row)))
	case *array.Int32:
		b.Append(int64(a.Value(row)))
	case *array.Int64:
		b.Append(a.Value(row))
	case *array.Uint8:
		b.Append(int64(a.Value(row)))
	case *array.Uint16:
		b.Append(int64(a.Value(row)))
	case *array.Uint32:
		b.Append(int64(a.Value(row)))
	case *array.Duration:
		b.Append(int64(a.Value(row)))
	default:
		return false
	}
	return true
}

func appendFloat(b *array.Float64Builder, arr arrow.Array, row int) bool {
	switch a := arr.(type) {
	case *array.Float16:
		b.Append(float64(a.Value(row).Float32()))
	case *array.Float32:
		b.Append(float64(a.Value(row)))
	case *array.Float64:
		b.Append(a.Value(row))
	default:
		return false
	}
	return true
}

func appendDecimal(b *array.Decimal128Builder, arr arrow.Array, row int) bool {
	switch a := arr.(type) {
	case *array.Uint64:
		b.Append(decimal128.FromU64(a.Value(row)))
	case *array.Decimal32:
		b.Append(decimal128.FromI64(int64(a.Value(row))))
	case *array.Decimal64:
		b.Append(decimal128.FromI64(int64(a.Value(row))))
	case *array.Decimal128:
		b.Append(a.Value(row))
	case *array.Decimal256:
		n := a.Value(row).BigInt()
		if n.CmpAbs(new(big.Int).Exp(big.NewInt(10), big.NewInt(maxDecimal), nil)) >= 0 {
			return false
		}
		b.Append(decimal128.FromBigInt(n))
	default:
		return false
	}
	return true
}

func appendDate(b *array.Date32Builder, arr arrow.Array, row int) bool {
	switch a := arr.(type) {
	case *array.Date32:
		b.Append(a.Value(row))
	case *array.Date64:
		b.Append(arrow.Date32(floorDiv(int64(a.Value(row)), (24 * time.Hour).Milliseconds())))
	default:
		return false
	}
	return true
}

func appendTime(b *array.Time64Builder, arr arrow.Array, row int) bool {
	var value int64
	switch a := arr.(type) {
	case *array.Time32:
		value = int64(a.Value(row))
	case *array.Time64:
		value = int64(a.Value(row))
	default:
		return false
	}
	micros, ok := toMicros(value, arr.DataType().(arrow.TemporalWithUnit).TimeUnit())
	if ok {
		b.Append(arrow.Time64(micros))
	}
	return ok
}

func appendTimestamp(b *array.TimestampBuilder, arr arrow.Array, row int) bool {
	a, ok := arr.(*array.Timestamp)
	if !ok {
		return false
	}
	micros, ok := toMicros(int64(a.Value(row)), arr.DataType().(*arrow.TimestampType).Unit)
	if ok {
		b.Append(arrow.Timestamp(micros))
	}
	return ok
}

// toMicros converts to microseconds; nanoseconds are rounded down.
func toMicros(v int64, unit arrow.TimeUnit) (int64, bool) {
	factor := int64(1)
	switch unit {
	case arrow.Nanosecond:
		return floorDiv(v, 1000), true
	case arrow.Millisecond:
		factor = 1e3
	case arrow.Second:
		factor = 1e6
	}
	return v * factor, v <= math.MaxInt64/factor && v >= math.MinInt64/factor
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func appendBytes(b *array.BinaryBuilder, arr arrow.Array, row int) bool {
	v, ok := bytesIn(arr, row)
	if ok {
		b.Append(v)
	}
	return ok
}

// bytesIn returns a value of an array of bytes.
func bytesIn(arr arrow.Array, row int) ([]byte, bool) {
	switch a := arr.(type) {
	case *array.Binary:
		return a.Value(row), true
	case *array.LargeBinary:
		return a.Value(row), true
	case *array.BinaryView:
		return a.Value(row), true
	case *array.FixedSizeBinary:
		return a.Value(row), true
	}
	return nil, false
}

// textOf returns a value of an array of texts.
func textOf(arr arrow.Array, row int) (string, bool) {
	switch a := arr.(type) {
	case *array.String:
		return a.Value(row), true
	case *array.LargeString:
		return a.Value(row), true
	case *array.StringView:
		return a.Value(row), true
	}
	return "", false
}

// appendText appends text as it is, and anything else in Arrow's notation.
func (s shape) appendText(b *array.StringBuilder, arr arrow.Array, row int) {
	if text, ok := textOf(arr, row); ok {
		b.Append(text)
		return
	}
	if v, ok := bytesIn(arr, row); ok && s.meaning == interval {
		b.Append(intervalText(v))
		return
	} else if ok && s.meaning != plainValue {
		b.BinaryBuilder.Append(v)
		return
	}
	if digits, ok := decimalText(arr, row); ok {
		b.Append(digits)
		return
	}
	b.Append(arr.ValueStr(row))
}

// decimalText is a decimal with all its digits and no exponent.
func decimalText(arr arrow.Array, row int) (string, bool) {
	dt, ok := arr.DataType().(arrow.DecimalType)
	if !ok {
		return "", false
	}
	switch a := arr.(type) {
	case *array.Decimal32:
		return a.Value(row).ToString(dt.GetScale()), true
	case *array.Decimal64:
		return a.Value(row).ToString(dt.GetScale()), true
	case *array.Decimal128:
		return a.Value(row).ToString(dt.GetScale()), true
	case *array.Decimal256:
		return a.Value(row).ToString(dt.GetScale()), true
	}
	return "", false
}

// deliverJSON returns nested values as JSON text, and JSON text as it is when it is JSON.
func (s shape) deliverJSON(arr arrow.Array, flag func(row int, rule, reason string)) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(arr.Len())
	var buf []byte
	for row := range arr.Len() {
		if arr.IsNull(row) {
			b.AppendNull()
			continue
		}
		if s.leaf < 0 {
			buf = s.appendJSON(buf[:0], arr, row)
			b.BinaryBuilder.Append(buf)
			continue
		}
		text, ok := textOf(arr, row)
		if v, isBytes := bytesIn(arr, row); isBytes {
			text, ok = string(v), true
		}
		if !ok || !json.Valid([]byte(text)) {
			flag(row, ruleJSON, "is not JSON")
		}
		b.Append(text)
	}
	return b.NewArray()
}

package file

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// appendJSON appends a value as compact JSON, with all its digits: numbers and
// decimals as numbers, bytes in base64, dates and times in ISO 8601, NaN and the
// infinities as texts, maps as arrays of {"key","value"}, which keeps their order.
func (s shape) appendJSON(to []byte, arr arrow.Array, row int) []byte {
	if arr.IsNull(row) {
		return append(to, "null"...)
	}
	switch a := arr.(type) {
	case array.ExtensionArray:
		if a.ExtensionType().ExtensionName() == "arrow.uuid" {
			return appendQuoted(to, a.ValueStr(row))
		}
		if a.ExtensionType().ExtensionName() == "arrow.json" {
			return appendRaw(to, a.Storage().ValueStr(row))
		}
		return s.appendJSON(to, a.Storage(), row)
	case *array.Dictionary:
		return s.appendJSON(to, a.Dictionary(), a.GetValueIndex(row))
	case *array.Struct:
		to = append(to, '{')
		for i := range a.NumField() {
			if i > 0 {
				to = append(to, ',')
			}
			to = append(appendQuoted(to, a.DataType().(*arrow.StructType).Field(i).Name), ':')
			to = s.part(i).appendJSON(to, a.Field(i), row)
		}
		return append(to, '}')
	case *array.Map:
		to = append(to, '[')
		from, end := a.ValueOffsets(row)
		for i := from; i < end; i++ {
			if i > from {
				to = append(to, ',')
			}
			to = s.part(0).appendJSON(append(to, `{"key":`...), a.Keys(), int(i))
			to = s.part(1).appendJSON(append(to, `,"value":`...), a.Items(), int(i))
			to = append(to, '}')
		}
		return append(to, ']')
	case array.ListLike:
		to = append(to, '[')
		from, end := a.ValueOffsets(row)
		for i := from; i < end; i++ {
			if i > from {
				to = append(to, ',')
			}
			to = s.part(0).appendJSON(to, a.ListValues(), int(i))
		}
		return append(to, ']')
	}
	return s.appendScalar(to, arr, row)
}

// part is the shape of a part; that of what was not in the file's schema is plain.
func (s shape) part(i int) shape {
	if i < len(s.parts) {
		return s.parts[i]
	}
	return shape{leaf: -1}
}

func (s shape) appendScalar(to []byte, arr arrow.Array, row int) []byte {
	switch a := arr.(type) {
	case *array.Boolean:
		return strconv.AppendBool(to, a.Value(row))
	case *array.Int8, *array.Int16, *array.Int32, *array.Int64, *array.Uint8, *array.Uint16, *array.Uint32, *array.Uint64:
		return append(to, arr.ValueStr(row)...)
	case *array.Duration:
		return strconv.AppendInt(to, int64(a.Value(row)), 10)
	case *array.Float16:
		return appendNumber(to, float64(a.Value(row).Float32()), 32)
	case *array.Float32:
		return appendNumber(to, float64(a.Value(row)), 32)
	case *array.Float64:
		return appendNumber(to, a.Value(row), 64)
	case *array.Date32:
		return appendQuoted(to, a.Value(row).ToTime().Format(time.DateOnly))
	case *array.Date64:
		return appendQuoted(to, a.Value(row).ToTime().Format(time.DateOnly))
	case *array.Time32:
		return appendQuoted(to, a.Value(row).ToTime(a.DataType().(*arrow.Time32Type).Unit).Format("15:04:05.999999999"))
	case *array.Time64:
		return appendQuoted(to, a.Value(row).ToTime(a.DataType().(*arrow.Time64Type).Unit).Format("15:04:05.999999999"))
	case *array.Timestamp:
		dt := a.DataType().(*arrow.TimestampType)
		layout := "2006-01-02T15:04:05.999999999"
		if dt.TimeZone != "" {
			layout += "Z"
		}
		return appendQuoted(to, a.Value(row).ToTime(dt.Unit).UTC().Format(layout))
	}
	if digits, ok := decimalText(arr, row); ok {
		return append(to, digits...)
	}
	if text, ok := textOf(arr, row); ok {
		return appendQuoted(to, text)
	}
	if b, ok := bytesIn(arr, row); ok {
		switch s.meaning {
		case enumText:
			return appendQuoted(to, string(b))
		case jsonText:
			return appendRaw(to, string(b))
		case interval:
			return appendQuoted(to, intervalText(b))
		}
		to = append(to, '"')
		to = base64.StdEncoding.AppendEncode(to, b)
		return append(to, '"')
	}
	return appendQuoted(to, arr.ValueStr(row))
}

func appendNumber(to []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(to, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(to, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(to, `"-Infinity"`...)
	}
	return strconv.AppendFloat(to, v, 'g', -1, bits)
}

// appendRaw appends JSON text as a value, or as a text when it is no JSON.
func appendRaw(to []byte, text string) []byte {
	if json.Valid([]byte(text)) {
		return append(to, text...)
	}
	return appendQuoted(to, text)
}

// appendQuoted appends a JSON string. Bytes that are no UTF-8 stay as they are,
// for whoever looks whether the whole is.
func appendQuoted(to []byte, text string) []byte {
	const digits = "0123456789abcdef"
	to = append(to, '"')
	from := 0
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf || c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, text[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		default:
			to = append(to, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(to, text[from:]...), '"')
}

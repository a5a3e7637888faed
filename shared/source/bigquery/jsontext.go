package bigquery

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// jsonArray delivers a nested column: every value as one compact JSON text, in
// which nothing is lost: numbers have all their digits, and what JSON has no
// number for is a string. A NULL structure stays NULL; BigQuery has no NULL arrays.
func jsonArray(c schema.Column, a arrow.Array) (arrow.Array, error) {
	write, err := valueWriter(c, a)
	if err != nil {
		return nil, err
	}
	return textArray(a, write, c.Repeated)
}

// valueWriter writes the values of a column, of whatever nesting.
func valueWriter(c schema.Column, a arrow.Array) (writer, error) {
	if !c.Repeated {
		return nullable(scalarOrStruct(c, a))
	}
	list, ok := a.(array.ListLike)
	if !ok {
		return nil, unknownArrow(c, a)
	}
	inner := c
	inner.Repeated, inner.Native = false, strings.TrimSuffix(strings.TrimPrefix(c.Native, "ARRAY<"), ">")
	write, err := valueWriter(inner, list.ListValues())
	if err != nil {
		return nil, err
	}
	return func(b []byte, i int) []byte {
		b = append(b, '[')
		if a.IsNull(i) {
			return append(b, ']')
		}
		from, to := list.ValueOffsets(i)
		for n := from; n < to; n++ {
			if n > from {
				b = append(b, ',')
			}
			b = write(b, int(n))
		}
		return append(b, ']')
	}, nil
}

func unknownArrow(c schema.Column, a arrow.Array) error {
	return fault.New(fault.SourceUnsupportedType, "a value of type "+c.Native+" arrives as "+a.DataType().String()+", which is not understood")
}

func nullable(write writer, a arrow.Array, err error) (writer, error) {
	if err != nil || a.NullN() == 0 {
		return write, err
	}
	return func(b []byte, i int) []byte {
		if a.IsNull(i) {
			return append(b, "null"...)
		}
		return write(b, i)
	}, nil
}

func scalarOrStruct(c schema.Column, a arrow.Array) (writer, arrow.Array, error) {
	if s, ok := a.(*array.Struct); ok {
		write, err := structWriter(c, s)
		return write, a, err
	}
	write, err := scalarWriter(c, a)
	return write, a, err
}

// structWriter writes objects with the fields in the order of the schema. A
// RANGE arrives as a structure of start and end.
func structWriter(c schema.Column, s *array.Struct) (writer, error) {
	fields := c.Fields
	if inner, ok := strings.CutPrefix(c.Native, typeRange+"<"); ok {
		typ := strings.TrimSuffix(inner, ">")
		fields = []schema.Column{{Name: "start", Native: typ}, {Name: "end", Native: typ}}
	}
	typ := s.DataType().(*arrow.StructType)
	type member struct {
		key   []byte
		write writer
	}
	members := make([]member, 0, len(fields))
	for n, f := range fields {
		at, ok := typ.FieldIdx(f.Name)
		if !ok {
			return nil, fault.New(fault.SourceChanged, "a field of a structure that is to be read is not in the table any more")
		}
		write, err := valueWriter(f, s.Field(at))
		if err != nil {
			return nil, err
		}
		key := append(appendString(nil, f.Name), ':')
		if n > 0 {
			key = append([]byte{','}, key...)
		}
		members = append(members, member{key, write})
	}
	return func(b []byte, i int) []byte {
		b = append(b, '{')
		for _, m := range members {
			b = m.write(append(b, m.key...), i)
		}
		return append(b, '}')
	}, nil
}

func scalarWriter(c schema.Column, a arrow.Array) (writer, error) {
	switch a := a.(type) {
	case *array.String:
		if c.Native == typeJSON {
			return func(b []byte, i int) []byte { return append(b, a.Value(i)...) }, nil
		}
		return func(b []byte, i int) []byte { return appendString(b, a.Value(i)) }, nil
	case *array.Int64:
		return func(b []byte, i int) []byte { return strconv.AppendInt(b, a.Value(i), 10) }, nil
	case *array.Float64:
		return func(b []byte, i int) []byte { return appendFloat(b, a.Value(i)) }, nil
	case *array.Boolean:
		return func(b []byte, i int) []byte { return strconv.AppendBool(b, a.Value(i)) }, nil
	case *array.Binary:
		return func(b []byte, i int) []byte { return appendBytes(b, a.Value(i)) }, nil
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(b []byte, i int) []byte { return appendDecimal(b, a.Value(i).BigInt(), scale) }, nil
	case *array.Decimal256:
		scale := a.DataType().(*arrow.Decimal256Type).Scale
		return func(b []byte, i int) []byte { return appendDecimal(b, a.Value(i).BigInt(), scale) }, nil
	case *array.Date32:
		return func(b []byte, i int) []byte { return appendDate(b, int64(a.Value(i))) }, nil
	case *array.Time64:
		return func(b []byte, i int) []byte { return appendClock(b, int64(a.Value(i))) }, nil
	case *array.Timestamp:
		zone := ""
		if a.DataType().(*arrow.TimestampType).TimeZone != "" {
			zone = "Z"
		}
		return func(b []byte, i int) []byte { return appendMoment(b, int64(a.Value(i)), zone) }, nil
	case *array.MonthDayNanoInterval:
		return func(b []byte, i int) []byte { return append(appendInterval(append(b, '"'), a.Value(i)), '"') }, nil
	}
	return nil, unknownArrow(c, a)
}

// appendString writes a JSON string. Only what must be escaped is.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		if c := s[i]; c >= utf8.RuneSelf {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		} else if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

// appendFloat writes the shortest digits that read back as the same number.
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

func appendBytes(b, value []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), value), '"')
}

func appendDate(b []byte, days int64) []byte {
	return time.Unix(days*24*60*60, 0).UTC().AppendFormat(b, `"2006-01-02"`)
}

func appendClock(b []byte, micros int64) []byte {
	return time.UnixMicro(micros).UTC().AppendFormat(b, `"15:04:05.999999"`)
}

func appendMoment(b []byte, micros int64, zone string) []byte {
	b = time.UnixMicro(micros).UTC().AppendFormat(b, `"2006-01-02T15:04:05.999999`)
	return append(append(b, zone...), '"')
}

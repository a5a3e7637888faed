package pipeline

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"github.com/headwaterhq/headwater/shared/schema"
)

func fromText(to schema.Type) (kernel, error) {
	switch to {
	case schema.Int64:
		return parsed(arrow.PrimitiveTypes.Int64, parseInt, notWhole), nil
	case schema.Float64:
		return parsed(arrow.PrimitiveTypes.Float64, parseFloat, "not a number in the range of float64"), nil
	case schema.Decimal:
		return parsed(decimalType, parseDecimal, "not a number that fits decimal(38, 9)"), nil
	case schema.Bool:
		return textToBool, nil
	case schema.Date:
		return parsed(arrow.FixedWidthTypes.Date32, parseDate, "not a date as YYYY-MM-DD"), nil
	case schema.Timestamp:
		return parsed(arrow.FixedWidthTypes.Timestamp_us, parseTimestamp, "not a time stamp as RFC 3339 or YYYY-MM-DD hh:mm:ss"), nil
	case schema.Time:
		return parsed(arrow.FixedWidthTypes.Time64us, parseTime, "not a time as hh:mm:ss"), nil
	}
	return nil, errNoCast(arrow.BinaryTypes.String, to)
}

// parsed is the kernel that parses each text to a fixed-width value.
func parsed[T any](to arrow.DataType, parse func(string) (T, bool), reason string) kernel {
	return func(c *call) arrow.Array {
		in := c.in.(*array.String)
		return fixed(in, to, c.alloc, func(out []T) {
			noNulls := in.NullN() == 0
			for i := range out {
				if !noNulls && in.IsNull(i) {
					continue
				}
				v, ok := parse(in.Value(i))
				if !ok {
					c.reject(i, reason)
					continue
				}
				out[i] = v
			}
		})
	}
}

func textToBool(c *call) arrow.Array {
	in := c.in.(*array.String)
	bits := newBuffer(c.alloc, int(bitutil.BytesForBits(int64(in.Len()))))
	clear(bits.Bytes())
	for i := range in.Len() {
		if in.IsNull(i) {
			continue
		}
		v, ok := parseBool(in.Value(i))
		switch {
		case !ok:
			c.reject(i, "neither true nor false")
		case v:
			bitutil.SetBit(bits.Bytes(), i)
		}
	}
	return finish(in, arrow.FixedWidthTypes.Boolean, c.alloc, bits)
}

// textToJSON changes nothing, so it passes the array on.
func textToJSON(c *call) arrow.Array {
	in := c.in.(*array.String)
	for i := range in.Len() {
		text := in.Value(i)
		if in.IsValid(i) && !json.Valid(bytesOf(text)) {
			c.reject(i, "not a JSON value")
		}
	}
	in.Retain()
	return in
}

func parseInt(s string) (int64, bool) {
	s, negative := sign(s)
	if s == "" {
		return 0, false
	}
	var magnitude uint64
	for i := range len(s) {
		digit := uint64(s[i] - '0')
		if digit > 9 || magnitude > (math.MaxUint64-9)/10 {
			return 0, false
		}
		magnitude = magnitude*10 + digit
	}
	if negative {
		return -int64(magnitude), magnitude <= 1<<63
	}
	return int64(magnitude), magnitude <= math.MaxInt64
}

func parseFloat(s string) (float64, bool) {
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default: // what ParseFloat takes beyond these: inf, nan, 0x1p-2, 1_000
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func parseBool(s string) (value, ok bool) {
	switch len(s) {
	case 1:
		return s[0] == '1', s[0] == '0' || s[0] == '1'
	case 4:
		return true, s[0]|0x20 == 't' && s[1]|0x20 == 'r' && s[2]|0x20 == 'u' && s[3]|0x20 == 'e'
	case 5:
		return false, s[0]|0x20 == 'f' && s[1]|0x20 == 'a' && s[2]|0x20 == 'l' && s[3]|0x20 == 's' && s[4]|0x20 == 'e'
	}
	return false, false
}

package pipeline

import (
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/schema"
)

// toText returns the kernel to canonical text. Each keeps scratch memory for
// its column, so kernels are not shared between Mappers.
func toText(from arrow.DataType) (kernel, error) {
	var t texts
	switch from.ID() {
	case arrow.INT64:
		return func(c *call) arrow.Array {
			in := c.in.(*array.Int64)
			return t.format(c, func(dst []byte, i int) []byte { return strconv.AppendInt(dst, in.Value(i), 10) })
		}, nil
	case arrow.FLOAT64:
		return func(c *call) arrow.Array {
			in := c.in.(*array.Float64)
			return t.format(c, func(dst []byte, i int) []byte { return appendFloat(dst, in.Value(i)) })
		}, nil
	case arrow.DECIMAL128:
		places := from.(*arrow.Decimal128Type).Scale
		return func(c *call) arrow.Array {
			in := c.in.(*array.Decimal128)
			return t.format(c, func(dst []byte, i int) []byte { return appendDecimal(dst, in.Value(i), places) })
		}, nil
	case arrow.BOOL:
		return func(c *call) arrow.Array {
			in := c.in.(*array.Boolean)
			return t.format(c, func(dst []byte, i int) []byte { return strconv.AppendBool(dst, in.Value(i)) })
		}, nil
	case arrow.DATE32:
		return func(c *call) arrow.Array {
			in := c.in.(*array.Date32)
			return t.format(c, func(dst []byte, i int) []byte {
				return in.Value(i).ToTime().AppendFormat(dst, time.DateOnly)
			})
		}, nil
	case arrow.TIMESTAMP:
		if !arrow.TypeEqual(from, arrow.FixedWidthTypes.Timestamp_us) {
			break
		}
		return func(c *call) arrow.Array {
			in := c.in.(*array.Timestamp)
			return t.format(c, func(dst []byte, i int) []byte {
				return time.UnixMicro(int64(in.Value(i))).UTC().AppendFormat(dst, time.RFC3339Nano)
			})
		}, nil
	case arrow.TIME64:
		if !arrow.TypeEqual(from, arrow.FixedWidthTypes.Time64us) {
			break
		}
		return func(c *call) arrow.Array {
			in := c.in.(*array.Time64)
			return t.format(c, func(dst []byte, i int) []byte {
				return time.UnixMicro(int64(in.Value(i))).UTC().AppendFormat(dst, "15:04:05.999999")
			})
		}, nil
	}
	return nil, errNoCast(from, schema.String)
}

func (t *texts) format(c *call, value func(dst []byte, i int) []byte) arrow.Array {
	t.reset(c.in.Len())
	for i := range c.in.Len() {
		if c.in.IsValid(i) {
			t.bytes = value(t.bytes, i)
		}
		t.end()
	}
	return t.array(c.in, c.alloc)
}

func appendFloat(dst []byte, f float64) []byte {
	magnitude := math.Abs(f)
	switch {
	case f == 0:
		return append(dst, '0')
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case magnitude < 1e-6 || magnitude >= 1e21:
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

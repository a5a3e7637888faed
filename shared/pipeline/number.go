package pipeline

import (
	"math"
	"strconv"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/headwaterhq/headwater/shared/schema"
)

const (
	notWhole   = "not a whole number in the range of int64"
	notExact   = "cannot be held exactly as float64"
	notDecimal = "does not fit decimal(38, 9)"
	notBit     = "neither 0 nor 1"
	notInDates = "not in the range of timestamps"
)

const microsPerDay = 24 * 60 * 60 * 1_000_000

var decimalType = &arrow.Decimal128Type{Precision: precision, Scale: scale}

func fromInt(to schema.Type) (kernel, error) {
	switch to {
	case schema.Float64:
		return intToFloat, nil
	case schema.Decimal:
		return intToDecimal, nil
	case schema.Bool:
		return intToBool, nil
	}
	return nil, errNoCast(arrow.PrimitiveTypes.Int64, to)
}

func intToFloat(c *call) arrow.Array {
	in := c.in.(*array.Int64)
	return fixed(in, arrow.PrimitiveTypes.Float64, c.alloc, func(out []float64) {
		for i, v := range in.Int64Values() {
			f := float64(v)
			out[i] = f
			if (f >= 1<<63 || int64(f) != v) && in.IsValid(i) {
				c.reject(i, notExact)
			}
		}
	})
}

func intToDecimal(c *call) arrow.Array {
	in := c.in.(*array.Int64)
	unit := decimal128.GetScaleMultiplier(scale)
	return fixed(in, decimalType, c.alloc, func(out []decimal128.Num) {
		for i, v := range in.Int64Values() {
			out[i] = decimal128.FromI64(v).Mul(unit)
		}
	})
}

func intToBool(c *call) arrow.Array {
	in := c.in.(*array.Int64)
	bits := newBuffer(c.alloc, int(bitutil.BytesForBits(int64(in.Len()))))
	clear(bits.Bytes())
	for i, v := range in.Int64Values() {
		switch {
		case v == 1:
			bitutil.SetBit(bits.Bytes(), i)
		case v != 0 && in.IsValid(i):
			c.reject(i, notBit)
		}
	}
	return finish(in, arrow.FixedWidthTypes.Boolean, c.alloc, bits)
}

func fromFloat(to schema.Type) (kernel, error) {
	switch to {
	case schema.Int64:
		return floatToInt, nil
	case schema.Decimal:
		return floatToDecimal, nil
	}
	return nil, errNoCast(arrow.PrimitiveTypes.Float64, to)
}

func floatToInt(c *call) arrow.Array {
	in := c.in.(*array.Float64)
	return fixed(in, arrow.PrimitiveTypes.Int64, c.alloc, func(out []int64) {
		for i, v := range in.Float64Values() {
			if v >= -1<<63 && v < 1<<63 && v == math.Trunc(v) {
				out[i] = int64(v)
			} else if in.IsValid(i) {
				c.reject(i, notWhole)
			}
		}
	})
}

func floatToDecimal(c *call) arrow.Array {
	in := c.in.(*array.Float64)
	var scratch []byte
	return fixed(in, decimalType, c.alloc, func(out []decimal128.Num) {
		for i, v := range in.Float64Values() {
			if in.IsNull(i) {
				continue
			}
			scratch = strconv.AppendFloat(scratch[:0], v, 'e', -1, 64)
			n, ok := parseDecimal(view(scratch))
			if !ok {
				c.reject(i, notDecimal)
				continue
			}
			out[i] = n
		}
	})
}

func fromDecimal(to schema.Type) (kernel, error) {
	switch to {
	case schema.Int64:
		return decimalToInt, nil
	case schema.Float64:
		return decimalToFloat, nil
	case schema.Decimal:
		return decimalToDecimal, nil
	}
	return nil, errNoCast(decimalType, to)
}

func decimalToInt(c *call) arrow.Array {
	in := c.in.(*array.Decimal128)
	from := in.DataType().(*arrow.Decimal128Type).Scale
	return fixed(in, arrow.PrimitiveTypes.Int64, c.alloc, func(out []int64) {
		for i, v := range in.Values() {
			if in.IsNull(i) {
				continue
			}
			whole, ok := rescale(v, from, 0)
			if !ok || !fitsInt64(whole) {
				c.reject(i, notWhole)
				continue
			}
			out[i] = int64(whole.LowBits())
		}
	})
}

func fitsInt64(n decimal128.Num) bool { return n.HighBits() == int64(n.LowBits())>>63 }

func decimalToFloat(c *call) arrow.Array {
	in := c.in.(*array.Decimal128)
	from := in.DataType().(*arrow.Decimal128Type).Scale
	var scratch []byte
	return fixed(in, arrow.PrimitiveTypes.Float64, c.alloc, func(out []float64) {
		for i, v := range in.Values() {
			if in.IsNull(i) {
				continue
			}
			// By way of text, which is rounded correctly. It is in range: |v| < 1e77.
			scratch = appendDecimal(scratch[:0], v, from)
			out[i], _ = strconv.ParseFloat(view(scratch), 64)
		}
	})
}

func decimalToDecimal(c *call) arrow.Array {
	in := c.in.(*array.Decimal128)
	from := in.DataType().(*arrow.Decimal128Type).Scale
	return fixed(in, decimalType, c.alloc, func(out []decimal128.Num) {
		for i, v := range in.Values() {
			if in.IsNull(i) {
				continue
			}
			n, ok := rescale(v, from, scale)
			if !ok {
				c.reject(i, notDecimal)
				continue
			}
			out[i] = n
		}
	})
}

func dateToTimestamp(c *call) arrow.Array {
	in := c.in.(*array.Date32)
	const limit = math.MaxInt64 / microsPerDay
	return fixed(in, arrow.FixedWidthTypes.Timestamp_us, c.alloc, func(out []int64) {
		for i, v := range in.Date32Values() {
			if (v > limit || v < -limit) && in.IsValid(i) {
				c.reject(i, notInDates)
				continue
			}
			out[i] = int64(v) * microsPerDay
		}
	})
}

func timestampToDate(c *call) arrow.Array {
	in := c.in.(*array.Timestamp)
	return fixed(in, arrow.FixedWidthTypes.Date32, c.alloc, func(out []int32) {
		for i, v := range in.TimestampValues() {
			day := int64(v) / microsPerDay
			if int64(v)%microsPerDay < 0 {
				day--
			}
			out[i] = int32(day)
		}
	})
}

// view is b as a string without a copy; b must not change while it is used.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is s as bytes without a copy; they must not be written to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

package pipeline

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// fallback is a column's default: it takes the place of every null.
type fallback struct {
	value arrow.Array // of one row
	out   texts
}

// apply returns in without nulls, in itself when it has none; the caller releases it.
func (f *fallback) apply(in arrow.Array, alloc memory.Allocator) arrow.Array {
	if in.NullN() == 0 {
		in.Retain()
		return in
	}
	switch to := in.DataType().(type) {
	case *arrow.BooleanType:
		return f.bools(in.(*array.Boolean), alloc)
	case arrow.BinaryDataType:
		return f.texts(in, alloc)
	default:
		return f.fixed(in, to.(arrow.FixedWidthDataType).Bytes(), alloc)
	}
}

func (f *fallback) bools(in *array.Boolean, alloc memory.Allocator) arrow.Array {
	value := f.value.(*array.Boolean).Value(0)
	bits := newBuffer(alloc, int(bitutil.BytesForBits(int64(in.Len()))))
	clear(bits.Bytes())
	for i := range in.Len() {
		if in.IsValid(i) && in.Value(i) || in.IsNull(i) && value {
			bitutil.SetBit(bits.Bytes(), i)
		}
	}
	return whole(in.DataType(), in.Len(), bits)
}

// fixed works for any type with values of width whole bytes.
func (f *fallback) fixed(in arrow.Array, width int, alloc memory.Allocator) arrow.Array {
	from, value := in.Data(), f.value.Data().Buffers()[1].Bytes()[:width]
	values := newBuffer(alloc, in.Len()*width)
	out := values.Bytes()
	copy(out, from.Buffers()[1].Bytes()[from.Offset()*width:])
	valid := from.Buffers()[0].Bytes()
	for i := range in.Len() {
		if bitutil.BitIsNotSet(valid, from.Offset()+i) {
			copy(out[i*width:], value)
		}
	}
	return whole(in.DataType(), in.Len(), values)
}

// texts works for text and bytes, which have the same layout.
func (f *fallback) texts(in arrow.Array, alloc memory.Allocator) arrow.Array {
	from := in.Data()
	valid, value := from.Buffers()[0].Bytes(), f.value.Data().Buffers()[2].Bytes()
	offsets := arrow.Int32Traits.CastFromBytes(from.Buffers()[1].Bytes())[from.Offset():]
	var content []byte // nil when every value is null or empty
	if buffer := from.Buffers()[2]; buffer != nil {
		content = buffer.Bytes()
	}
	f.out.reset(in.Len())
	for i := range in.Len() {
		if bitutil.BitIsSet(valid, from.Offset()+i) {
			f.out.bytes = append(f.out.bytes, content[offsets[i]:offsets[i+1]]...)
		} else {
			f.out.bytes = append(f.out.bytes, value...)
		}
		f.out.end()
	}
	ends, bytes := f.out.buffers(alloc)
	return whole(in.DataType(), in.Len(), ends, bytes)
}

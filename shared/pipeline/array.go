package pipeline

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Kernels write output buffers themselves: a null in is a null out, so the
// validity bits are those of the input, and what stands in a null's or a
// rejected row's place does not matter.

// validity returns the input's validity bits from offset 0 on, nil when it has
// no nulls. The caller owns the reference.
func validity(in arrow.Array, alloc memory.Allocator) *memory.Buffer {
	if in.NullN() == 0 {
		return nil
	}
	data := in.Data()
	bits := data.Buffers()[0]
	if data.Offset() == 0 {
		bits.Retain()
		return bits
	}
	copied := newBuffer(alloc, int(bitutil.BytesForBits(int64(in.Len()))))
	bitutil.CopyBitmap(bits.Bytes(), data.Offset(), in.Len(), copied.Bytes(), 0)
	return copied
}

func newBuffer(alloc memory.Allocator, size int) *memory.Buffer {
	buffer := memory.NewResizableBuffer(alloc)
	buffer.Resize(size)
	return buffer
}

// fixed makes an array of a fixed-width type with T's layout; fill writes the values.
func fixed[T any](in arrow.Array, to arrow.DataType, alloc memory.Allocator, fill func(out []T)) arrow.Array {
	var zero T
	values := newBuffer(alloc, in.Len()*int(unsafe.Sizeof(zero)))
	if in.Len() > 0 {
		fill(unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(values.Bytes()))), in.Len()))
	}
	return finish(in, to, alloc, values)
}

// finish makes an array of the buffers after the validity bits, and gives up
// its references to them.
func finish(in arrow.Array, to arrow.DataType, alloc memory.Allocator, buffers ...*memory.Buffer) arrow.Array {
	return assemble(to, in.Len(), in.NullN(), validity(in, alloc), buffers)
}

// whole makes an array of n values without nulls, and gives up its references
// to the buffers.
func whole(to arrow.DataType, n int, buffers ...*memory.Buffer) arrow.Array {
	return assemble(to, n, 0, nil, buffers)
}

func assemble(to arrow.DataType, n, nulls int, valid *memory.Buffer, buffers []*memory.Buffer) arrow.Array {
	all := append([]*memory.Buffer{valid}, buffers...)
	data := array.NewData(to, n, all, nil, nulls, 0)
	defer data.Release()
	for _, buffer := range all {
		if buffer != nil {
			buffer.Release()
		}
	}
	return array.MakeFromData(data)
}

// texts builds a text array. Its scratch memory is kept from batch to batch.
type texts struct {
	bytes   []byte
	offsets []int32
}

func (t *texts) reset(n int) {
	t.bytes = t.bytes[:0]
	t.offsets = append(t.offsets[:0], 0)
	if cap(t.offsets) <= n {
		t.offsets = append(make([]int32, 0, n+1), 0)
	}
}

// end marks the end of one value; a null's value is empty.
func (t *texts) end() { t.offsets = append(t.offsets, int32(len(t.bytes))) }

func (t *texts) array(in arrow.Array, alloc memory.Allocator) arrow.Array {
	offsets, values := t.buffers(alloc)
	return finish(in, arrow.BinaryTypes.String, alloc, offsets, values)
}

// sparse is array with more nulls than in has: also the rows of nulls, none of
// which is null in it.
func (t *texts) sparse(in arrow.Array, nulls []int, alloc memory.Allocator) arrow.Array {
	bits := newBuffer(alloc, int(bitutil.BytesForBits(int64(in.Len()))))
	if in.NullN() == 0 {
		bitutil.SetBitsTo(bits.Bytes(), 0, int64(in.Len()), true)
	} else {
		bitutil.CopyBitmap(in.Data().Buffers()[0].Bytes(), in.Data().Offset(), in.Len(), bits.Bytes(), 0)
	}
	for _, row := range nulls {
		bitutil.ClearBit(bits.Bytes(), row)
	}
	offsets, values := t.buffers(alloc)
	return assemble(arrow.BinaryTypes.String, in.Len(), in.NullN()+len(nulls), bits, []*memory.Buffer{offsets, values})
}

func (t *texts) buffers(alloc memory.Allocator) (offsets, values *memory.Buffer) {
	offsets = newBuffer(alloc, len(t.offsets)*arrow.Int32SizeBytes)
	copy(arrow.Int32Traits.CastFromBytes(offsets.Bytes()), t.offsets)
	values = newBuffer(alloc, len(t.bytes))
	copy(values.Bytes(), t.bytes)
	return offsets, values
}

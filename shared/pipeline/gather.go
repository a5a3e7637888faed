package pipeline

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// run is the rows from first to before end.
type run struct{ first, end int }

// pick returns the n rows of a column that runs has, in order; the caller releases
// it. It may be a slice, which keeps all of the column in memory.
func pick(in arrow.Array, runs []run, n int, alloc memory.Allocator) arrow.Array {
	if len(runs) == 1 {
		return array.NewSlice(in, int64(runs[0].first), int64(runs[0].end))
	}
	return gather(in, runs, n, alloc)
}

// gather is pick by a copy, each run as a block.
func gather(in arrow.Array, runs []run, n int, alloc memory.Allocator) arrow.Array {
	data := in.Data()
	var valid *memory.Buffer
	nulls := 0
	if in.NullN() > 0 {
		valid = gatherBits(data.Buffers()[0].Bytes(), data.Offset(), runs, n, alloc)
		nulls = n - bitutil.CountSetBits(valid.Bytes(), 0, n)
	}
	var buffers []*memory.Buffer
	switch to := in.DataType().(type) {
	case *arrow.BooleanType:
		buffers = []*memory.Buffer{gatherBits(data.Buffers()[1].Bytes(), data.Offset(), runs, n, alloc)}
	case arrow.BinaryDataType:
		buffers = gatherTexts(data, runs, n, alloc)
	default:
		width := to.(arrow.FixedWidthDataType).Bytes()
		values := newBuffer(alloc, n*width)
		from, out := data.Buffers()[1].Bytes()[data.Offset()*width:], values.Bytes()
		for _, r := range runs {
			out = out[copy(out, from[r.first*width:r.end*width]):]
		}
		buffers = []*memory.Buffer{values}
	}
	return assemble(in.DataType(), n, nulls, valid, buffers)
}

func gatherBits(bits []byte, offset int, runs []run, n int, alloc memory.Allocator) *memory.Buffer {
	gathered := newBuffer(alloc, int(bitutil.BytesForBits(int64(n))))
	clear(gathered.Bytes())
	at := 0
	for _, r := range runs {
		copyBits(gathered.Bytes(), at, bits, offset+r.first, r.end-r.first)
		at += r.end - r.first
	}
	return gathered
}

// copyBits copies n bits from one place to another, where there are zeros yet, a word at a time.
func copyBits(to []byte, at int, from []byte, first, n int) {
	for ; n > 0 && at%8 != 0; at, first, n = at+1, first+1, n-1 {
		to[at/8] |= (from[first/8] >> (first % 8) & 1) << (at % 8)
	}
	shift := first % 8
	for ; n >= 64; at, first, n = at+64, first+64, n-64 {
		word := binary.LittleEndian.Uint64(from[first/8:]) >> shift
		if shift > 0 {
			word |= uint64(from[first/8+8]) << (64 - shift)
		}
		binary.LittleEndian.PutUint64(to[at/8:], word)
	}
	for ; n > 0; at, first, n = at+1, first+1, n-1 {
		to[at/8] |= (from[first/8] >> (first % 8) & 1) << (at % 8)
	}
}

// gatherTexts works for text and bytes, which have the same layout.
func gatherTexts(data arrow.ArrayData, runs []run, n int, alloc memory.Allocator) []*memory.Buffer {
	ends := arrow.Int32Traits.CastFromBytes(data.Buffers()[1].Bytes())[data.Offset():]
	size := 0
	for _, r := range runs {
		size += int(ends[r.end] - ends[r.first])
	}
	offsets, values := newBuffer(alloc, (n+1)*arrow.Int32SizeBytes), newBuffer(alloc, size)
	out := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	out[0] = 0
	row, at := 1, int32(0)
	for _, r := range runs {
		shift := at - ends[r.first]
		moved := out[row : row+r.end-r.first]
		for i, end := range ends[r.first+1 : r.end+1] {
			moved[i] = end + shift
		}
		if content := data.Buffers()[2]; content != nil { // nil when every value is null or empty
			copy(values.Bytes()[at:], content.Bytes()[ends[r.first]:ends[r.end]])
		}
		row, at = row+r.end-r.first, ends[r.end]+shift
	}
	return []*memory.Buffer{offsets, values}
}

// count is how many values are true.
func count(values *array.Boolean) (n int64) {
	for i := range values.Len() {
		if values.IsValid(i) && values.Value(i) {
			n++
		}
	}
	return n
}

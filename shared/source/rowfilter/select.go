package rowfilter

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Count is the number of rows that a mask keeps.
func Count(keep []bool) (n int) {
	for _, k := range keep {
		if k {
			n++
		}
	}
	return n
}

// Select returns the kept rows of a batch whose columns have the types of
// source.ArrowType. The result must be released.
func Select(rec arrow.RecordBatch, keep []bool) arrow.RecordBatch {
	n := Count(keep)
	if n == len(keep) {
		rec.Retain()
		return rec
	}
	columns := make([]arrow.Array, rec.NumCols())
	for i := range columns {
		columns[i] = Take(rec.Column(i), keep, n)
		defer columns[i].Release()
	}
	return array.NewRecordBatch(rec.Schema(), columns, int64(n))
}

// Take returns the n kept values of an array in a type of source.ArrowType. The
// result must be released.
func Take(values arrow.Array, keep []bool, n int) arrow.Array {
	if n == len(keep) {
		values.Retain()
		return values
	}
	data := values.Data()
	buffers := make([]*memory.Buffer, 0, 3)
	nulls := 0
	if values.NullN() > 0 {
		bits, set := takeBits(values.NullBitmapBytes(), data.Offset(), keep, n)
		buffers, nulls = append(buffers, memory.NewBufferBytes(bits)), n-set
	} else {
		buffers = append(buffers, nil)
	}
	switch a := values.(type) {
	case *array.String:
		offsets, text := takeText(a.ValueOffsets(), a.ValueBytes(), keep, n)
		buffers = append(buffers, offsets, text)
	case *array.Binary:
		offsets, text := takeText(a.ValueOffsets(), a.ValueBytes(), keep, n)
		buffers = append(buffers, offsets, text)
	case *array.Boolean:
		bits, _ := takeBits(data.Buffers()[1].Bytes(), data.Offset(), keep, n)
		buffers = append(buffers, memory.NewBufferBytes(bits))
	default:
		width := data.DataType().(arrow.FixedWidthDataType).Bytes()
		buffers = append(buffers, takeFixed(data.Buffers()[1].Bytes()[data.Offset()*width:], width, keep, n))
	}
	taken := array.NewData(values.DataType(), n, buffers, nil, nulls, 0)
	defer taken.Release()
	return array.MakeFromData(taken)
}

func takeBits(bits []byte, offset int, keep []bool, n int) (out []byte, set int) {
	out = make([]byte, bitutil.BytesForBits(int64(n)))
	at := 0
	for i, k := range keep {
		if !k {
			continue
		}
		if bitutil.BitIsSet(bits, offset+i) {
			bitutil.SetBit(out, at)
			set++
		}
		at++
	}
	return out, set
}

// takeFixed copies runs of kept values.
func takeFixed(values []byte, width int, keep []bool, n int) *memory.Buffer {
	out := make([]byte, 0, n*width)
	for from, to := range runs(keep) {
		out = append(out, values[from*width:to*width]...)
	}
	return memory.NewBufferBytes(out)
}

// takeText copies runs of kept texts; content begins at the first one's offset.
func takeText(at []int32, content []byte, keep []bool, n int) (offsets, text *memory.Buffer) {
	ends, size := make([]int32, 1, n+1), int32(0)
	for i, k := range keep {
		if k {
			size += at[i+1] - at[i]
			ends = append(ends, size)
		}
	}
	out := make([]byte, 0, size)
	for from, to := range runs(keep) {
		out = append(out, content[at[from]-at[0]:at[to]-at[0]]...)
	}
	return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(ends)), memory.NewBufferBytes(out)
}

// runs yields the runs of kept rows: from the first to before the last.
func runs(keep []bool) func(yield func(from, to int) bool) {
	return func(yield func(from, to int) bool) {
		for i := 0; i < len(keep); i++ {
			if !keep[i] {
				continue
			}
			from := i
			for i < len(keep) && keep[i] {
				i++
			}
			if !yield(from, i) {
				return
			}
		}
	}
}

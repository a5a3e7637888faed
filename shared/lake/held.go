package lake

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// held is a column of rows that wait: a copy, so that the batches that they came in can go, and rows can be picked from
// one place.
type held struct {
	of    arrow.DataType
	rows  int
	data  []byte
	width int     // bytes of a value in data; 0: text, which ends has the ends of
	ends  []int32 // of the texts, after a zero
	valid []byte  // one byte per row, 1 for a value; nil while there is no null
}

func newHeld(of arrow.DataType) held {
	h := held{of: of}
	switch fixed, ok := of.(arrow.FixedWidthDataType); {
	case of.ID() == arrow.BOOL:
		h.width = 1
	case ok:
		h.width = fixed.Bytes()
	default:
		h.ends = []int32{0}
	}
	return h
}

// clear forgets the rows and keeps the memory.
func (h *held) clear() {
	h.rows, h.data, h.valid = 0, h.data[:0], nil
	if h.width == 0 {
		h.ends = h.ends[:1]
	}
}

// add copies the array's rows.
func (h *held) add(column arrow.Array) {
	n, data := column.Len(), column.Data()
	h.addValidity(column, n)
	switch a := column.(type) {
	case *array.String:
		h.addTexts(a.ValueOffsets(), a.ValueBytes())
	case *array.Binary:
		h.addTexts(a.ValueOffsets(), a.ValueBytes())
	case *array.Boolean:
		for row := range n {
			var b byte
			if a.Value(row) {
				b = 1
			}
			h.data = append(h.data, b)
		}
	default:
		from := data.Offset() * h.width
		h.data = append(h.data, data.Buffers()[1].Bytes()[from:from+n*h.width]...)
	}
	h.rows += n
}

func (h *held) addValidity(column arrow.Array, n int) {
	if h.valid == nil {
		if column.NullN() == 0 {
			return
		}
		h.valid = make([]byte, h.rows, h.rows+n)
		for i := range h.valid {
			h.valid[i] = 1
		}
	}
	for row := range n {
		var b byte
		if column.IsValid(row) {
			b = 1
		}
		h.valid = append(h.valid, b)
	}
}

// addTexts adds the texts between the offsets, of which bytes has the first.
func (h *held) addTexts(offsets []int32, bytes []byte) {
	shift := int32(len(h.data)) - offsets[0]
	for _, end := range offsets[1:] {
		h.ends = append(h.ends, end+shift)
	}
	h.data = append(h.data, bytes...)
}

// pick returns the rows in this order.
func (h *held) pick(rows []uint32) arrow.Array {
	buffers := make([]*memory.Buffer, 2, 3)
	nulls := 0
	if h.valid != nil {
		bits := make([]byte, bitutil.BytesForBits(int64(len(rows))))
		for i, row := range rows {
			if h.valid[row] == 1 {
				bitutil.SetBit(bits, i)
			} else {
				nulls++
			}
		}
		buffers[0] = memory.NewBufferBytes(bits)
	}
	switch {
	case h.of.ID() == arrow.BOOL:
		bits := make([]byte, bitutil.BytesForBits(int64(len(rows))))
		for i, row := range rows {
			if h.data[row] == 1 {
				bitutil.SetBit(bits, i)
			}
		}
		buffers[1] = memory.NewBufferBytes(bits)
	case h.width == 0:
		ends, text := h.pickTexts(rows)
		buffers[1] = memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(ends))
		buffers = append(buffers, memory.NewBufferBytes(text))
	case h.width == 8:
		from, to := arrow.Int64Traits.CastFromBytes(h.data), make([]int64, len(rows))
		for i, row := range rows {
			to[i] = from[row]
		}
		buffers[1] = memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(to))
	default:
		to := make([]byte, 0, len(rows)*h.width)
		for _, row := range rows {
			to = append(to, h.data[int(row)*h.width:(int(row)+1)*h.width]...)
		}
		buffers[1] = memory.NewBufferBytes(to)
	}
	data := array.NewData(h.of, len(rows), buffers, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

func (h *held) pickTexts(rows []uint32) (ends []int32, text []byte) {
	ends = make([]int32, 1, len(rows)+1)
	size := int32(0)
	for _, row := range rows {
		size += h.ends[row+1] - h.ends[row]
		ends = append(ends, size)
	}
	text = make([]byte, 0, size)
	for _, row := range rows {
		text = append(text, h.data[h.ends[row]:h.ends[row+1]]...)
	}
	return ends, text
}

// bytes is what the rows take in memory.
func (h *held) bytes() int64 { return int64(len(h.data)) + int64(len(h.ends))*4 + int64(len(h.valid)) }

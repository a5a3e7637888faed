package datafile

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// levels say which rows of a chunk have a value. Parquet packs them as Arrow does.
type levels struct {
	nullable bool
	rows     int
	nulls    int
	valid    []byte // a bit for each row; empty while there are no nulls
}

// add takes rows of an array in, and returns how many of them are null.
func (l *levels) add(arr arrow.Array, rows []int32) (nulls int) {
	from := l.rows
	l.rows += len(rows)
	if arr.NullN() == 0 {
		if l.nulls > 0 {
			l.grow()
			bitutil.SetBitsTo(l.valid, int64(from), int64(len(rows)), true)
		}
		return 0
	}
	bitmap, offset := arr.NullBitmapBytes(), arr.Data().Offset()
	for _, row := range rows {
		if !bitutil.BitIsSet(bitmap, offset+int(row)) {
			nulls++
		}
	}
	if nulls == 0 && l.nulls == 0 {
		return 0
	}
	first := l.nulls == 0
	l.grow()
	if first {
		bitutil.SetBitsTo(l.valid, 0, int64(from), true)
	}
	for i, row := range rows {
		if bitutil.BitIsSet(bitmap, offset+int(row)) {
			bitutil.SetBit(l.valid, from+i)
		}
	}
	l.nulls += nulls
	return nulls
}

// grow makes place for all rows, with zeros.
func (l *levels) grow() { l.valid = appendZeros(l.valid, (l.rows+7)/8-len(l.valid)) }

func (l *levels) absent() int { return l.nulls }

func (l *levels) reset() { l.rows, l.nulls, l.valid = 0, 0, l.valid[:0] }

// values is how many of the rows have one. from is a multiple of eight.
func (l *levels) values(from, to int) int {
	if l.nulls == 0 {
		return to - from
	}
	return bitutil.CountSetBits(l.valid[from/8:], 0, to-from)
}

// append appends the definition levels of rows as a first data page has them.
// from is a multiple of eight.
func (l *levels) append(to []byte, from, end int) []byte {
	if !l.nullable {
		return to
	}
	at := len(to)
	to = append(to, 0, 0, 0, 0)
	if l.nulls == 0 {
		to = append(binary.AppendUvarint(to, uint64(end-from)<<1), 1)
	} else {
		groups := (end - from + 7) / 8
		to = binary.AppendUvarint(to, uint64(groups)<<1|1)
		to = append(to, l.valid[from/8:from/8+groups]...)
	}
	binary.LittleEndian.PutUint32(to[at:], uint32(len(to)-at-4))
	return to
}

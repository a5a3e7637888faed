package datafile

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// selection is some rows of a batch: the listed ones, counted from the first. They
// follow each other when it is a run.
type selection struct {
	first int
	list  []int32
	run   bool
}

// room makes place for n more, and twice as much at a time, because what append
// adds to large slices is copied often until a row group is full.
func room[T any](s []T, n int) []T {
	if len(s)+n > cap(s) {
		return append(make([]T, 0, max(2*cap(s), len(s)+n)), s...)
	}
	return s
}

// levels say which rows of a chunk have a value. Parquet packs them as Arrow does.
type levels struct {
	nullable bool
	rows     int
	nulls    int
	valid    []byte // a bit for each row; empty while there are no nulls
}

// add takes rows of an array in, and returns how many of them are null.
func (l *levels) add(arr arrow.Array, rows selection) (nulls int) {
	before := l.rows
	l.rows += len(rows.list)
	if arr.NullN() == 0 {
		if l.nulls > 0 {
			l.grow(0)
			bitutil.SetBitsTo(l.valid, int64(before), int64(len(rows.list)), true)
		}
		return 0
	}
	if l.nulls == 0 {
		l.grow(0xff)
		bitutil.SetBitsTo(l.valid, int64(before), int64(len(l.valid)*8-before), false)
	} else {
		l.grow(0)
	}
	bitmap, offset := arr.NullBitmapBytes(), arr.Data().Offset()
	if rows.run {
		bitutil.CopyBitmap(bitmap, offset+rows.first, len(rows.list), l.valid, before)
		nulls = len(rows.list) - bitutil.CountSetBits(bitmap, offset+rows.first, len(rows.list))
	} else {
		offset += rows.first
		for i, row := range rows.list {
			bit := bitOf(bitmap, offset+int(row))
			l.valid[(before+i)/8] |= bit << ((before + i) % 8)
			nulls += int(bit ^ 1)
		}
	}
	if l.nulls += nulls; l.nulls == 0 {
		l.valid = l.valid[:0]
	}
	return nulls
}

func bitOf(bitmap []byte, i int) byte { return bitmap[i/8] >> (i % 8) & 1 }

// grow makes place for all rows.
func (l *levels) grow(with byte) {
	for len(l.valid) < (l.rows+7)/8 {
		l.valid = append(l.valid, with)
	}
}

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

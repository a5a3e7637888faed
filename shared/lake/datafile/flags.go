package datafile

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/parquet"
)

// flags is a column of booleans.
type flags struct {
	levels
	n    int    // how many values
	bits []byte // without nulls
	file [2]bool
}

func (c *flags) add(arr arrow.Array, rows selection) {
	nulls := c.levels.add(arr, rows)
	if nulls == len(rows.list) {
		return
	}
	values, offset := arr.Data().Buffers()[1].Bytes(), arr.Data().Offset()
	c.bits = appendZeros(c.bits, (c.n+len(rows.list)+7)/8-len(c.bits))
	if nulls == 0 && rows.run {
		bitutil.CopyBitmap(values, offset+rows.first, len(rows.list), c.bits, c.n)
		c.n += len(rows.list)
		return
	}
	for _, row := range rows.list {
		row := rows.first + int(row)
		if nulls == 0 || arr.IsValid(row) {
			c.bits[c.n/8] |= bitOf(values, offset+row) << (c.n % 8)
			c.n++
		}
	}
}

func (c *flags) size() int64 { return int64(len(c.bits) + len(c.valid)) }

// encode writes one page: they are small.
func (c *flags) encode(p *pages) {
	set := bitutil.CountSetBits(c.bits, 0, c.n)
	seen := [2]bool{set < c.n, set > 0}
	p.chunk.min, p.chunk.max = flagEnds(seen)
	c.file[0], c.file[1] = c.file[0] || seen[0], c.file[1] || seen[1]
	p.cut(&c.levels, c.rows+7, parquet.Encodings.Plain, func(to []byte, _, _ int) []byte {
		return append(to, c.bits[:(c.n+7)/8]...)
	})
	c.n, c.bits = 0, c.bits[:0]
	c.levels.reset()
}

func (c *flags) limits() (lower, upper []byte) { return flagEnds(c.file) }

func flagEnds(seen [2]bool) (lower, upper []byte) {
	switch {
	case seen[0] && seen[1]:
		return []byte{0}, []byte{1}
	case seen[0]:
		return []byte{0}, []byte{0}
	case seen[1]:
		return []byte{1}, []byte{1}
	}
	return nil, nil
}

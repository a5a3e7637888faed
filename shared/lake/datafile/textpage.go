package datafile

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/parquet"
)

func (c *text) encodeNumbered(p *pages) {
	p.body = p.body[:0]
	from := uint32(0)
	for _, end := range c.distinct.ends {
		if c.width == 0 {
			p.body = binary.LittleEndian.AppendUint32(p.body, end-from)
		}
		p.body = append(p.body, c.distinct.data[from:end]...)
		from = end
	}
	p.dictionary(c.distinct.len())
	width := widthOf(c.distinct.len())
	p.cut(&c.levels, pageRows, parquet.Encodings.RLEDict, func(to []byte, from, end int) []byte {
		return appendIndexes(to, c.indexes[from:end], width)
	})
}

// encodeAll writes every text, without the prefix that all have.
func (c *text) encodeAll(p *pages, prefix int) {
	rows := pageRows
	if len(c.data) > pageBytes {
		rows = min(rows, int(int64(c.rows)*pageBytes/int64(len(c.data))))
	}
	switch {
	case c.width > 0:
		p.cut(&c.levels, rows, parquet.Encodings.Plain, func(to []byte, from, end int) []byte {
			return append(to, c.data[from*c.width:end*c.width]...)
		})
	case prefix > 0:
		p.cut(&c.levels, rows, parquet.Encodings.DeltaByteArray, func(to []byte, from, end int) []byte {
			return c.appendShortened(to, p, from, end, prefix)
		})
	default:
		p.cut(&c.levels, rows, parquet.Encodings.DeltaLengthByteArray, func(to []byte, from, end int) []byte {
			return c.appendTexts(to, p, from, end)
		})
	}
}

// appendTexts appends texts as DELTA_LENGTH_BYTE_ARRAY.
func (c *text) appendTexts(to []byte, p *pages, from, end int) []byte {
	p.lengths = p.lengths[:0]
	first := c.begin(from)
	last := first
	for _, e := range c.ends[from:end] {
		p.lengths = append(p.lengths, uint64(e-last))
		last = e
	}
	to = appendDeltas(to, p.lengths, true)
	return append(to, c.data[first:last]...)
}

// appendShortened appends texts as DELTA_BYTE_ARRAY: of all but the first the
// prefix is left out, though more of a text may be as in the one before.
func (c *text) appendShortened(to []byte, p *pages, from, end, prefix int) []byte {
	p.lengths = p.lengths[:0]
	for i := range end - from {
		p.lengths = append(p.lengths, uint64(prefix))
		if i == 0 {
			p.lengths[0] = 0
		}
	}
	to = appendDeltas(to, p.lengths, true)
	last := c.begin(from)
	for i, e := range c.ends[from:end] {
		p.lengths[i] = uint64(e-last) - p.lengths[i]
		last = e
	}
	to = appendDeltas(to, p.lengths, true)
	for i, e := range c.ends[from:end] {
		to = append(to, c.data[e-uint32(p.lengths[i]):e]...)
	}
	return to
}

// begin is where a text begins in the data.
func (c *text) begin(i int) uint32 {
	if i == 0 {
		return 0
	}
	return c.ends[i-1]
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

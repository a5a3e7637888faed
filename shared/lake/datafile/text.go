package datafile

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// text is a column of texts, of bytes, or of decimals, which are bytes of a width.
type text struct {
	levels
	width    int // of decimals; 0: values differ in length
	truncate func(value []byte, up bool) []byte

	// The rows at hand: numbers of texts that repeat themselves, or else the texts.
	numbered bool
	distinct *texts
	indexes  []uint32
	ends     []uint32
	data     []byte

	file ends
}

func newText(l levels, width int, truncate func([]byte, bool) []byte) *text {
	return &text{levels: l, width: width, truncate: truncate, numbered: true, distinct: newTexts()}
}

func (c *text) add(arr arrow.Array, rows selection) {
	nulls := c.levels.add(arr, rows)
	if nulls == len(rows.list) {
		return
	}
	if c.numbered {
		c.indexes = room(c.indexes, len(rows.list))
	} else {
		c.ends = room(c.ends, len(rows.list))
	}
	if decimals, ok := arr.(*array.Decimal128); ok {
		c.addDecimals(decimals, rows)
	} else {
		c.addTexts(arr, rows, nulls)
	}
	if c.numbered && len(c.indexes) >= leastNumbered && !c.repeat() {
		c.spell()
	}
}

func (c *text) addTexts(arr arrow.Array, rows selection, nulls int) {
	data := arr.Data()
	offsets := arrow.Int32Traits.CastFromBytes(data.Buffers()[1].Bytes())[data.Offset()+rows.first:]
	var values []byte
	if buffer := data.Buffers()[2]; buffer != nil {
		values = buffer.Bytes()
	}
	switch {
	case !c.numbered && nulls == 0 && rows.run:
		c.putAll(values, offsets[:len(rows.list)+1])
	case nulls == 0 && c.numbered:
		for _, row := range rows.list {
			c.indexes = append(c.indexes, c.distinct.number(values, offsets[row], offsets[row+1]))
		}
	default:
		c.putSome(arr, values, offsets, rows)
	}
}

// putSome adds the texts of rows that are not null.
func (c *text) putSome(arr arrow.Array, values []byte, offsets []int32, rows selection) {
	if !c.numbered {
		size := 0
		for _, row := range rows.list {
			size += int(offsets[row+1] - offsets[row])
		}
		c.data = room(c.data, size)
	}
	bitmap, offset := arr.NullBitmapBytes(), arr.Data().Offset()+rows.first
	for _, row := range rows.list {
		if len(bitmap) == 0 || bitOf(bitmap, offset+int(row)) == 1 {
			c.put(values, offsets[row], offsets[row+1])
		}
	}
}

// putAll adds texts that follow each other.
func (c *text) putAll(values []byte, offsets []int32) {
	shift := uint32(len(c.data)) - uint32(offsets[0])
	some := values[offsets[0]:offsets[len(offsets)-1]]
	c.data = append(room(c.data, len(some)), some...)
	for _, end := range offsets[1:] {
		c.ends = append(c.ends, uint32(end)+shift)
	}
}

func (c *text) addDecimals(arr *array.Decimal128, rows selection) {
	var all [16]byte
	for _, row := range rows.list {
		row := rows.first + int(row)
		if arr.IsValid(row) {
			n := arr.Value(row)
			binary.BigEndian.PutUint64(all[:8], uint64(n.HighBits()))
			binary.BigEndian.PutUint64(all[8:], n.LowBits())
			c.put(all[:], int32(len(all)-c.width), int32(len(all)))
		}
	}
}

// put adds the value that stands in data between two places.
func (c *text) put(data []byte, from, end int32) {
	if c.numbered {
		c.indexes = append(c.indexes, c.distinct.number(data, from, end))
		return
	}
	c.data = append(c.data, data[from:end]...)
	c.ends = append(c.ends, uint32(len(c.data)))
}

// leastNumbered is how many values say whether the others are repetitions too.
const leastNumbered = 1024

// repeat reports whether the values are repeated so often that a dictionary is worth it.
func (c *text) repeat() bool {
	distinct := c.distinct.len()
	return distinct > 0 && 2*distinct <= len(c.indexes) && distinct <= mostEntries
}

// spell puts the texts where their numbers were.
func (c *text) spell() {
	c.numbered = false
	c.ends, c.data = room(c.ends, len(c.indexes)), room(c.data, len(c.distinct.data))
	for _, i := range c.indexes {
		value := c.distinct.at(i)
		c.put(value, 0, int32(len(value)))
	}
	c.forget()
}

func (c *text) forget() {
	c.indexes = c.indexes[:0]
	c.distinct.reset()
}

func (c *text) size() int64 {
	return int64(len(c.valid) + 4*len(c.indexes) + 8*c.distinct.len() + len(c.distinct.data) + 4*len(c.ends) + len(c.data))
}

func (c *text) encode(p *pages) {
	if c.numbered && !c.repeat() {
		c.spell()
	}
	var chunk ends
	if c.numbered {
		chunk.measure(c.distinct.data, c.distinct.ends, c.width > 0)
		c.encodeNumbered(p)
	} else {
		chunk.measure(c.data, c.ends, c.width > 0)
		c.encodeAll(p, commonPrefix(chunk.min, chunk.max))
	}
	p.chunk.min, p.chunk.max = chunk.short()
	c.file.merge(chunk, c.width > 0)
	c.numbered, c.data, c.ends = true, c.data[:0], c.ends[:0]
	c.forget()
	c.levels.reset()
}

func (c *text) limits() (lower, upper []byte) {
	if !c.file.known {
		return nil, nil
	}
	if c.width > 0 {
		return shortest(c.file.min), shortest(c.file.max)
	}
	return c.truncate(c.file.min, false), c.truncate(c.file.max, true)
}

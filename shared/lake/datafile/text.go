package datafile

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
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
	case nulls > 0:
		bitmap, offset := arr.NullBitmapBytes(), data.Offset()+rows.first
		for _, row := range rows.list {
			if bitOf(bitmap, offset+int(row)) == 1 {
				c.put(values, offsets[row], offsets[row+1])
			}
		}
	case c.numbered:
		for _, row := range rows.list {
			c.indexes = append(c.indexes, c.distinct.number(values, offsets[row], offsets[row+1]))
		}
	case rows.run:
		c.putAll(values, offsets[:len(rows.list)+1])
	default:
		for _, row := range rows.list {
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
	c.data = append(room(c.data, int(end-from)), data[from:end]...)
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
	c.ends = room(c.ends, len(c.indexes))
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

func (c *text) limits() (lower, upper []byte) {
	if !c.file.known {
		return nil, nil
	}
	if c.width > 0 {
		return shortest(c.file.min), shortest(c.file.max)
	}
	return c.truncate(c.file.min, false), c.truncate(c.file.max, true)
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

// shortest is a number in big-endian two's complement, in as few bytes as hold it.
func shortest(number []byte) []byte {
	for len(number) > 1 && (number[0] == 0 && number[1] < 0x80 || number[0] == 0xff && number[1] >= 0x80) {
		number = number[1:]
	}
	return bytes.Clone(number)
}

// ends are the least and the greatest of some texts, or of some numbers in
// big-endian two's complement of one width.
type ends struct {
	known    bool
	min, max []byte
}

// measure finds the ends of texts, which it points into. It compares the first
// eight bytes as a number, which is nearly always enough.
func (e *ends) measure(data []byte, until []uint32, signed bool) {
	var low, high uint64
	from := uint32(0)
	for _, end := range until {
		value := data[from:end]
		from = end
		head := headOf(value, signed)
		switch {
		case !e.known:
			*e = ends{true, value, value}
			low, high = head, head
		case head > low && head < high:
		default:
			if head < low || head == low && bytes.Compare(value, e.min) < 0 {
				low, e.min = head, value
			}
			if head > high || head == high && bytes.Compare(value, e.max) > 0 {
				high, e.max = head, value
			}
		}
	}
}

// headOf is the first eight bytes of a text as a number, in the order of texts, or
// of numbers when they are signed.
func headOf(value []byte, signed bool) uint64 {
	var head uint64
	if len(value) >= 8 {
		head = binary.BigEndian.Uint64(value)
	} else {
		for i, b := range value {
			head |= uint64(b) << (56 - 8*i)
		}
	}
	if signed {
		head ^= 1 << 63
	}
	return head
}

// merge takes in the ends of other texts, of which it keeps copies.
func (e *ends) merge(other ends, signed bool) {
	if !other.known {
		return
	}
	if !e.known || less(other.min, e.min, signed) {
		e.min = append(e.min[:0], other.min...)
	}
	if !e.known || less(e.max, other.max, signed) {
		e.max = append(e.max[:0], other.max...)
	}
	e.known = true
}

func less(a, b []byte, signed bool) bool {
	x, y := headOf(a, signed), headOf(b, signed)
	return x < y || x == y && bytes.Compare(a, b) < 0
}

// mostInFooter is the longest text that stands in the footer as an end of a chunk.
const mostInFooter = 256

// short are copies of the ends for the footer, nil where they are too long for it.
func (e *ends) short() (least, greatest []byte) {
	if !e.known {
		return nil, nil
	}
	if len(e.min) <= mostInFooter {
		least = append([]byte{}, e.min...)
	}
	if len(e.max) <= mostInFooter {
		greatest = append([]byte{}, e.max...)
	}
	return least, greatest
}

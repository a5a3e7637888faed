package file

import (
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// converter turns blocks of text fields into record batches: per column one
// loop that parses, then one that leaves out the rows that are at fault.
type converter struct {
	columns  []schema.Column
	slots    []int       // by column: the block's slot; negative for a partition
	constant []partition // by column: the value of a partition
	schema   *arrow.Schema
	typed    bool   // literals carry their kind (NDJSON): "5" is no number, 5 is no date
	faulty   []bool // by row
	faults   int
}

// convert returns the rows of b as a batch. utf8 says that all of b is known to be valid.
func (c *converter) convert(b *block, utf8Clean bool) (arrow.RecordBatch, []int64, []source.Reject) {
	c.faulty, c.faults = resize(c.faulty, b.rows), 0
	clear(c.faulty)
	rejects := b.rejects
	flag := func(row int, column, rule, reason string) {
		if !c.faulty[row] {
			c.faulty[row] = true
			c.faults++
			rejects = append(rejects, source.Reject{Origin: b.lines[row], Column: column, Rule: rule, Reason: reason})
		}
	}
	if !utf8Clean {
		c.checkUTF8(b, flag)
	}
	finish := make([]func() arrow.Array, len(c.columns))
	for i, col := range c.columns {
		finish[i] = c.column(b, i, col, flag)
	}
	columns := make([]arrow.Array, len(c.columns))
	for i, f := range finish {
		columns[i] = f()
	}
	slices.SortStableFunc(rejects, func(x, y source.Reject) int { return int(x.Origin - y.Origin) })
	record := array.NewRecordBatch(c.schema, columns, int64(b.rows-c.faults))
	for _, col := range columns {
		col.Release()
	}
	return record, keep(slices.Clone(b.lines[:b.rows]), c), rejects
}

type flagFunc func(row int, column, rule, reason string)

func (c *converter) checkUTF8(b *block, flag flagFunc) {
	for i, col := range c.columns {
		if c.slots[i] < 0 {
			continue
		}
		for row, f := range b.fields[c.slots[i]][:b.rows] {
			if !utf8.Valid(b.bytes(f)) {
				flag(row, col.Name, ruleNotUTF8, "is not valid UTF-8")
			}
		}
	}
}

// column parses a column and returns what makes its array once all faults are known.
func (c *converter) column(b *block, i int, col schema.Column, flag flagFunc) func() arrow.Array {
	if c.slots[i] < 0 {
		return func() arrow.Array { return constantArray(col, c.constant[i], b.rows-c.faults) }
	}
	fields := b.fields[c.slots[i]][:b.rows]
	literal, text := anyKind, anyKind
	if c.typed {
		literal, text = onlyLiteral, onlyText
	}
	switch col.Type {
	case schema.Int64:
		return fixed(c, b, fields, col, literal, parseInt, flag)
	case schema.Float64:
		return fixed(c, b, fields, col, literal, parseFloat, flag)
	case schema.Date:
		return fixed(c, b, fields, col, text, parseDate, flag)
	case schema.Timestamp:
		return fixed(c, b, fields, col, text, parseTimestamp, flag)
	case schema.Bool:
		return c.bools(b, fields, col, literal, flag)
	}
	return func() arrow.Array { return c.strings(b, fields, col) }
}

// wanted is which kind of field a type takes.
type wanted uint8

const (
	anyKind wanted = iota
	onlyLiteral
	onlyText
)

func (w wanted) takes(f span) bool { return w == anyKind || f.text() == (w == onlyText) }

// fixed parses a column of fixed width. An empty text is NULL unless literals carry their kind.
func fixed[T int32 | int64 | float64](c *converter, b *block, fields []span, col schema.Column, kind wanted, parse func([]byte) (T, bool), flag flagFunc) func() arrow.Array {
	values := make([]T, len(fields))
	nulls := nullMask{}
	for row, f := range fields {
		text := b.bytes(f)
		if len(text) == 0 && (kind == anyKind || f.null()) {
			nulls.set(row, len(fields))
			continue
		}
		v, ok := parse(text)
		if !ok || !kind.takes(f) {
			flag(row, col.Name, ruleWrongType, "is not a valid "+string(col.Type))
		}
		values[row] = v
	}
	return func() arrow.Array {
		values := keep(values, c)
		bitmap, n := nulls.bitmap(c)
		return makeArray(source.ArrowType(col), len(values), n, bitmap, bytesOf(values))
	}
}

func (c *converter) bools(b *block, fields []span, col schema.Column, kind wanted, flag flagFunc) func() arrow.Array {
	values := make([]bool, len(fields))
	nulls := nullMask{}
	for row, f := range fields {
		text := b.bytes(f)
		if len(text) == 0 && (kind == anyKind || f.null()) {
			nulls.set(row, len(fields))
			continue
		}
		v, ok := parseBool(text)
		if !ok || !kind.takes(f) {
			flag(row, col.Name, ruleWrongType, "is not a valid "+string(col.Type))
		}
		values[row] = v
	}
	return func() arrow.Array {
		values := keep(values, c)
		packed := make([]byte, (len(values)+7)/8)
		for i, v := range values {
			if v {
				packed[i>>3] |= 1 << (i & 7)
			}
		}
		bitmap, n := nulls.bitmap(c)
		return makeArray(source.ArrowType(col), len(values), n, bitmap, packed)
	}
}

// strings copies the fields of the good rows behind one another.
func (c *converter) strings(b *block, fields []span, col schema.Column) arrow.Array {
	size := 0
	for _, f := range fields {
		size += len(b.bytes(f))
	}
	data := make([]byte, 0, size)
	offsets := make([]int32, 1, len(fields)-c.faults+1)
	nulls := nullMask{}
	for row, f := range fields {
		if c.faults > 0 && c.faulty[row] {
			continue
		}
		if f.null() {
			nulls.set(len(offsets)-1, len(fields))
		}
		data = append(data, b.bytes(f)...)
		offsets = append(offsets, int32(len(data)))
	}
	bitmap, n := nulls.packed(len(offsets) - 1)
	return makeArray(source.ArrowType(col), len(offsets)-1, n, bitmap, bytesOf(offsets), data)
}

// keep moves the values of the good rows together.
func keep[T any](values []T, c *converter) []T {
	if c.faults == 0 {
		return values
	}
	n := 0
	for row, v := range values {
		if !c.faulty[row] {
			values[n] = v
			n++
		}
	}
	return values[:n]
}

// nullMask marks NULLs; it costs nothing while there are none.
type nullMask struct{ null []bool }

func (m *nullMask) set(row, rows int) {
	if m.null == nil {
		m.null = make([]bool, rows)
	}
	m.null[row] = true
}

func (m *nullMask) bitmap(c *converter) ([]byte, int) {
	if m.null == nil {
		return nil, 0
	}
	m.null = keep(m.null, c)
	return m.packed(len(m.null))
}

// packed returns Arrow's validity bitmap and the number of NULLs.
func (m *nullMask) packed(rows int) ([]byte, int) {
	if m.null == nil {
		return nil, 0
	}
	bits, n := make([]byte, (rows+7)/8), 0
	for i, null := range m.null[:rows] {
		if null {
			n++
		} else {
			bits[i>>3] |= 1 << (i & 7)
		}
	}
	return bits, n
}

func makeArray(dt arrow.DataType, rows, nulls int, bitmap []byte, data ...[]byte) arrow.Array {
	buffers := make([]*memory.Buffer, 1, 1+len(data))
	if bitmap != nil {
		buffers[0] = memory.NewBufferBytes(bitmap)
	}
	for _, d := range data {
		buffers = append(buffers, memory.NewBufferBytes(d))
	}
	content := array.NewData(dt, rows, buffers, nil, nulls, 0)
	defer content.Release()
	return array.MakeFromData(content)
}

// bytesOf views values as Arrow's little-endian buffer.
func bytesOf[T int32 | int64 | float64](values []T) []byte {
	if len(values) == 0 {
		return []byte{}
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(values[0])))
}

func resize[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

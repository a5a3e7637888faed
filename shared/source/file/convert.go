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
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// converter turns blocks of text fields into record batches: per column one
// loop that parses, then one that leaves out the rows that are at fault or that
// the filter does not want.
type converter struct {
	columns  []schema.Column // those of schema, then those that only the filter looks at
	slots    []int           // by column: the block's slot; negative for a partition
	constant []partition     // by column: the value of a partition
	schema   *arrow.Schema   // of what is delivered
	filter   *rowfilter.Predicate
	typed    bool   // literals carry their kind (NDJSON): "5" is no number, 5 is no date
	faulty   []bool // by row: it is not delivered
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
	finish := make([]finishFunc, len(c.columns))
	parse := func(i int) {
		if !utf8Clean {
			c.checkUTF8(b, i, flag)
		}
		finish[i] = c.column(b, i, c.columns[i], flag)
	}
	if c.filter != nil {
		c.leaveOut(parse, finish)
	}
	columns := make([]arrow.Array, c.schema.NumFields())
	for i := range columns {
		if finish[i] == nil {
			parse(i)
		}
	}
	for i := range columns {
		columns[i] = finish[i](false)
	}
	slices.SortStableFunc(rejects, func(x, y source.Reject) int { return int(x.Origin - y.Origin) })
	record := array.NewRecordBatch(c.schema, columns, int64(b.rows-c.faults))
	for _, col := range columns {
		col.Release()
	}
	return record, keep(slices.Clone(b.lines[:b.rows]), c, false), rejects
}

type flagFunc func(row int, column, rule, reason string)

// finishFunc makes a column's array: of all rows, or once all faults are known
// of those that are delivered.
type finishFunc func(all bool) arrow.Array

// leaveOut drops the rows that the filter does not want, before anything else
// is parsed: such a row cannot be at fault in another column.
func (c *converter) leaveOut(parse func(int), finish []finishFunc) {
	columns := c.filter.Columns()
	values := make([]arrow.Array, len(columns))
	for n, col := range columns {
		i := slices.IndexFunc(c.columns, func(o schema.Column) bool { return o.Name == col.Name })
		parse(i)
		values[n] = finish[i](true)
		defer values[n].Release()
	}
	rec := array.NewRecordBatch(source.ArrowSchema(columns), values, int64(len(c.faulty)))
	defer rec.Release()
	for row, keep := range c.filter.Mask(rec) {
		if !keep && !c.faulty[row] {
			c.faulty[row] = true
			c.faults++
		}
	}
}

func (c *converter) checkUTF8(b *block, i int, flag flagFunc) {
	if c.slots[i] < 0 {
		return
	}
	for row, f := range b.fields[c.slots[i]][:b.rows] {
		if !utf8.Valid(b.bytes(f)) {
			flag(row, c.columns[i].Name, ruleNotUTF8, "is not valid UTF-8")
		}
	}
}

// column parses a column.
func (c *converter) column(b *block, i int, col schema.Column, flag flagFunc) finishFunc {
	if c.slots[i] < 0 {
		return func(all bool) arrow.Array { return constantArray(col, c.constant[i], c.rows(b, all)) }
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
	return func(all bool) arrow.Array { return c.strings(b, fields, col, all) }
}

func (c *converter) rows(b *block, all bool) int {
	if all {
		return b.rows
	}
	return b.rows - c.faults
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
func fixed[T int32 | int64 | float64](c *converter, b *block, fields []span, col schema.Column, kind wanted, parse func([]byte) (T, bool), flag flagFunc) finishFunc {
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
	return func(all bool) arrow.Array {
		values := keep(values, c, all)
		bitmap, n := nulls.bitmap(c, all)
		return makeArray(source.ArrowType(col), len(values), n, bitmap, bytesOf(values))
	}
}

func (c *converter) bools(b *block, fields []span, col schema.Column, kind wanted, flag flagFunc) finishFunc {
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
	return func(all bool) arrow.Array {
		values := keep(values, c, all)
		packed := make([]byte, (len(values)+7)/8)
		for i, v := range values {
			if v {
				packed[i>>3] |= 1 << (i & 7)
			}
		}
		bitmap, n := nulls.bitmap(c, all)
		return makeArray(source.ArrowType(col), len(values), n, bitmap, packed)
	}
}

// strings copies the fields of the good rows, or of all, behind one another.
func (c *converter) strings(b *block, fields []span, col schema.Column, all bool) arrow.Array {
	size := 0
	for _, f := range fields {
		size += f.len()
	}
	if c.typed && col.Type == schema.JSON {
		return c.compacted(b, fields, col, all, size)
	}
	data := make([]byte, size+copied)
	rows := c.rows(b, all)
	offsets := make([]int32, rows+1)
	nulls := nullMask{}
	n, at := 0, 0
	for row, f := range fields {
		if c.faults > 0 && !all && c.faulty[row] {
			continue
		}
		if f.null() {
			nulls.set(n, rows)
		}
		if text := b.bytes(f); len(text) <= copied && cap(text) >= copied {
			copyWords((*[copied]byte)(data[at:]), (*[copied]byte)(text[:copied])) // what is too much is overwritten
			at += len(text)
		} else {
			at += copy(data[at:], text)
		}
		n++
		offsets[n] = int32(at)
	}
	bitmap, missing := nulls.packed(rows)
	return makeArray(source.ArrowType(col), rows, missing, bitmap, bytesOf(offsets), data[:at:at])
}

// compacted is strings of a column of JSON: its values lose the white space between tokens.
func (c *converter) compacted(b *block, fields []span, col schema.Column, all bool, size int) arrow.Array {
	data := make([]byte, 0, size)
	offsets := make([]int32, 1, c.rows(b, all)+1)
	nulls := nullMask{}
	for row, f := range fields {
		if c.faults > 0 && !all && c.faulty[row] {
			continue
		}
		if f.null() {
			nulls.set(len(offsets)-1, len(fields))
		}
		data = appendCompact(data, b.bytes(f))
		offsets = append(offsets, int32(len(data)))
	}
	bitmap, missing := nulls.packed(len(offsets) - 1)
	return makeArray(source.ArrowType(col), len(offsets)-1, missing, bitmap, bytesOf(offsets), data)
}

// keep moves the values of the good rows together, unless all are wanted.
func keep[T any](values []T, c *converter, all bool) []T {
	if all || c.faults == 0 {
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

func (m *nullMask) bitmap(c *converter, all bool) ([]byte, int) {
	if m.null == nil {
		return nil, 0
	}
	m.null = keep(m.null, c, all)
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

package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// A fingerprint's definition, which must not change: rows in the lake have
// theirs, and are found by it when they are read again.
const (
	printVersion = 1
	printBytes   = 16 // of the hash, 128 bits: in 2^40 rows, two that differ share one with a chance of 2^-49
	nullTag      = 0
	nanPrint     = 0x7ff8000000000001 // of every NaN, of which there are many
)

// printTags are the tags of values, by the type in the lake.
var printTags = map[schema.Type]byte{
	schema.String: 1, schema.Int64: 2, schema.Float64: 3, schema.Decimal: 4, schema.Bool: 5,
	schema.Date: 6, schema.Timestamp: 7, schema.Time: 8, schema.Bytes: 9, schema.JSON: 10,
}

// printRows is how many rows are encoded side by side, a column at a time: as
// many as a core's cache holds.
const printRows = 256

// prints makes the fingerprints of rows.
type prints struct {
	tags   []byte // of the mapped columns, then of the cursor
	fields []printed
	starts []int // where each row's bytes begin, and where the last one's end
	next   []int // where each row's next value goes
	bytes  []byte
}

func newPrints(mapping ingest.Mapping, cursor *ingest.Cursor) (*prints, error) {
	p := &prints{}
	types := make([]schema.Type, 0, len(mapping)+1)
	for _, c := range mapping {
		types = append(types, c.Type)
	}
	if cursor != nil {
		types = append(types, cursor.Type)
	}
	for _, t := range types {
		tag, ok := printTags[t]
		if !ok {
			return nil, fmt.Errorf("the mapping is not resolved: type %q", t)
		}
		p.tags = append(p.tags, tag)
	}
	return p, nil
}

// array returns the fingerprints of rows without nulls; the caller releases it.
func (p *prints) array(columns []arrow.Array, rows int, alloc memory.Allocator) arrow.Array {
	p.fields = p.fields[:0]
	for i, column := range columns {
		p.fields = append(p.fields, newPrinted(column, p.tags[i]))
	}
	const width = printBytes * 2
	offsets, digits := newBuffer(alloc, (rows+1)*arrow.Int32SizeBytes), newBuffer(alloc, rows*width)
	ends, out := arrow.Int32Traits.CastFromBytes(offsets.Bytes()), digits.Bytes()
	ends[0] = 0
	for first := 0; first < rows; first += printRows {
		n := min(printRows, rows-first)
		p.encode(first, n)
		for i := range n {
			sum := sha256.Sum256(p.bytes[p.starts[i]:p.starts[i+1]])
			putHex(out[(first+i)*width:], sum[:printBytes])
			ends[first+i+1] = int32((first + i + 1) * width)
		}
	}
	clear(p.fields) // they hold on to the batch
	return whole(arrow.BinaryTypes.String, rows, offsets, digits)
}

// encode writes the bytes that n rows from the first on are told apart by.
func (p *prints) encode(first, n int) {
	sizes := slices.Grow(p.next[:0], n)[:n]
	for i := range sizes {
		sizes[i] = 1
	}
	for _, f := range p.fields {
		f.size(first, sizes)
	}
	p.starts = slices.Grow(p.starts[:0], n+1)[:n+1]
	end := 0
	for i, size := range sizes {
		p.starts[i] = end
		end += size
	}
	p.starts[n] = end
	p.bytes = slices.Grow(p.bytes[:0], end)[:end]
	p.next = sizes
	for i, start := range p.starts[:n] {
		p.bytes[start] = printVersion
		p.next[i] = start + 1
	}
	for _, f := range p.fields {
		f.write(p.bytes, first, p.next)
	}
}

// printed is a column as fingerprints see it: texts by offsets, or values of a
// width whose bytes Arrow has in the order of the definition.
type printed struct {
	tag     byte
	valid   []byte // bits, nil without nulls
	at      int    // of the first row in the bits
	width   int    // 0 of texts
	fixed   []byte
	offsets []int32
	content []byte
}

func newPrinted(column arrow.Array, tag byte) printed {
	data := column.Data()
	f := printed{tag: tag, at: data.Offset()}
	if column.NullN() > 0 {
		f.valid = data.Buffers()[0].Bytes()
	}
	switch a := column.(type) {
	case *array.Boolean:
		f.width, f.fixed = 1, make([]byte, a.Len())
		for i := range f.fixed {
			if a.Value(i) {
				f.fixed[i] = 1
			}
		}
	case *array.Float64:
		f.width, f.fixed = 8, arrow.Float64Traits.CastToBytes(a.Float64Values())
		if slices.ContainsFunc(a.Float64Values(), math.IsNaN) {
			f.fixed = slices.Clone(f.fixed)
			for i, v := range a.Float64Values() {
				if math.IsNaN(v) {
					binary.LittleEndian.PutUint64(f.fixed[i*8:], nanPrint)
				}
			}
		}
	default:
		if of, ok := column.DataType().(arrow.FixedWidthDataType); ok {
			f.width = of.Bytes()
			f.fixed = data.Buffers()[1].Bytes()[data.Offset()*f.width:]
			break
		}
		f.offsets = arrow.Int32Traits.CastFromBytes(data.Buffers()[1].Bytes())[data.Offset():]
		if content := data.Buffers()[2]; content != nil { // nil when every value is null or empty
			f.content = content.Bytes()
		}
	}
	return f
}

// lengthBytes is how long the length of a text is.
const lengthBytes = 4

// size adds to the sizes of the rows from the first on.
func (f printed) size(first int, sizes []int) {
	for i := range sizes {
		switch {
		case f.null(first + i):
			sizes[i]++
		case f.width > 0:
			sizes[i] += 1 + f.width
		default:
			sizes[i] += 1 + lengthBytes + int(f.offsets[first+i+1]-f.offsets[first+i])
		}
	}
}

func (f printed) null(row int) bool { return f.valid != nil && bitutil.BitIsNotSet(f.valid, f.at+row) }

// write writes the values of the rows from the first on, each to its place, and moves the places on.
func (f printed) write(to []byte, first int, places []int) {
	for i, place := range places {
		row := first + i
		if f.null(row) {
			to[place] = nullTag
			places[i]++
			continue
		}
		to[place] = f.tag
		place++
		switch f.width {
		case 0:
			text := f.content[f.offsets[row]:f.offsets[row+1]]
			binary.LittleEndian.PutUint32(to[place:], uint32(len(text)))
			copy(to[place+lengthBytes:], text)
			place += lengthBytes + len(text)
		case 8:
			binary.LittleEndian.PutUint64(to[place:], binary.LittleEndian.Uint64(f.fixed[row*8:]))
			place += 8
		default:
			copy(to[place:], f.fixed[row*f.width:][:f.width])
			place += f.width
		}
		places[i] = place
	}
}

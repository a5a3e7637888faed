package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A fingerprint's definition, which must not change: rows in the lake have
// theirs, and are found by it when they are read again.
const (
	printVersion = 1
	printBytes   = 16 // of the hash, 128 bits: in 2^40 rows, two that differ share one with a chance of 2^-49
	nullTag      = 0
	valueTag     = 1
	lengthBytes  = 4 // of the length of a value
)

// printRows is how many rows are encoded side by side, a column at a time: as
// many as a core's cache holds.
const printRows = 256

// prints makes the fingerprints of rows, of columns of the source.
type prints struct {
	sources []int
	kernels []kernel // to canonical text, nil of what is text or bytes
	fields  []printed
	starts  []int // where each row's bytes begin, and where the last one's end
	next    []int // where each row's next value goes
	bytes   []byte
}

func newPrints(columns []string, in *arrow.Schema) (*prints, error) {
	p := &prints{}
	for _, name := range columns {
		index := in.FieldIndices(name)
		if len(index) == 0 {
			return nil, changed(name, "the column is missing")
		}
		var to kernel
		if from := in.Field(index[0]).Type; from.ID() != arrow.STRING && from.ID() != arrow.BINARY {
			var err error
			if to, err = toText(from); err != nil {
				return nil, err
			}
		}
		p.sources, p.kernels = append(p.sources, index[0]), append(p.kernels, to)
	}
	return p, nil
}

// array returns the fingerprints of a batch's rows, without nulls; the caller releases it.
func (p *prints) array(record arrow.RecordBatch, alloc memory.Allocator) arrow.Array {
	p.fields = p.fields[:0]
	for i, source := range p.sources {
		column := record.Column(source)
		if to := p.kernels[i]; to != nil {
			column = to(&call{in: column, alloc: alloc})
			defer column.Release()
		}
		p.fields = append(p.fields, newPrinted(column))
	}
	const width = printBytes * 2
	rows := int(record.NumRows())
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

// printed is a column as fingerprints see it: texts by their offsets.
type printed struct {
	valid   []byte // bits, nil without nulls
	at      int    // of the first row in the bits
	offsets []int32
	content []byte
}

// newPrinted looks at an array of text or bytes.
func newPrinted(column arrow.Array) printed {
	data := column.Data()
	f := printed{at: data.Offset(), offsets: arrow.Int32Traits.CastFromBytes(data.Buffers()[1].Bytes())[data.Offset():]}
	if column.NullN() > 0 {
		f.valid = data.Buffers()[0].Bytes()
	}
	if content := data.Buffers()[2]; content != nil { // nil when every value is null or empty
		f.content = content.Bytes()
	}
	return f
}

// size adds to the sizes of the rows from the first on.
func (f printed) size(first int, sizes []int) {
	for i := range sizes {
		sizes[i]++
		if !f.null(first + i) {
			sizes[i] += lengthBytes + int(f.offsets[first+i+1]-f.offsets[first+i])
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
		to[place] = valueTag
		value := f.content[f.offsets[row]:f.offsets[row+1]]
		binary.LittleEndian.PutUint32(to[place+1:], uint32(len(value)))
		copy(to[place+1+lengthBytes:], value)
		places[i] = place + 1 + lengthBytes + len(value)
	}
}

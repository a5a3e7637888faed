package datafile

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
)

// words is a column of numbers: whole ones, among them dates and times, or floats.
type words struct {
	levels
	kind   kind
	values []uint64 // without nulls
	chunk  span     // of the rows at hand
	file   span     // of the rows written
}

type kind int

const (
	long   kind = iota // INT64
	day                // INT32
	double             // DOUBLE
)

func (c *words) add(arr arrow.Array, rows selection) {
	nulls := c.levels.add(arr, rows)
	if nulls == len(rows.list) {
		return
	}
	data := arr.Data()
	at := len(c.values)
	c.values = room(c.values, len(rows.list))[:at+len(rows.list)]
	var n int
	if c.kind == day {
		n = gather(c.values[at:], arrow.Int32Traits.CastFromBytes(data.Buffers()[1].Bytes())[data.Offset():], arr, rows, nulls)
	} else {
		n = gather(c.values[at:], arrow.Int64Traits.CastFromBytes(data.Buffers()[1].Bytes())[data.Offset():], arr, rows, nulls)
	}
	c.values = c.values[:at+n]
}

// gather copies the values of rows that have one, and returns how many have.
func gather[T int32 | int64](to []uint64, from []T, arr arrow.Array, rows selection, nulls int) int {
	from = from[rows.first:]
	switch {
	case nulls > 0:
		bitmap, offset, n := arr.NullBitmapBytes(), arr.Data().Offset()+rows.first, 0
		for _, row := range rows.list {
			to[n] = uint64(from[row]) // whatever a null has is overwritten
			n += int(bitOf(bitmap, offset+int(row)))
		}
		return n
	case rows.run:
		for i, v := range from[:len(rows.list)] {
			to[i] = uint64(v)
		}
	default:
		for i, row := range rows.list {
			to[i] = uint64(from[row])
		}
	}
	return len(rows.list)
}

func (c *words) size() int64 { return int64(8*len(c.values) + len(c.valid)) }

func (c *words) encode(p *pages) {
	p.chunk.nans = c.measure()
	p.chunk.min, p.chunk.max = c.plainEnds(c.chunk)
	c.file.merge(c.chunk)
	if !c.encodeNumbered(p) {
		c.encodeAll(p)
	}
	c.values, c.chunk = c.values[:0], span{}
	c.levels.reset()
}

// encodeAll writes every value.
func (c *words) encodeAll(p *pages) {
	if c.kind == double {
		p.cut(&c.levels, pageRows, parquet.Encodings.ByteStreamSplit, func(to []byte, from, end int) []byte {
			return appendSplit(to, c.values[from:end])
		})
		return
	}
	p.cut(&c.levels, pageRows, parquet.Encodings.DeltaBinaryPacked, func(to []byte, from, end int) []byte {
		return appendDeltas(to, c.values[from:end], c.kind == day)
	})
}

func (c *words) bytesOf(n int) int {
	if c.kind == day {
		return 4 * n
	}
	return 8 * n
}

func (c *words) appendPlain(to []byte, values []uint64) []byte {
	for _, v := range values {
		if c.kind == day {
			to = binary.LittleEndian.AppendUint32(to, uint32(v))
		} else {
			to = binary.LittleEndian.AppendUint64(to, v)
		}
	}
	return to
}

package datafile

import (
	"encoding/binary"
	"math"
	"slices"

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
	n := 0
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

// encodeNumbered writes a dictionary and the values as indexes into it, or
// nothing, and returns false, when the values take less without.
func (c *words) encodeNumbered(p *pages) bool {
	if !c.repeat(p.numbers) {
		return false
	}
	most := c.mostNumbers(c.estimate(p))
	p.numbers.reset()
	p.indexes = slices.Grow(p.indexes[:0], len(c.values))[:len(c.values)]
	for i, v := range c.values {
		p.indexes[i] = p.numbers.number(v)
		if len(p.numbers.values) > most {
			return false
		}
	}
	width := widthOf(len(p.numbers.values))
	p.body = c.appendPlain(p.body[:0], p.numbers.values)
	p.dictionary(len(p.numbers.values))
	p.cut(&c.levels, pageRows, parquet.Encodings.RLEDict, func(to []byte, from, end int) []byte {
		return appendIndexes(to, p.indexes[from:end], width)
	})
	return true
}

// mostNumbers is how many entries a dictionary may have before it and the indexes
// into it take more than some bytes.
func (c *words) mostNumbers(bytes int) int {
	most := 0
	for width := 1; 1<<width <= mostEntries; width++ {
		if left := bytes - len(c.values)*width/8; left > 0 {
			most = max(most, min(1<<width, left/c.bytesOf(1)))
		}
	}
	return most
}

// samples is how many values are looked at before all are, in runs.
const (
	samples     = 4096
	sampledRuns = 4
)

// sampled are runs of values from all over the chunk.
func (c *words) sampled(yield func(run []uint64) bool) {
	n := min(samples, len(c.values)) / sampledRuns
	for i := range sampledRuns {
		from := i * len(c.values) / sampledRuns
		if !yield(c.values[from : from+n]) {
			return
		}
	}
}

// repeat reports whether a dictionary may be worth it: whether a tenth of some
// values were there before.
func (c *words) repeat(seen *numbers) bool {
	seen.reset()
	all := 0
	for run := range c.sampled {
		for _, v := range run {
			seen.number(v)
		}
		all += len(run)
	}
	return 10*len(seen.values) <= 9*all
}

// estimate is how many bytes encodeAll takes, judging by some values.
func (c *words) estimate(p *pages) int {
	sampled, bytes := 0, 0
	for run := range c.sampled {
		sampled += len(run)
		if c.kind != double {
			p.body = appendDeltas(p.body[:0], run, c.kind == day)
			bytes += len(p.body)
			continue
		}
		p.body = appendSplit(p.body[:0], run)
		for i := range 8 {
			bytes += len(p.squeezer.code(p.body[i*len(run):(i+1)*len(run)])) - frameHeader
		}
	}
	return bytes * len(c.values) / max(1, sampled)
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

// span are the least and the greatest of some numbers. Floats are in it as whole
// numbers of the same order; see ordered.
type span struct {
	known    bool
	min, max int64
}

func (s *span) merge(other span) {
	switch {
	case !other.known:
	case !s.known:
		*s = other
	default:
		s.min, s.max = min(s.min, other.min), max(s.max, other.max)
	}
}

// measure finds the span of the rows at hand and returns how many are not a number.
func (c *words) measure() (nans int64) {
	least, greatest := int64(math.MaxInt64), int64(math.MinInt64)
	if c.kind != double {
		for _, v := range c.values {
			least, greatest = min(least, int64(v)), max(greatest, int64(v))
		}
	} else {
		for _, v := range c.values {
			if v<<1 > infinity<<1 {
				nans++
				continue
			}
			o := ordered(v)
			least, greatest = min(least, o), max(greatest, o)
		}
	}
	c.chunk = span{known: int64(len(c.values)) > nans, min: least, max: greatest}
	return nans
}

const infinity = 0x7ff << 52 // the bits of a float; those of a NaN are more

// ordered maps the bits of floats to whole numbers of the same order, in which -0
// comes before 0, and back.
func ordered(float uint64) int64 {
	v := int64(float)
	return v ^ int64(uint64(v>>63)>>1)
}

// plainEnds are the ends of a span as Parquet and Iceberg both have them. A zero
// stands for that of either sign.
func (c *words) plainEnds(s span) (lower, upper []byte) {
	if !s.known {
		return nil, nil
	}
	least, greatest := uint64(s.min), uint64(s.max)
	if c.kind == double {
		least, greatest = uint64(ordered(least)), uint64(ordered(greatest))
		if least == 0 {
			least = 1 << 63
		}
		if greatest == 1<<63 {
			greatest = 0
		}
	}
	return c.appendPlain(nil, []uint64{least}), c.appendPlain(nil, []uint64{greatest})
}

func (c *words) limits() (lower, upper []byte) { return c.plainEnds(c.file) }

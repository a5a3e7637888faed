package datafile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// How large a page becomes: of text by bytes, of the rest by rows. Page rows are a
// multiple of eight, so that levels are cut at bytes.
const (
	pageBytes = 1 << 20
	pageRows  = 1 << 17
)

// Scratch is working memory, about 5 MiB, that the encoders of one goroutine can
// share. The zero value is ready.
type Scratch struct {
	level    int
	squeezer *squeezer
	body     []byte
	header   []byte
	parts    [][]byte
	indexes  []uint32
	lengths  []uint64
	inOrder  []int32
	numbers  *numbers
}

func (s *Scratch) prepare(level int) error {
	if s.squeezer != nil && s.level == level {
		return nil
	}
	squeezer, err := newSqueezer(level)
	if err != nil {
		return fmt.Errorf("opening zstd: %w", err)
	}
	s.level, s.squeezer = level, squeezer
	if s.numbers == nil {
		s.numbers = newNumbers()
	}
	return nil
}

// run is the numbers of so many rows as are added at once.
func (s *Scratch) run() []int32 {
	for i := len(s.inOrder); i < addedRows; i++ {
		s.inOrder = append(s.inOrder, int32(i))
	}
	return s.inOrder
}

// pages writes the pages of a column chunk and keeps what the footer says of it.
type pages struct {
	*Scratch
	to    *counter
	err   error // the first; nothing is written after it
	way   way
	chunk chunk
}

// way is how the data pages of a chunk are compressed. The first decides.
type way int

const (
	undecided way = iota
	searched      // for repetitions
	coded
	stored // as they are
)

// chunk is what the footer says of a column chunk, and the statistics want to know.
type chunk struct {
	info      metadata.ChunkMetaInfo
	encoding  parquet.Encoding // of the data pages
	dataPages int32
	min, max  []byte // in Parquet's plain encoding; nil when not known
	nans      int64
}

func (p *pages) begin() {
	p.way = undecided
	p.chunk = chunk{info: metadata.ChunkMetaInfo{IndexPageOffset: -1}}
}

// cut writes the data pages of a chunk, so many rows on each. encode appends some
// of the values; when they are split, it appends them as eight streams.
func (p *pages) cut(l *levels, rows int, encoding parquet.Encoding, encode func(to []byte, from, end int) []byte) {
	rows = max(8, rows&^7)
	p.chunk.encoding = encoding
	first := 0
	for from := 0; from < l.rows; from += rows {
		end := min(from+rows, l.rows)
		values := l.values(from, end)
		p.body = l.append(p.body[:0], from, end)
		levels := len(p.body)
		p.body = encode(p.body, first, first+values)
		first += values
		p.data(levels, end-from)
	}
}

// data writes the body as a data page. Before the values there are levels of some length.
func (p *pages) data(levels, rows int) {
	values := p.body[levels:]
	p.parts = append(p.parts[:0], p.body[:levels])
	if p.chunk.encoding == parquet.Encodings.ByteStreamSplit {
		// The streams are coded one by one. A repetition of numbers is none in them.
		p.way = coded
		for stream := len(values) / 8; len(values) > 0; values = values[stream:] {
			p.parts = append(p.parts, values[:stream])
		}
	} else {
		p.parts = append(p.parts, values)
	}
	if p.way == undecided {
		p.way = p.squeezer.best(values)
	}
	frame := p.squeezer.frame(p.way, p.body, p.parts)
	if p.chunk.dataPages == 0 {
		p.chunk.info.DataPageOffset = p.to.bytes
	}
	p.chunk.dataPages++
	p.chunk.info.NumValues += int64(rows)
	p.header = appendPageHeader(p.header[:0], len(p.body), len(frame), dataPage, rows, p.chunk.encoding)
	p.write(frame)
}

// dictionary writes the body as a dictionary page, before all data pages.
func (p *pages) dictionary(values int) {
	p.parts = append(p.parts[:0], p.body)
	frame := p.squeezer.frame(p.squeezer.best(p.body), p.body, p.parts)
	p.chunk.info.DictPageOffset = p.to.bytes
	p.header = appendPageHeader(p.header[:0], len(p.body), len(frame), dictionaryPage, values, parquet.Encodings.Plain)
	p.write(frame)
}

func (p *pages) write(frame []byte) {
	if len(p.body) > math.MaxInt32 && p.err == nil {
		p.err = errPage
	}
	p.chunk.info.CompressedSize += int64(len(p.header) + len(frame))
	p.chunk.info.UncompressedSize += int64(len(p.header) + len(p.body))
	for _, part := range [][]byte{p.header, frame} {
		if p.err == nil {
			_, p.err = p.to.Write(part)
		}
	}
}

var errPage = errors.New("a page would be larger than Parquet can say")

// Page types of parquet.thrift, and the fields of a PageHeader that describe them.
const (
	dataPage       = 0
	dictionaryPage = 2

	dataField       = 5
	dictionaryField = 7
)

// appendPageHeader appends a PageHeader of parquet.thrift in Thrift's compact protocol.
func appendPageHeader(to []byte, size, compressed, kind, values int, encoding parquet.Encoding) []byte {
	const integer, structure = 5, 12                                                     // Thrift's types
	next := func(v int) { to = binary.AppendVarint(append(to, 1<<4|integer), int64(v)) } // the field of the next number
	next(kind)
	next(size)
	next(compressed)
	if kind == dictionaryPage {
		to = append(to, (dictionaryField-3)<<4|structure)
		next(values)
		next(int(encoding))
	} else {
		to = append(to, (dataField-3)<<4|structure)
		next(values)
		next(int(encoding))
		next(int(parquet.Encodings.RLE)) // of definition levels
		next(int(parquet.Encodings.RLE)) // of repetition levels
	}
	return append(to, 0, 0) // the ends of both structs
}

// counter counts what is written.
type counter struct {
	to    io.Writer
	bytes int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}

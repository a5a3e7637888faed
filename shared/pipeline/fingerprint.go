package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
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

// prints makes the fingerprints of rows.
type prints struct {
	tags   []byte // of the mapped columns, then of the cursor
	encode []func(dst []byte, row int) []byte
	row    []byte
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
	p.encode = make([]func([]byte, int) []byte, len(types))
	return p, nil
}

// array returns the fingerprints of rows without nulls; the caller releases it.
func (p *prints) array(columns []arrow.Array, rows int, alloc memory.Allocator) arrow.Array {
	for i, column := range columns {
		p.encode[i] = encoder(column, p.tags[i])
	}
	const width = printBytes * 2
	offsets, digits := newBuffer(alloc, (rows+1)*arrow.Int32SizeBytes), newBuffer(alloc, rows*width)
	ends, out := arrow.Int32Traits.CastFromBytes(offsets.Bytes()), digits.Bytes()
	ends[0] = 0
	for row := range rows {
		p.row = append(p.row[:0], printVersion)
		for _, encode := range p.encode {
			p.row = encode(p.row, row)
		}
		sum := sha256.Sum256(p.row)
		hex.Encode(out[row*width:], sum[:printBytes])
		ends[row+1] = int32((row + 1) * width)
	}
	clear(p.encode) // they hold on to the batch
	return whole(arrow.BinaryTypes.String, rows, offsets, digits)
}

// encoder returns what appends a column's value with its tag.
func encoder(column arrow.Array, tag byte) func(dst []byte, row int) []byte {
	value := valueEncoder(column, tag)
	if column.NullN() == 0 {
		return value
	}
	return func(dst []byte, row int) []byte {
		if column.IsNull(row) {
			return append(dst, nullTag)
		}
		return value(dst, row)
	}
}

func valueEncoder(column arrow.Array, tag byte) func(dst []byte, row int) []byte {
	number := func(value func(int) uint64) func([]byte, int) []byte {
		return func(dst []byte, row int) []byte {
			return binary.LittleEndian.AppendUint64(append(dst, tag), value(row))
		}
	}
	switch a := column.(type) {
	case *array.String:
		return func(dst []byte, row int) []byte {
			text := a.Value(row)
			return append(binary.LittleEndian.AppendUint32(append(dst, tag), uint32(len(text))), text...)
		}
	case *array.Binary:
		return func(dst []byte, row int) []byte {
			content := a.Value(row)
			return append(binary.LittleEndian.AppendUint32(append(dst, tag), uint32(len(content))), content...)
		}
	case *array.Int64:
		values := a.Int64Values()
		return number(func(row int) uint64 { return uint64(values[row]) })
	case *array.Timestamp:
		values := a.TimestampValues()
		return number(func(row int) uint64 { return uint64(values[row]) })
	case *array.Time64:
		values := a.Time64Values()
		return number(func(row int) uint64 { return uint64(values[row]) })
	case *array.Float64:
		values := a.Float64Values()
		return number(func(row int) uint64 {
			if v := values[row]; v == v {
				return math.Float64bits(v)
			}
			return nanPrint
		})
	case *array.Date32:
		values := a.Date32Values()
		return func(dst []byte, row int) []byte {
			return binary.LittleEndian.AppendUint32(append(dst, tag), uint32(values[row]))
		}
	case *array.Decimal128:
		values := a.Values()
		return func(dst []byte, row int) []byte {
			dst = binary.LittleEndian.AppendUint64(append(dst, tag), values[row].LowBits())
			return binary.LittleEndian.AppendUint64(dst, uint64(values[row].HighBits()))
		}
	}
	values := column.(*array.Boolean)
	return func(dst []byte, row int) []byte {
		if values.Value(row) {
			return append(dst, tag, 1)
		}
		return append(dst, tag, 0)
	}
}

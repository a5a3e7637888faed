// Package arrowchunk writes result rows as Arrow streams with the physical
// encodings of the service: scaled integers of the narrowest width that a
// chunk's values fit, instants as integers or as structs depending on their
// scale, and semi-structured values as indented JSON text.
//
// The encodings are those that the open connectors decode: gosnowflake's
// converter.go and the Python and JDBC connectors' Arrow converters.
package arrowchunk

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
)

// A Builder gathers the rows of one chunk.
type Builder struct {
	columns []datatype.Column
	sources []engine.Column
	gathered
}

type gathered struct {
	rows    int
	vectors []engine.Vector
}

// New returns a builder of chunks with the given columns, whose values come
// from the engine as sources.
func New(columns []datatype.Column, sources []engine.Column) *Builder {
	b := &Builder{columns: columns, sources: sources}
	b.reset()
	return b
}

func (b *Builder) reset() {
	b.gathered = gathered{vectors: make([]engine.Vector, len(b.columns))}
}

// Rows is the number of rows gathered since the last Finish.
func (b *Builder) Rows() int { return b.rows }

// Add gathers the rows from (inclusive) to (exclusive) of a batch.
func (b *Builder) Add(batch *engine.Batch, from, to int) {
	for i := range b.vectors {
		appendVector(&b.vectors[i], &batch.Columns[i], b.rows, batch.Rows, from, to)
	}
	b.rows += to - from
}

func appendVector(dst, src *engine.Vector, have, total, from, to int) {
	if src.Valid != nil && dst.Valid == nil {
		dst.Valid = make([]bool, have, have+to-from)
		for i := range dst.Valid {
			dst.Valid[i] = true
		}
	}
	switch {
	case src.Valid != nil:
		dst.Valid = append(dst.Valid, src.Valid[from:to]...)
	case dst.Valid != nil:
		for range to - from {
			dst.Valid = append(dst.Valid, true)
		}
	}
	if src.Ints != nil {
		dst.Ints = append(dst.Ints, src.Ints[from:to]...)
	}
	if src.High != nil {
		dst.High = append(dst.High, src.High[from:to]...)
	}
	if src.Floats != nil {
		dst.Floats = append(dst.Floats, src.Floats[from:to]...)
	}
	if src.Texts != nil {
		dst.Texts = append(dst.Texts, src.Texts[from:to]...)
	}
	if dst.Children == nil {
		dst.Children = make([]engine.Vector, len(src.Children))
	}
	for i := range src.Children {
		// The elements of arrays are a whole number of times the rows.
		n := max(len(src.Children[i].Ints), len(src.Children[i].Floats)) / total
		appendVector(&dst.Children[i], &src.Children[i], have*n, total*n, from*n, to*n)
	}
}

// Finish writes the gathered rows as an Arrow stream of one batch and starts
// the next chunk.
func (b *Builder) Finish() ([]byte, error) {
	fields := make([]arrow.Field, len(b.columns))
	arrays := make([]arrow.Array, len(b.columns))
	for i, c := range b.columns {
		a, err := encode(c.Type, b.sources[i].Type, &b.vectors[i], b.rows)
		if err != nil {
			return nil, fmt.Errorf("encoding column %d: %w", i+1, err)
		}
		arrays[i] = a
		fields[i] = arrow.Field{Name: c.Name, Type: a.DataType(), Nullable: c.Nullable, Metadata: metadata(c.Type)}
	}
	schema := arrow.NewSchema(fields, nil)
	batch := array.NewRecordBatch(schema, arrays, int64(b.rows))
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(schema), ipc.WithAllocator(memory.DefaultAllocator))
	if err := w.Write(batch); err != nil {
		return nil, fmt.Errorf("writing a chunk: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("closing a chunk: %w", err)
	}
	b.reset()
	return buf.Bytes(), nil
}

// metadata is what the service says of a column in the Arrow schema itself.
func metadata(t datatype.Type) arrow.Metadata {
	precision, scale, char, byteLength := 38, 0, 0, 0
	switch t.Base {
	case datatype.Fixed:
		precision, scale = t.Precision, t.Scale
	case datatype.Text, datatype.Binary:
		char, byteLength = t.Length, t.Bytes()
	case datatype.Time, datatype.NTZ, datatype.LTZ, datatype.TZ:
		precision, scale = 0, t.Scale
	}
	logical := strings.ToUpper(string(t.Base))
	if t.Base == datatype.Geography || t.Base == datatype.Geometry || t.Base == datatype.Map {
		logical = "OBJECT"
	}
	return arrow.NewMetadata(
		[]string{"logicalType", "precision", "scale", "charLength", "byteLength", "finalType"},
		[]string{logical, strconv.Itoa(precision), strconv.Itoa(scale), strconv.Itoa(char), strconv.Itoa(byteLength), "T"},
	)
}

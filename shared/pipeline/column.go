package pipeline

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// column is one column of the mapping, ready to run.
type column struct {
	source     int // index in the input, -1 of a constant
	name       string
	constant   *constant
	part       *part  // nil: all of the source's value
	kernel     kernel // nil: the type is right already
	transform  *transform
	fallback   *fallback // nil: nulls stay
	required   bool
	identifier bool // the import type requires it: the empty text counts as null
	names      bool // it says whom a row is about
}

// prepare makes a column of the mapping.
func (m *Mapper) prepare(c ingest.Column, to arrow.DataType, hmac []byte) (column, error) {
	prepared := column{source: -1, name: c.Source, required: c.Required}
	if c.Constant != nil {
		value, err := literal(*c.Constant, c.Type, to)
		prepared.constant = &constant{value}
		return prepared, err
	}
	index := m.in.FieldIndices(c.Source)
	if len(index) == 0 {
		return prepared, changed(c.Source, "the column is missing")
	}
	prepared.source = index[0]
	from := m.in.Field(index[0]).Type
	var err error
	if c.Path != "" {
		if prepared.part, err = newPart(c, from, m.texts(prepared.source)); err != nil {
			return prepared, err
		}
		prepared.name = prepared.part.name
	}
	prepared.kernel, err = kernelFor(from, c.Type, to)
	switch {
	case err != nil:
		return prepared, changed(c.Source, fmt.Sprintf("%s cannot be cast to %s", from, c.Type))
	case prepared.part != nil && c.Type == schema.JSON:
		prepared.kernel = nil // a part of what is JSON is JSON
	}
	if prepared.transform, err = newTransform(c, hmac); err != nil {
		return prepared, err
	}
	if c.Default != nil {
		value, err := literal(*c.Default, c.Type, to)
		prepared.fallback = &fallback{value: value}
		return prepared, err
	}
	return prepared, nil
}

// texts is what the parts of a source column share.
func (m *Mapper) texts(source int) *wellFormed {
	if m.whole[source] == nil {
		m.whole[source] = &wellFormed{}
	}
	return m.whole[source]
}

func (m *Mapper) mapColumn(c *column, record arrow.RecordBatch) (arrow.Array, error) {
	if c.constant != nil {
		return c.constant.rows(int(record.NumRows()))
	}
	in := record.Column(c.source)
	in.Retain()
	if c.part != nil {
		in = replace(in, c.part.apply(&call{in: in, alloc: m.alloc, rejects: &m.rejects, column: c}))
	}
	if c.kernel != nil {
		in = replace(in, c.kernel(&call{in: in, alloc: m.alloc, rejects: &m.rejects, column: c}))
	}
	if c.transform != nil {
		in = replace(in, c.transform.apply(&call{in: in, alloc: m.alloc, rejects: &m.rejects, column: c}))
	}
	if c.fallback != nil {
		in = replace(in, c.fallback.apply(in, m.alloc))
	}
	if c.required {
		c.require(in, &m.rejects)
	}
	return in, nil
}

// replace releases what was replaced.
func replace(old, by arrow.Array) arrow.Array {
	old.Release()
	return by
}

func (c *column) require(in arrow.Array, rejects *rejects) {
	before := len(rejects.found)
	if in.NullN() > 0 {
		for i := range in.Len() {
			if in.IsNull(i) {
				rejects.add(i, c, RuleRequired, "the value is missing")
			}
		}
	}
	if text, ok := in.(*array.String); ok && c.identifier {
		for i := range text.Len() {
			if text.ValueLen(i) == 0 {
				rejects.add(i, c, RuleRequired, "the value is empty")
			}
		}
	}
	if c.names {
		rejects.nameless += int64(len(rejects.found) - before)
	}
}

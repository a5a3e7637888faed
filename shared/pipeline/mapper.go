package pipeline

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Mapper maps the batches of one split. It is for one goroutine.
type Mapper struct {
	in      *arrow.Schema
	out     *arrow.Schema
	columns []column
	key     int // the column that identifies a row, -1 when there is none
	alloc   memory.Allocator
	rejects rejects
	mapped  []arrow.Array // of the batch at hand
}

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
}

// Option changes how a Mapper works.
type Option func(*Mapper)

// WithAllocator sets where Arrow memory comes from.
func WithAllocator(alloc memory.Allocator) Option { return func(m *Mapper) { m.alloc = alloc } }

// New prepares a resolved mapping for batches with schema in. A mapping that
// does not fit them is fault.SourceChanged: the source is not what the
// mapping was resolved against.
func New(t ingest.Type, mapping ingest.Mapping, in *arrow.Schema, options ...Option) (*Mapper, error) {
	m := &Mapper{in: in, key: -1, alloc: memory.DefaultAllocator, mapped: make([]arrow.Array, len(mapping))}
	for _, option := range options {
		option(m)
	}
	fields := make([]arrow.Field, len(mapping))
	for i, c := range mapping {
		to, err := arrowType(c.Type)
		if err != nil {
			return nil, err
		}
		prepared, err := prepare(c, in, to)
		if err != nil {
			return nil, err
		}
		canonical, known := t.Canonical(c.Target)
		prepared.identifier = known && canonical.Required
		if prepared.identifier && m.key < 0 && c.Target == t.Canonicals()[0].Name {
			m.key = i
		}
		m.columns = append(m.columns, prepared)
		fields[i] = arrow.Field{Name: c.Target, Type: to, Nullable: !c.Required}
	}
	m.out = arrow.NewSchema(fields, nil)
	return m, nil
}

// prepare makes a column of batches with schema in.
func prepare(c ingest.Column, in *arrow.Schema, to arrow.DataType) (column, error) {
	prepared := column{source: -1, name: c.Source, required: c.Required}
	if c.Constant != nil {
		value, err := literal(*c.Constant, c.Type, to)
		prepared.constant = &constant{value}
		return prepared, err
	}
	index := in.FieldIndices(c.Source)
	if len(index) == 0 {
		return prepared, changed(c.Source, "the column is missing")
	}
	prepared.source = index[0]
	from := in.Field(index[0]).Type
	var err error
	if c.Path != "" {
		if prepared.part, err = newPart(c, from); err != nil {
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
	prepared.transform = newTransform(c)
	if c.Default != nil {
		value, err := literal(*c.Default, c.Type, to)
		prepared.fallback = &fallback{value: value}
		return prepared, err
	}
	return prepared, nil
}

// Schema is the Arrow schema of every Result.Record: the lake's columns.
func (m *Mapper) Schema() *arrow.Schema { return m.out }

// Result is what a batch became.
type Result struct {
	Record  arrow.RecordBatch // has no rows when none is left
	Rejects []Rejected        // in the order of the rows, the reader's first
}

// Release frees the record's memory. The zero Result has none.
func (r Result) Release() {
	if r.Record != nil {
		r.Record.Release()
	}
}

// Map maps one batch. The batch stays the caller's to release, the result is
// the caller's to release too.
func (m *Mapper) Map(batch source.Batch) (Result, error) {
	result := Result{Rejects: fromReader(batch)}
	if batch.Record == nil || batch.Record.NumRows() == 0 {
		result.Record = m.none()
		return result, nil
	}
	if err := m.fits(batch.Record); err != nil {
		return Result{}, err
	}
	rows := int(batch.Record.NumRows())
	m.rejects.reset(rows)
	defer m.release()
	for i := range m.columns {
		mapped, err := m.mapColumn(&m.columns[i], batch.Record)
		if err != nil {
			return Result{}, err
		}
		m.mapped[i] = mapped
	}
	if len(m.rejects.found) == 0 {
		result.Record = array.NewRecordBatch(m.out, m.mapped, int64(rows))
		return result, nil
	}
	result.Rejects = append(result.Rejects, m.rejects.take(m.keys(), batch)...)
	record, err := m.compact(rows)
	result.Record = record
	return result, err
}

// none is a record without rows.
func (m *Mapper) none() arrow.RecordBatch {
	builder := array.NewRecordBuilder(m.alloc, m.out)
	defer builder.Release()
	return builder.NewRecordBatch()
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
	if in.NullN() > 0 {
		for i := range in.Len() {
			if in.IsNull(i) {
				rejects.add(i, c, RuleRequired, "the value is missing")
			}
		}
	}
	text, ok := in.(*array.String)
	if !ok || !c.identifier {
		return
	}
	for i := range text.Len() {
		if text.ValueLen(i) == 0 {
			rejects.add(i, c, RuleRequired, "the value is empty")
		}
	}
}

// fits makes sure of what the kernels rely on.
func (m *Mapper) fits(record arrow.RecordBatch) error {
	for i := range m.columns {
		at := m.columns[i].source
		if at < 0 {
			continue
		}
		if at >= int(record.NumCols()) || !arrow.TypeEqual(record.Column(at).DataType(), m.in.Field(at).Type) {
			return changed(m.columns[i].name, "the batch does not have the reader's schema")
		}
	}
	return nil
}

// keys is the column that identifies rows, nil when there is none.
func (m *Mapper) keys() arrow.Array {
	if m.key < 0 {
		return nil
	}
	return m.mapped[m.key]
}

func (m *Mapper) release() {
	for i, column := range m.mapped {
		if column != nil {
			column.Release()
			m.mapped[i] = nil
		}
	}
}

// arrowType is the Arrow type of a logical type in the lake.
func arrowType(t schema.Type) (arrow.DataType, error) {
	switch t {
	case schema.String, schema.JSON:
		return arrow.BinaryTypes.String, nil
	case schema.Int64:
		return arrow.PrimitiveTypes.Int64, nil
	case schema.Float64:
		return arrow.PrimitiveTypes.Float64, nil
	case schema.Decimal:
		return &arrow.Decimal128Type{Precision: precision, Scale: scale}, nil
	case schema.Bool:
		return arrow.FixedWidthTypes.Boolean, nil
	case schema.Date:
		return arrow.FixedWidthTypes.Date32, nil
	case schema.Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us, nil
	case schema.Time:
		return arrow.FixedWidthTypes.Time64us, nil
	case schema.Bytes:
		return arrow.BinaryTypes.Binary, nil
	}
	return nil, fmt.Errorf("the mapping is not resolved: type %q", t)
}

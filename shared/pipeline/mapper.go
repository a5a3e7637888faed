package pipeline

import (
	"errors"
	"slices"

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
	names   []int // columns that name whom a row is about; the first identifies it
	filter  *filter
	windows *windows
	cursor  *cursor
	link    *link
	prints  *prints
	flag    int // the column that says that a row deletes its key, -1 when none does
	alloc   memory.Allocator
	hmac    []byte              // RowKey's; nil when there is none
	needs   []int               // columns of the source that anything here looks at
	whole   map[int]*wellFormed // of sources that paths lead into
	rejects rejects
	mapped  []arrow.Array // of the batch at hand
}

// New prepares a resolved mapping for batches with schema in. A mapping, cursor
// or filter that does not fit them is fault.SourceChanged: the source is not
// what they were resolved against.
func New(t ingest.Type, mapping ingest.Mapping, in *arrow.Schema, with ...Option) (*Mapper, error) {
	o := options{alloc: memory.DefaultAllocator}
	for _, option := range with {
		option(&o)
	}
	m := &Mapper{in: in, flag: -1, alloc: o.alloc, hmac: o.hmac, whole: map[int]*wellFormed{}}
	fields, err := m.prepareAll(t, mapping, o)
	if err != nil {
		return nil, err
	}
	if m.link, err = newLink(t, mapping, m.columns); err != nil {
		return nil, err
	}
	if m.filter, err = newFilter(o.filter, o.table, in, o.alloc); err != nil {
		return nil, err
	}
	if m.windows, err = newWindows(o.window, o.bounds, in); err != nil {
		return nil, err
	}
	if o.cursor != nil {
		if m.cursor, err = newCursor(*o.cursor, in); err != nil {
			return nil, err
		}
		fields = append(fields, arrow.Field{Name: ingest.CursorColumn, Type: in.Field(m.cursor.source).Type, Nullable: true})
	}
	if len(o.fingerprint) > 0 {
		if m.prints, err = newPrints(o.fingerprint, in); err != nil {
			return nil, err
		}
		fields = append(fields, arrow.Field{Name: ingest.RowColumn, Type: arrow.BinaryTypes.String})
	}
	m.out = arrow.NewSchema(fields, nil)
	m.mapped = make([]arrow.Array, 0, len(fields))
	m.needs = m.needed()
	return m, nil
}

// prepareAll makes the mapping's columns, and returns the fields that they become.
func (m *Mapper) prepareAll(t ingest.Type, mapping ingest.Mapping, o options) ([]arrow.Field, error) {
	fields := make([]arrow.Field, len(mapping))
	for i, c := range mapping {
		to, err := arrowType(c.Type)
		if err != nil {
			return nil, err
		}
		prepared, err := m.prepare(c, to, o.hmac)
		if err != nil {
			return nil, err
		}
		canonical, known := t.Canonical(c.Target)
		prepared.identifier = known && canonical.Required
		prepared.names = prepared.identifier && slices.Contains(namesOf(t), c.Target)
		switch {
		case !prepared.names:
		case c.Target == t.Canonicals()[0].Name:
			m.names = slices.Insert(m.names, 0, i)
		default:
			m.names = append(m.names, i)
		}
		if c.Target == o.flag {
			m.flag = i
		}
		m.columns = append(m.columns, prepared)
		fields[i] = arrow.Field{Name: c.Target, Type: to, Nullable: !c.Required}
	}
	if o.flag != "" && (m.flag < 0 || mapping[m.flag].Type != schema.Bool) {
		return nil, errors.New("the mapping has no boolean column with the name of the flag")
	}
	return fields, nil
}

// namesOf are the columns of an import type that name whom a row is about.
func namesOf(t ingest.Type) []string {
	switch t {
	case ingest.IdentityGraph:
		return []string{"first_id", "second_id"}
	case ingest.GroupIdentity:
		return []string{"user_id"}
	}
	return []string{"identifier"}
}

// Schema is the Arrow schema of every Result.Record: the lake's columns.
func (m *Mapper) Schema() *arrow.Schema { return m.out }

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
	if m.windows != nil {
		m.windows.count(batch.Record)
	}
	rows := batch // those that are left after the filter
	if m.filter != nil {
		rows = m.filter.apply(batch)
		defer rows.Release()
		result.Filtered = batch.Record.NumRows() - rows.Record.NumRows()
	}
	if rows.Record.NumRows() == 0 {
		result.Record = m.none()
		return result, nil
	}
	if m.cursor != nil {
		if err := m.cursor.read(rows.Record.Column(m.cursor.source)); err != nil {
			return Result{}, err
		}
	}
	return m.mapRows(rows, result)
}

// mapRows completes the result with what becomes of the rows.
func (m *Mapper) mapRows(rows source.Batch, result Result) (Result, error) {
	m.rejects.reset(int(rows.Record.NumRows()))
	for _, whole := range m.whole {
		whole.known = false
	}
	defer m.release()
	for i := range m.columns {
		mapped, err := m.mapColumn(&m.columns[i], rows.Record)
		if err != nil {
			return Result{}, err
		}
		m.mapped = append(m.mapped, mapped)
	}
	if m.link != nil {
		m.link.apply(m)
	}
	if m.cursor != nil {
		cursor := rows.Record.Column(m.cursor.source)
		cursor.Retain()
		m.mapped = append(m.mapped, cursor)
	}
	if m.prints != nil {
		m.mapped = append(m.mapped, m.prints.array(rows.Record, m.alloc))
	}
	if len(m.rejects.found) > 0 {
		m.rejects.sort()
		result.Rejects = append(result.Rejects, m.rejects.describe(m.keys(), m.hmac, rows)...)
		result.Nameless = m.rejects.nameless
		result.Rejected = m.rejects.rejected(rows.Record, m.alloc)
		m.compact()
	}
	result.Record = m.record()
	if m.flag >= 0 && result.Record.NumRows() > 0 {
		result.Flagged = count(result.Record.Column(m.flag).(*array.Boolean))
	}
	return result, nil
}

// record makes the record of the mapped columns, once no rejected row is left in them.
func (m *Mapper) record() arrow.RecordBatch {
	rows := m.rejects.left()
	if rows == 0 {
		return m.none()
	}
	return array.NewRecordBatch(m.out, m.mapped, int64(rows))
}

// none is a record without rows.
func (m *Mapper) none() arrow.RecordBatch {
	builder := array.NewRecordBuilder(m.alloc, m.out)
	defer builder.Release()
	return builder.NewRecordBatch()
}

// compact takes the rejected rows out of the mapped columns.
func (m *Mapper) compact() {
	kept, left := m.rejects.kept(), m.rejects.left()
	if left == 0 {
		return
	}
	for i, column := range m.mapped {
		m.mapped[i] = replace(column, pick(column, kept, left, m.alloc))
	}
}

// keys is the column that identifies rows, nil when there is none.
func (m *Mapper) keys() arrow.Array {
	if len(m.names) == 0 {
		return nil
	}
	return m.mapped[m.names[0]]
}

func (m *Mapper) release() {
	for _, column := range m.mapped {
		column.Release()
	}
	m.mapped = m.mapped[:0]
}

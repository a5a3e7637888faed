package datafile

// Stats is what Iceberg's manifests say of a file. The maps are by field id.
type Stats struct {
	Rows         int64
	Bytes        int64   // of the whole file
	SplitOffsets []int64 // where row groups begin

	ColumnSizes map[int]int64 // bytes in the file
	ValueCounts map[int]int64 // with nulls
	NullCounts  map[int]int64
	NaNCounts   map[int]int64 // of float64 columns

	// Bounds in Iceberg's single-value form. Those of text and bytes are of their
	// first 16 characters or bytes. A column without values has none.
	Lower map[int][]byte
	Upper map[int][]byte
}

func (e *Encoder) stats() Stats {
	s := Stats{
		Rows: e.rows, Bytes: e.to.bytes, SplitOffsets: e.splits,
		ColumnSizes: make(map[int]int64), ValueCounts: make(map[int]int64), NullCounts: make(map[int]int64), NaNCounts: make(map[int]int64),
		Lower: make(map[int][]byte), Upper: make(map[int][]byte),
	}
	for i := range e.fields {
		f := &e.fields[i]
		s.ColumnSizes[f.id], s.ValueCounts[f.id], s.NullCounts[f.id] = f.bytes, e.rows, f.nulls
		if c, ok := f.column.(*words); ok && c.kind == double {
			s.NaNCounts[f.id] = f.nans
		}
		lower, upper := f.limits()
		if lower != nil {
			s.Lower[f.id] = lower
		}
		if upper != nil {
			s.Upper[f.id] = upper
		}
	}
	return s
}

package datafile

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet/metadata"
)

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

func (e *Encoder) stats(footer *metadata.FileMetaData) (Stats, error) {
	s := Stats{
		Rows: e.rows, Bytes: e.to.bytes,
		ColumnSizes: make(map[int]int64), ValueCounts: make(map[int]int64), NullCounts: make(map[int]int64), NaNCounts: make(map[int]int64),
		Lower: make(map[int][]byte), Upper: make(map[int][]byte),
	}
	for i := range footer.NumRowGroups() {
		for j := range e.columns {
			chunk, err := footer.RowGroup(i).ColumnChunk(j)
			if err != nil {
				return Stats{}, fmt.Errorf("reading the footer: %w", err)
			}
			if j == 0 {
				s.SplitOffsets = append(s.SplitOffsets, chunk.DataPageOffset())
			}
			s.ColumnSizes[e.columns[j].id] += chunk.TotalCompressedSize()
		}
	}
	for i := range e.columns {
		c := &e.columns[i]
		s.ValueCounts[c.id], s.NullCounts[c.id] = e.rows, c.nulls
		if _, ok := c.bounds.(*floatBounds); ok {
			s.NaNCounts[c.id] = c.nans
		}
		lower, upper := c.bounds.ends()
		if lower != nil {
			s.Lower[c.id] = lower
		}
		if upper != nil {
			s.Upper[c.id] = upper
		}
	}
	return s, nil
}

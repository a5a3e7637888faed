package dataset

// table is how one of the tables is made.
type table struct {
	name        string
	place       topic // distinguishes its throws
	columns     []Column
	identifiers []int  // columns whose null makes a row bad
	broken      int    // the column that broken lines spoil
	garbage     string // what they write there
	hasEmail    bool
	partition   string // the Hive partition column; rows are then divided into daily spans
	// fill appends row n to an empty r, dressed as fate says, and returns the mess it really made: a fate need not
	// suit every row.
	fill func(w *world, n int64, fate Mess, s span, r *row) Mess
}

// span is a run of rows that live in one directory.
type span struct {
	first, end int64
	day        int // days after firstDay
}

func tables() []table {
	return []table{profiles(), purchases(), identityPairs(), households()}
}

func (t *table) describe() Table {
	d := Table{
		Name: t.name, Columns: t.columns, Partition: t.partition, Broken: t.columns[t.broken].Name,
		Counts: Counts{Mess: map[Mess]int64{}},
	}
	for _, n := range t.identifiers {
		d.Identifiers = append(d.Identifiers, t.columns[n].Name)
	}
	return d
}

// identified says whether the row has every identifier, and hasNull whether another column is null.
func (t *table) identified(r *row) (identified, hasNull bool) {
	identified = true
	next := 0
	for n := range r.cells {
		id := next < len(t.identifiers) && t.identifiers[next] == n
		if id {
			next++
		}
		if r.cells[n].null {
			identified = identified && !id
			hasNull = hasNull || !id
		}
	}
	return identified, hasNull
}

package dataset

// Mess is a kind of trouble that rows are in.
type Mess string

// Mess in readable rows. All but NullIdentifier leave a row good.
const (
	// Duplicate rows repeat an earlier row of the same partition exactly: 1.5 %.
	Duplicate Mess = "duplicate"
	// NullIdentifier rows lack the identifier that an import must have, so they are bad: 0.2 %.
	NullIdentifier Mess = "null_identifier"
	// NullValue rows have a null in some column other than an identifier: natural, not a fault.
	NullValue Mess = "null_value"
	// BadEmail rows have an e-mail address that is none (profiles, identity_pairs): 0.8 %.
	BadEmail Mess = "bad_email"
	// Untidy rows have mixed case and surrounding spaces in one text column: 6 %.
	Untidy Mess = "untidy"
)

// Mess that makes a line unreadable: one line in 10,000 of each kind that the format allows, at least one in every file
// of 1,000 rows or more. Such a line is a ruined copy of the line after it, as an interrupted and repeated write leaves
// it. It stands in the last tenth of its file: whoever infers types from the head of a large file sees clean columns.
const (
	Ragged          Mess = "ragged"           // CSV: two fields too few or too many
	UnparsableValue Mess = "unparsable_value" // CSV: no value of the column's type
	TruncatedJSON   Mess = "truncated_json"   // NDJSON: the line stops half-way
	WrongType       Mess = "wrong_type"       // NDJSON: an object where a scalar stands in every other line
)

// Counts are rows and what is the matter with them; one row may show several kinds of mess.
type Counts struct {
	// Rows is every row and line written, header aside: Good plus Bad.
	Rows int64 `json:"rows"`
	// Good rows can be read and have their identifiers.
	Good int64 `json:"good"`
	// Bad rows are broken lines and rows without an identifier: what an import must set aside.
	Bad   int64          `json:"bad"`
	Bytes int64          `json:"bytes"`
	Mess  map[Mess]int64 `json:"mess"`
}

// Manifest is what Write wrote.
type Manifest struct {
	Seed        uint64      `json:"seed"`
	Format      Format      `json:"format"`
	Compression Compression `json:"compression"`
	Tables      []Table     `json:"tables"`
}

// Table is one directory of files.
type Table struct {
	Name string `json:"name"`
	// Columns as they stand in the files; the partition column is only in the path.
	Columns []Column `json:"columns"`
	// Partition names the Hive partition column, a date; empty for none.
	Partition string `json:"partition,omitempty"`
	// Identifiers name the columns whose null makes a row bad.
	Identifiers []string `json:"identifiers"`
	// Broken names the column that unparsable_value and wrong_type spoil.
	Broken string `json:"broken"`
	Counts
	Files []File `json:"files"`
}

// File is one file of a table.
type File struct {
	Name string `json:"name"`
	// Sample is the first identifier of a good row, to look it up by; empty if the file has none.
	Sample string `json:"sample,omitempty"`
	Counts
}

// Table returns the table of that name, or false.
func (m Manifest) Table(name string) (Table, bool) {
	for _, t := range m.Tables {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

func newManifest(opts Options, jobs []job, written []File) Manifest {
	m := Manifest{Seed: opts.Seed, Format: opts.Format, Compression: opts.Compression}
	for n, f := range written {
		if last := len(m.Tables) - 1; last < 0 || m.Tables[last].Name != jobs[n].table.name {
			m.Tables = append(m.Tables, jobs[n].table.describe())
		}
		t := &m.Tables[len(m.Tables)-1]
		t.Files = append(t.Files, f)
		t.Counts.add(f.Counts)
	}
	return m
}

func (c *Counts) add(o Counts) {
	c.Rows += o.Rows
	c.Good += o.Good
	c.Bad += o.Bad
	c.Bytes += o.Bytes
	for kind, n := range o.Mess {
		c.Mess[kind] += n
	}
}

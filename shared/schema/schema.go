// Package schema describes what discovery sees: tables and typed columns, in
// the platform's own types and in the few logical types that imports work with.
package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// Type is a logical type: what a column's values mean, whichever platform holds them.
type Type string

// The logical types, with the Arrow type that drivers deliver for each.
const (
	String    Type = "string"    // utf8
	Int64     Type = "int64"     // int64
	Float64   Type = "float64"   // float64
	Decimal   Type = "decimal"   // decimal128(precision, scale)
	Bool      Type = "bool"      // bool
	Date      Type = "date"      // date32
	Timestamp Type = "timestamp" // timestamp[us, UTC]
	Time      Type = "time"      // time64[us]
	Bytes     Type = "bytes"     // binary
	JSON      Type = "json"      // utf8 that holds one JSON value: objects, arrays, maps
)

// Types are all logical types.
func Types() []Type {
	return []Type{String, Int64, Float64, Decimal, Bool, Date, Timestamp, Time, Bytes, JSON}
}

// Column is one column of a table.
type Column struct {
	Name      string `json:"name"`
	Type      Type   `json:"type"`
	Native    string `json:"native"` // the platform's own name of the type
	Nullable  bool   `json:"nullable"`
	Precision int32  `json:"precision,omitempty"` // of a Decimal
	Scale     int32  `json:"scale,omitempty"`     // of a Decimal
	Partition bool   `json:"partition,omitempty"` // the value stands in the path, not in the row
}

// Table is one table of a connection. Name is unique in the connection and
// is what an import refers to.
type Table struct {
	Name    string   `json:"name"`
	Format  string   `json:"format,omitempty"` // "csv", "ndjson", "parquet" for files
	Columns []Column `json:"columns"`
	Rows    int64    `json:"rows,omitempty"`  // estimate; 0 is unknown
	Bytes   int64    `json:"bytes,omitempty"` // estimate; 0 is unknown
	Files   int64    `json:"files,omitempty"`

	// Why the table cannot be imported: a fault code, the same in words, and
	// the file. All are empty when it can be.
	ProblemCode string `json:"problem_code,omitempty"`
	Problem     string `json:"problem,omitempty"`
	ProblemAt   string `json:"problem_at,omitempty"`
}

// Column returns the column with this name.
func (t Table) Column(name string) (Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Snapshot is everything one discovery saw.
type Snapshot struct {
	Tables       []Table   `json:"tables"` // sorted by name
	DiscoveredAt time.Time `json:"discovered_at"`
}

// Table returns the table with this name.
func (s Snapshot) Table(name string) (Table, bool) {
	i := slices.IndexFunc(s.Tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}, false
	}
	return s.Tables[i], true
}

// Version identifies the tables and columns, not the estimates or the time:
// two discoveries of an unchanged source have the same version.
func (s Snapshot) Version() string {
	tables := slices.Clone(s.Tables)
	for i := range tables {
		tables[i].Rows, tables[i].Bytes, tables[i].Files = 0, 0, 0
	}
	b, err := json.Marshal(tables)
	if err != nil {
		panic("schema: tables always marshal: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

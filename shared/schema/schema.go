// Package schema describes what discovery sees: tables and typed columns, in
// the platform's own types and in the few logical types that imports work with.
package schema

import (
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
	Decimal   Type = "decimal"   // decimal128(precision, scale); a wider one is a String of digits
	Bool      Type = "bool"      // bool
	Date      Type = "date"      // date32
	Timestamp Type = "timestamp" // timestamp[us, UTC]; one without a zone is taken as UTC
	Time      Type = "time"      // time64[us]
	Bytes     Type = "bytes"     // binary
	JSON      Type = "json"      // utf8 that holds one JSON value: objects, arrays, maps

	// Unsupported is a column that no driver can deliver exactly. It shows in
	// the schema and cannot be imported.
	Unsupported Type = "unsupported"
)

// Types are all logical types that can be imported.
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

	// Fields are the columns of a structure, or of each element when Repeated;
	// Type is then JSON, as which the whole value is delivered.
	Fields   []Column `json:"fields,omitempty"`
	Repeated bool     `json:"repeated,omitempty"` // an array; Type is JSON

	// Loss says in words what reading does not keep ("digits beyond
	// microseconds"); empty when every value arrives exactly.
	Loss string `json:"loss,omitempty"`
}

// Kind is what a table is at its platform.
type Kind string

// The kinds of tables.
const (
	BaseTable        Kind = "table"
	View             Kind = "view"
	MaterializedView Kind = "materialized_view"
	DynamicTable     Kind = "dynamic_table" // the platform keeps it equal to a query's result
	External         Kind = "external"      // the rows stand outside the platform
	Wildcard         Kind = "wildcard"      // tables whose names differ in a suffix only, read as one
	Files            Kind = "files"
)

// Partitioning is how a platform cuts a table into partitions.
type Partitioning struct {
	Column      string `json:"column"`                // empty for a pseudo-column, as ingestion time
	Granularity string `json:"granularity,omitempty"` // "hour", "day", "month", "year", "range"
	// FilterRequired: the platform refuses a query without a filter on the column.
	FilterRequired bool `json:"filter_required,omitempty"`
}

// Table is one table of a connection. Name is unique in the connection and
// is what an import refers to: for a database, see Name and SplitName.
type Table struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"` // what the table is in: a dataset, a database and schema
	Kind      Kind   `json:"kind,omitempty"`
	Comment   string `json:"comment,omitempty"` // the platform's own description

	Partitioning *Partitioning `json:"partitioning,omitempty"`
	Clustering   []string      `json:"clustering,omitempty"` // columns, in order
	Key          []string      `json:"key,omitempty"`        // columns of the declared primary key

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
	version := NewVersion()
	for _, t := range s.Tables {
		version.Add(t.Name, Hash(t.Definition()))
	}
	return version.Sum()
}

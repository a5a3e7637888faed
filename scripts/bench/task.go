package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// task is the same work for both sides.
type task struct {
	name, title string
	target      float64 // of the ratio: how many times our CPU time the peer takes
	data        data
	columns     []column
	peer        func(t task, input, output string) []string // statements of DuckDB; nil: the bare Arrow libraries are the peer
}

// data is how the seed command writes the profiles down.
type data struct {
	format, compression string
	messy               bool   // with broken lines and rows without an identifier
	arrow               string // rewritten as an Arrow IPC stream, compressed with this
}

// name is the directory of the data.
func (d data) name(rows int64) string {
	mess := "clean"
	if d.messy {
		mess = "messy"
	}
	return fmt.Sprintf("%s-%s-%s-%d", d.format, d.compression, mess, rows)
}

// column is one column of the profiles and what becomes of it.
type column struct {
	source, target, kind string
	transforms           []string
	sql                  string // the same transforms in SQL
}

// profiles are the columns as they stand; the identifier has the name that the lake requires.
func profiles() []column {
	named := func(kind string, names ...string) (columns []column) {
		for _, name := range names {
			columns = append(columns, column{source: name, target: name, kind: kind})
		}
		return columns
	}
	columns := named("string", "user_id", "email", "first_name", "last_name", "city", "country", "plan", "company")
	columns = append(columns, named("int64", "age", "sessions", "ltv_cents", "points")...)
	columns = append(columns, named("float64", "lat", "lon", "churn_score")...)
	columns = append(columns, named("bool", "opt_in", "verified")...)
	columns = append(columns, named("timestamp", "created_at", "updated_at")...)
	columns = append(columns, named("date", "birth_date")...)
	columns[0].target = "identifier"
	return columns
}

// renamed gives every second column, ten of twenty, another name.
func renamed() []column {
	columns := profiles()
	for i := 2; i < len(columns); i += 2 {
		columns[i].target = "trait_" + columns[i].source
	}
	return columns
}

func hashed() []column {
	columns := profiles()
	columns[1].transforms = []string{"trim", "lower", "sha256"}
	columns[1].sql = "sha256(lower(trim(email)))"
	return columns
}

func tasks() []task {
	csv := data{format: "csv", compression: "plain"}
	parquet := data{format: "parquet", compression: "zstd"}
	lz4, zstd := parquet, parquet
	lz4.arrow, zstd.arrow = "lz4", "zstd"
	return []task{
		{"T1", "CSV to typed zstd Parquet", 1.5, csv, profiles(), copyCSV},
		{"T1GZ", "the same from gzip", 1.1, data{format: "csv", compression: "gzip"}, profiles(), copyCSV},
		{"T2", "Parquet to Parquet, re-encoded, 10 of 20 columns renamed", 0.9, parquet, renamed(), copyParquet},
		{"T3", "NDJSON to Parquet", 1.3, data{format: "ndjson", compression: "plain"}, profiles(), copyJSON},
		{"T4", "CSV to Parquet, e-mail trimmed, lower-cased and hashed, bad rows to quarantine", 1.6, data{format: "csv", compression: "plain", messy: true}, hashed(), copyChecked},
		{"T5LZ4", "Arrow IPC with LZ4 to mapped Parquet", 1 / 1.15, lz4, renamed(), nil},
		{"T5ZSTD", "Arrow IPC with zstd to mapped Parquet", 1 / 1.15, zstd, renamed(), nil},
	}
}

const zstdParquet = "(FORMAT parquet, COMPRESSION zstd)"

// csvOptions spare the peer its look at the head of the file, which our side does take.
const csvOptions = `header = true, auto_detect = false, delim = ',', quote = '"', escape = '"'`

func copyCSV(t task, input, output string) []string {
	return t.copyFrom(fmt.Sprintf("read_csv(%s, %s, columns = %s)", literal(input+"/*"), csvOptions, t.sqlTypes()), output)
}

func copyJSON(t task, input, output string) []string {
	return t.copyFrom(fmt.Sprintf("read_json(%s, format = 'newline_delimited', columns = %s)", literal(input+"/*"), t.sqlTypes()), output)
}

func copyParquet(t task, input, output string) []string {
	return t.copyFrom(fmt.Sprintf("read_parquet(%s)", literal(input+"/*")), output)
}

func (t task) copyFrom(source, output string) []string {
	return []string{fmt.Sprintf("COPY (SELECT %s FROM %s) TO %s %s", t.selection(), source, literal(filepath.Join(output, "out.parquet")), zstdParquet)}
}

// copyChecked sets aside what DuckDB's reader rejects and the rows without an identifier. Of the ways to do the latter
// (two scans, a temporary table, partitions) partitions took DuckDB the least time.
func copyChecked(t task, input, output string) []string {
	source := fmt.Sprintf("read_csv(%s, %s, columns = %s, store_rejects = true, rejects_limit = 0)", literal(input+"/*"), csvOptions, t.sqlTypes())
	return []string{
		fmt.Sprintf("COPY (SELECT %s, user_id IS NULL AS bad FROM %s) TO %s (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (bad))", t.selection(), source, literal(output)),
		fmt.Sprintf("COPY (SELECT line, column_name, error_type::VARCHAR AS error_type FROM reject_errors) TO %s (FORMAT csv, COMPRESSION gzip)", literal(filepath.Join(output, "rejects.csv.gz"))),
	}
}

func (t task) selection() string {
	var b strings.Builder
	for i, c := range t.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		if c.sql == "" {
			b.WriteString(c.source)
		} else {
			b.WriteString(c.sql)
		}
		b.WriteString(" AS " + c.target)
	}
	return b.String()
}

func (t task) sqlTypes() string {
	types := map[string]string{
		"string": "VARCHAR", "int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN", "timestamp": "TIMESTAMPTZ", "date": "DATE",
	}
	fields := make([]string, len(t.columns))
	for i, c := range t.columns {
		fields[i] = literal(c.source) + ": " + literal(types[c.kind])
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// literal is text as a SQL string.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

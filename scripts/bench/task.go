package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// task is the same work for all sides.
type task struct {
	name, title string
	data        data
	columns     []column
	ours        side
	stages      bool // reading and mapping are also measured alone
	peers       []peer
}

// side is how the work is done: what to run, to read the input and leave the output in the directory.
type side func(t task, in input, dir string) command

// command is a program of ours or a peer's, what it is told, and the environment beside the usual.
type command struct {
	program string
	args    []string
	stdin   any // as JSON
	env     []string
}

// peer is another's way of doing a task's work.
type peer struct {
	name   string
	target float64 // of the ratio: how many times our CPU time it takes; 0: none
	side   side
	plain  bool // its output has the source's names
}

// data is how the seed command writes the profiles down.
type data struct {
	format, compression string
	messy               bool   // with broken lines and rows without an identifier
	arrow               string // rewritten as an Arrow IPC stream, compressed with this
	server              string // served by this warehouse
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
	gzip := data{format: "csv", compression: "gzip"}
	ndjson := data{format: "ndjson", compression: "plain"}
	messy := data{format: "csv", compression: "plain", messy: true}
	parquet := data{format: "parquet", compression: "zstd"}
	lz4, zstd, bigquery, snowflake := parquet, parquet, parquet, parquet
	lz4.arrow, zstd.arrow, bigquery.server, snowflake.server = "lz4", "zstd", "bigquery", "snowflake"
	duck := func(target float64, statements statements) peer {
		return peer{name: "duckdb", target: target, side: statements.side}
	}
	polars := peer{name: "polars", side: askPolars}
	bare := peer{name: "bare", target: 1 / 1.15, side: until("bare"), plain: true}
	arrowGo := peer{name: "arrow_go", side: until("arrow-go"), plain: true}
	client := peer{name: "client", target: 1 / 1.15, side: overClient}
	return []task{
		{"T1", "CSV to typed zstd Parquet", csv, profiles(), until("land"), true, []peer{duck(1.5, copyCSV), polars}},
		{"T1GZ", "the same from gzip", gzip, profiles(), until("land"), true, []peer{duck(1.1, copyCSV), polars}},
		{"T2", "Parquet to Parquet, re-encoded, 10 of 20 columns renamed", parquet, renamed(), until("land"), true, []peer{duck(0.9, copyParquet), polars}},
		{"T3", "NDJSON to Parquet", ndjson, profiles(), until("land"), true, []peer{duck(1.3, copyJSON), polars}},
		{"T4", "CSV to Parquet, e-mail trimmed, lower-cased and hashed, bad rows to quarantine", messy, hashed(), until("land"), true, []peer{duck(1.6, copyChecked)}},
		{"T5LZ4", "Arrow IPC with LZ4 to mapped Parquet", lz4, renamed(), until("land"), true, []peer{bare, arrowGo, polars}},
		{"T5ZSTD", "Arrow IPC with zstd to mapped Parquet", zstd, renamed(), until("land"), true, []peer{bare, arrowGo, polars}},
		{"T6BQ", "BigQuery's Storage Read API to mapped Parquet", bigquery, renamed(), overDriver, false, []peer{client}},
		{"T6SF", "Snowflake's result chunks to mapped Parquet", snowflake, renamed(), overDriver, false, []peer{client}},
	}
}

// statements are what DuckDB is asked to do.
type statements func(t task, input, output string) []string

func (s statements) side(t task, in input, dir string) command {
	return command{program: "duck", args: s(t, in.path, dir)}
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

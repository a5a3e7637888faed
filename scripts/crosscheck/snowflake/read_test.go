//go:build crosscheck

// Package snowflake_test holds the Snowflake driver against fakesnow, a server
// that shares no code with ours nor with the peer of the driver's own tests: it
// reads SQL with sqlglot's Snowflake grammar and writes Arrow with pyarrow.
package snowflake_test

import (
	"bytes"
	"database/sql"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/snowflake"
)

const table = `"Crm"."SALES"."say ""hi"""`

// statements make what is read.
var statements = []string{
	`CREATE DATABASE "Crm"`,
	`CREATE SCHEMA "Crm"."SALES"`,
	`CREATE TABLE ` + table + ` (N NUMBER(5,0) NOT NULL, BIG NUMBER(18,0), MONEY NUMBER(10,2), EXACT NUMBER(38,9), F FLOAT, S VARCHAR(40), "b.x" BINARY, OK BOOLEAN, D DATE, T TIME, NTZ TIMESTAMP_NTZ, TZ TIMESTAMP_TZ, V VARIANT)`,
	`INSERT INTO ` + table + ` SELECT 1, 9007199254740993, 12.34, -1234567890.123456789, 0.1, 'häß''x\\', NULL, TRUE, '2024-02-29', '23:59:59.000001', '1969-12-31 23:59:59.999999', '2024-02-29T12:00:00.123456+02:00', PARSE_JSON('{"a": [1, 2.5, null]}')`,
	`INSERT INTO ` + table + ` SELECT 2, -1, -0.01, 0.000000001, 'NaN', '', NULL, FALSE, '1582-10-15', '00:00:00', '2024-02-29 12:00:00', '1969-07-20T20:17:40-05:00', PARSE_JSON('[]')`,
	`INSERT INTO ` + table + ` (N) VALUES (3)`,
}

// rows are what reading gives, by N.
var rows = []string{
	`{"BIG":9007199254740993,"D":"2024-02-29","EXACT":"-1234567890.123456789","F":0.1,"MONEY":"12.34","N":1,"NTZ":"1969-12-31T23:59:59.999999Z","OK":true,"S":"häß'x\\","T":"23:59:59.000001","TZ":"2024-02-29T10:00:00.123456Z","V":"{\"a\":[1,2.5,null]}","b.x":null}`,
	`{"BIG":-1,"D":"1582-10-15","EXACT":"1e-09","F":"NaN","MONEY":"-0.01","N":2,"NTZ":"2024-02-29T12:00:00Z","OK":false,"S":"","T":"00:00:00","TZ":"1969-07-21T01:17:40Z","V":"[]","b.x":null}`,
	`{"BIG":null,"D":null,"EXACT":null,"F":null,"MONEY":null,"N":3,"NTZ":null,"OK":null,"S":null,"T":null,"TZ":null,"V":null,"b.x":null}`,
}

// open fills fakesnow and opens a connection to it.
func open(t *testing.T) *source.Source {
	t.Helper()
	target := fakesnow(t)
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, sf.Config{Account: "acme", User: "loader", Password: "any", Host: u.Hostname(), Port: port, Protocol: "http"}))
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	kept := &keeper{results: map[string][]byte{}}
	s, err := source.Open(t.Context(), snowflake.New(kept.serve(t, target)), source.Config{
		Settings:   map[string]any{"account": "acme", "user": "HEADWATER", "role": "READER", "warehouse": "WH", "databases": `"Crm"`},
		Credential: source.Credential{Method: "password", Fields: map[string]source.Secret{"password": "any"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// read plans and reads a query, and returns its rows as JSON, sorted.
func read(t *testing.T, s *source.Source, req source.PlanRequest) []string {
	t.Helper()
	p, err := s.Plan(t.Context(), req)
	if err != nil {
		t.Fatalf("planning: %v", err)
	}
	var text bytes.Buffer
	for _, split := range p.Splits {
		r, err := s.Read(t.Context(), source.ReadRequest{Table: p.Table, Columns: req.Columns, Split: split})
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
		for {
			b, err := r.Next(t.Context())
			if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
				break
			}
			if err != nil {
				t.Fatalf("reading: %v", err)
			}
			if err := array.RecordToJSON(b.Record, &text); err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	slices.Sort(lines)
	return lines
}

// What fakesnow computes and pyarrow writes is read to the same values.
func TestFakesnowRows(t *testing.T) {
	s := open(t)
	want := slices.Sorted(slices.Values(rows))
	if diff := cmp.Diff(want, read(t, s, source.PlanRequest{Query: "SELECT * FROM " + table + " -- all"})); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// The SQL of filters is Snowflake's to sqlglot too, and leaves the same rows.
func TestFakesnowFilters(t *testing.T) {
	s := open(t)
	for _, test := range []struct {
		column string
		op     source.Op
		values []string
		want   []string
	}{
		{"BIG", source.Equal, []string{"9007199254740993"}, []string{`{"N":1}`}},
		{"BIG", source.IsNull, nil, []string{`{"N":3}`}},
		{"MONEY", source.Less, []string{"12.335"}, []string{`{"N":2}`}},
		{"EXACT", source.GreaterOrEqual, []string{"0.000000001"}, []string{`{"N":2}`}},
		{"F", source.Equal, []string{"NaN"}, []string{`{"N":2}`}},
		{"F", source.Less, []string{"NaN"}, []string{`{"N":1}`}},
		{"S", source.In, []string{"", `häß'x\`}, []string{`{"N":1}`, `{"N":2}`}},
		{"b.x", source.IsNull, nil, []string{`{"N":1}`, `{"N":2}`, `{"N":3}`}},
		{"OK", source.NotEqual, []string{"true"}, []string{`{"N":2}`}},
		{"D", source.Greater, []string{"2000-01-01"}, []string{`{"N":1}`}},
		{"T", source.Equal, []string{"23:59:59.000001"}, []string{`{"N":1}`}},
	} {
		got := read(t, s, source.PlanRequest{
			Query: "SELECT * FROM " + table, Columns: []string{"N"},
			Filter: source.Filter{{Column: test.column, Op: test.op, Values: test.values}},
		})
		if !slices.Equal(got, test.want) {
			t.Errorf("%s %s %q leaves %q, want %q", test.column, test.op, test.values, got, test.want)
		}
	}
}

// What fakesnow answers otherwise than the service does, as docs/platforms/snowflake.md lists it.
func TestFakesnowDifferences(t *testing.T) {
	s := open(t)
	checks, err := s.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]source.Outcome{}
	for _, c := range checks {
		outcomes[c.Name] = c.Outcome
	}
	for name, want := range map[string]source.Outcome{
		"snowflake.authenticate": source.Pass, // any password
		"snowflake.role":         source.Fail, // CURRENT_ROLE() is duckdb
	} {
		if outcomes[name] != want {
			t.Errorf("%s: %s, want %s", name, outcomes[name], want)
		}
	}
	if _, err := s.Discover(t.Context(), ""); fault.CodeOf(err) != fault.SourceNotFound {
		t.Errorf("INFORMATION_SCHEMA.COLUMNS without DATETIME_PRECISION: %v", err)
	}
	if _, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: `Crm.SALES."say ""hi"""`}}); fault.CodeOf(err) != fault.SourceNotFound {
		t.Errorf("a table of it: %v", err)
	}
	if _, err := s.Estimate(t.Context(), source.PlanRequest{Query: "SELECT 1 AS N"}); fault.CodeOf(err) != fault.SourceInvalidQuery {
		t.Errorf("EXPLAIN USING JSON: %v", err)
	}
	late := source.Filter{{Column: "NTZ", Op: source.Less, Values: []string{"2024-01-01T00:00:00Z"}}}
	if _, err := s.Plan(t.Context(), source.PlanRequest{Query: "SELECT * FROM " + table, Filter: late}); fault.CodeOf(err) != fault.SourceNotFound {
		t.Errorf("a text cast to a timestamp in a session without a database: %v", err)
	}
	if got := read(t, s, source.PlanRequest{Query: "SELECT TO_BINARY('00ff10') AS B"}); slices.Equal(got, []string{`{"B":"AP8Q"}`}) {
		t.Errorf("TO_BINARY gives the bytes: %q", got)
	}
}

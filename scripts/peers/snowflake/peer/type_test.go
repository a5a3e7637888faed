package peer_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"
)

// TestTypes compares what the real client makes of every type, and the
// physical Arrow types on the wire behind it.
func TestTypes(t *testing.T) {
	tests := []struct{ name, typ, value, want, physical string }{
		{"int8", "NUMBER(38,0)", `127`, "127", "int8"},
		{"int16", "NUMBER(38,0)", `-129`, "-129", "int16"},
		{"int32", "NUMBER(38,0)", `40000`, "40000", "int32"},
		{"int64", "NUMBER(38,0)", `9007199254740993`, "9007199254740993", "int64"},
		{"wide", "NUMBER(38,0)", `"-99999999999999999999999999999999999999"`, "-99999999999999999999999999999999999999", "decimal(38, 0)"},
		{"scaled", "NUMBER(10,2)", `"1.05"`, "1.05", "int8"},
		{"wide scaled", "NUMBER(38,37)", `"9.0000000000000000000000000000000000001"`, "9.0000000000000000000000000000000000001", "decimal(38, 37)"},
		{"float", "FLOAT", `"-inf"`, "-Inf", "float64"},
		{"text", "VARCHAR(30)", `"naïve ' \" \\ 漢"`, `naïve ' " \ 漢`, "utf8"},
		{"empty", "VARCHAR", `""`, "", "utf8"},
		{"binary", "BINARY", `"00ff10"`, "\x00\xff\x10", "binary"},
		{"boolean", "BOOLEAN", `false`, "false", "bool"},
		{"date", "DATE", `"1582-10-15"`, "1582-10-15T00:00:00Z", "date32"},
		{"time 0", "TIME(0)", `"23:59:59"`, "0001-01-01T23:59:59Z", "int32"},
		{"time 6", "TIME(6)", `"01:02:03.000004"`, "0001-01-01T01:02:03.000004Z", "int64"},
		{"time 9", "TIME(9)", `"01:02:03.000000004"`, "0001-01-01T01:02:03.000000004Z", "int64"},
		{"ntz 0", "TIMESTAMP_NTZ(0)", `"1969-12-31 23:59:59"`, "1969-12-31T23:59:59Z", "int64"},
		{"ntz 6", "TIMESTAMP_NTZ(6)", `"0001-01-01 00:00:00.000001"`, "0001-01-01T00:00:00.000001Z", "int64"},
		{"ntz 9", "TIMESTAMP_NTZ(9)", `"1969-12-31 23:59:59.999999999"`, "1969-12-31T23:59:59.999999999Z", "struct<epoch: int64, fraction: int32>"},
		{"ltz 3", "TIMESTAMP_LTZ(3)", `"2024-02-29 12:00:00.123 +02:00"`, "2024-02-29T10:00:00.123Z", "int64"},
		{"ltz 9", "TIMESTAMP_LTZ(9)", `"2024-02-29 12:00:00.123456789"`, "2024-02-29T12:00:00.123456789Z", "struct<epoch: int64, fraction: int32>"},
		{"tz 3", "TIMESTAMP_TZ(3)", `"2024-02-29 12:00:00.123 -03:30"`, "2024-02-29T12:00:00.123-03:30", "struct<epoch: int64, timezone: int32>"},
		{"tz 9", "TIMESTAMP_TZ(9)", `"2024-02-29 12:00:00.123456789 +05:45"`, "2024-02-29T12:00:00.123456789+05:45", "struct<epoch: int64, fraction: int32, timezone: int32>"},
		{"variant", "VARIANT", `{"b": [1, 2.50], "a": null}`, "{\n  \"a\": null,\n  \"b\": [\n    1,\n    2.50\n  ]\n}", "utf8"},
		{"json null", "VARIANT", `{"$json": null}`, "null", "utf8"},
		{"object", "OBJECT", `{}`, "{}", "utf8"},
		{"array", "ARRAY", `["<x>"]`, "[\n  \"<x>\"\n]", "utf8"},
		{"structured", "OBJECT(n NUMBER(5,0), inner ARRAY(VARCHAR(9) NOT NULL))", `{"n": 1, "inner": ["a"]}`, "{\n  \"inner\": [\n    \"a\"\n  ],\n  \"n\": 1\n}", "utf8"},
		{"map", "MAP(VARCHAR, FLOAT)", `{"k": 1.5}`, "{\n  \"k\": 1.5\n}", "utf8"},
		{"geography", "GEOGRAPHY", `{"type": "Point", "coordinates": [1, 2]}`, "{\n  \"coordinates\": [\n    1,\n    2\n  ],\n  \"type\": \"Point\"\n}", "utf8"},
	}
	h := seeded(t)
	var columns, values, nulls []string
	for i, test := range tests {
		columns = append(columns, fmt.Sprintf(`{"name": "C%d", "type": %q}`, i, test.typ))
		values, nulls = append(values, test.value), append(nulls, "null")
	}
	h.admin("apply", fmt.Sprintf(`{"tables": [{"database": "D", "schema": "S", "name": "ALL_TYPES", "columns": [%s], "rows": [[%s], [%s]]}]}`, strings.Join(columns, ","), strings.Join(values, ","), strings.Join(nulls, ",")))
	db := h.open(nil)
	got, err := rows(t, db, t.Context(), "select * from all_types")
	if err != nil {
		t.Fatal(err)
	}
	physical := wire(t, db, "select * from all_types")
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff([]string{test.want, "∅"}, []string{got[0][i], got[1][i]}); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.physical, physical[i]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// wire is the Arrow types of the first stream of a result.
func wire(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out []string
	err = c.Raw(func(x any) error {
		loader, err := x.(interface {
			QueryArrowStream(context.Context, string, ...driver.NamedValue) (sf.ArrowStreamLoader, error)
		}).QueryArrowStream(t.Context(), query)
		if err != nil {
			return err
		}
		batches, err := loader.GetBatches()
		if err != nil {
			return err
		}
		stream, err := batches[0].GetStream(t.Context())
		if err != nil {
			return err
		}
		defer stream.Close()
		r, err := ipc.NewReader(stream)
		if err != nil {
			return err
		}
		defer r.Release()
		for _, f := range r.Schema().Fields() {
			out = append(out, strings.ReplaceAll(f.Type.String(), " nullable", ""))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

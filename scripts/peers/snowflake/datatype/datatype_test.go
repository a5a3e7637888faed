package datatype_test

import (
	"testing"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
)

func TestParse(t *testing.T) {
	for _, test := range []struct{ text, want, stored string }{
		{"number", "NUMBER(38,0)", "DECIMAL(38,0)"},
		{"decimal(10, 2)", "NUMBER(10,2)", "DECIMAL(10,2)"},
		{"bigint", "NUMBER(38,0)", "DECIMAL(38,0)"},
		{"double precision", "FLOAT", "DOUBLE"},
		{"string", "VARCHAR(16777216)", "VARCHAR"},
		{"char", "VARCHAR(1)", "VARCHAR"},
		{"varbinary(8)", "BINARY(8)", "BLOB"},
		{"time", "TIME(9)", "TIME_NS"},
		{"datetime(3)", "TIMESTAMP_NTZ(3)", "TIMESTAMP"},
		{"timestamp_ltz", "TIMESTAMP_LTZ(9)", "TIMESTAMP_NS"},
		{"timestamp_tz(6)", "TIMESTAMP_TZ(6)", "STRUCT(ts TIMESTAMP, tz INTEGER)"},
		{"vector(int, 4)", "VECTOR(INT, 4)", "INTEGER[4]"},
		{"geography", "GEOGRAPHY", "JSON"},
		{"array(number(5,0) not null)", "ARRAY(NUMBER(5,0) NOT NULL)", "JSON"},
		{"map(varchar(3), object(a int, \"b, c\" date))", "MAP(VARCHAR(3), OBJECT(a NUMBER(38,0), \"b, c\" DATE))", "JSON"},
	} {
		got, err := datatype.Parse(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if got.String() != test.want || got.DuckDB() != test.stored {
			t.Errorf("%s is %s, stored as %s", test.text, got, got.DuckDB())
		}
		if again, err := datatype.Parse(got.String()); err != nil || again != got {
			t.Errorf("%s does not come back: %v, %v", got, again, err)
		}
	}
	for _, bad := range []string{"", "blob", "number(39,0)", "number(10,11)", "time(10)", "vector(text, 3)", "varchar(1", "map(varchar)", "object(a)", "int(3)"} {
		if got, err := datatype.Parse(bad); err == nil {
			t.Errorf("%q is %s", bad, got)
		}
	}
}

package file_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/file"
)

func testdata(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestAnotherWritersParquetIsRead reads what the C++ writer wrote
// (testdata/write.py): structures with all their digits.
func TestAnotherWritersParquetIsRead(t *testing.T) {
	f := file.New(store{"t/a.parquet": testdata(t, "pyarrow.parquet"), "old/a.parquet": testdata(t, "int96.parquet")}, "")
	const full = `{"dec":0.0000000001,"wide":12345678901234567890123456789012345678901234567.891,"big":9007199254740993,"u":18446744073709551615,` +
		`"at":"1969-12-31T23:59:59.999999Z","local":"2024-05-01T10:00:00","raw":"/wA=","day":"1582-10-15","f":0.1,"x":"NaN","t":"23:59:59.000001","s":"é\"\\\n<` + "\u2028" + `"}`
	const none = `{"dec":null,"wide":null,"big":null,"u":null,"at":null,"local":null,"raw":null,"day":null,"f":null,"x":null,"t":null,"s":null}`
	var got []map[string]any
	for _, row := range readAll(t, f, "t", 0).Rows {
		var values map[string]any
		if err := json.Unmarshal([]byte(row), &values); err != nil {
			t.Fatal(err)
		}
		got = append(got, values)
	}
	want := []map[string]any{
		{"n": 1.0, "tag": "red", "half": nil, "s": full, "l": "[" + full + ",null]", "m": `[{"key":"b","value":[1,null]},{"key":"a","value":null}]`, "ll": `[["x"],[],null]`},
		{"n": 2.0, "tag": nil, "half": nil, "s": nil, "l": "[]", "m": nil, "ll": nil},
		{"n": 3.0, "tag": "red", "half": nil, "s": none, "l": nil, "m": "[]", "ll": "[[null]]"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`{"old":"2024-05-01T00:00:00.000001Z"}`, `{"old":null}`, `{"old":"1969-12-31T23:59:59.999999Z"}`}, readAll(t, f, "old", 0).Rows); diff != "" {
		t.Errorf("INT96 (-want +got):\n%s", diff)
	}
}

// TestStructuresShowTheirFields in the schema.
func TestStructuresShowTheirFields(t *testing.T) {
	found := table(t, file.New(store{"t/a.parquet": testdata(t, "pyarrow.parquet")}, ""), "t")
	for name, want := range map[string]struct {
		repeated bool
		fields   int
		first    schema.Column
	}{
		"s":  {false, 12, schema.Column{Name: "dec", Type: schema.Decimal, Native: "decimal(38, 10)", Nullable: true, Precision: 38, Scale: 10}},
		"l":  {true, 12, schema.Column{Name: "dec", Type: schema.Decimal, Native: "decimal(38, 10)", Nullable: true, Precision: 38, Scale: 10}},
		"m":  {true, 2, schema.Column{Name: "key", Type: schema.String, Native: "utf8"}},
		"ll": {true, 0, schema.Column{}},
	} {
		c, _ := found.Column(name)
		if c.Type != schema.JSON || c.Repeated != want.repeated || len(c.Fields) != want.fields {
			t.Errorf("%s: %+v", name, c)
		} else if want.fields > 0 {
			if diff := cmp.Diff(want.first, c.Fields[0]); diff != "" {
				t.Errorf("%s: first field (-want +got):\n%s", name, diff)
			}
		}
	}
}

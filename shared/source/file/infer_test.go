package file_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/file"
)

func TestCSVColumnsAreTypedByTheirValues(t *testing.T) {
	for _, tt := range []struct {
		values string // separated by |
		want   schema.Type
	}{
		{"1|-2|0|9223372036854775807|-9223372036854775808", schema.Int64},
		{"1||3", schema.Int64},
		{`1|""|3`, schema.Int64},
		{"007|8", schema.String},
		{"+41|42", schema.String},
		{"-0|1", schema.Float64},
		{" 1|2", schema.String},
		{"9223372036854775808", schema.String},
		{"1|2.5", schema.Float64},
		{"1e3|2", schema.Float64},
		{"9007199254740992|0.5", schema.Float64},
		{"9007199254740993|0.5", schema.String},
		{"0.12345678901234567|1", schema.Float64},
		{"0.123456789012345678|1", schema.String},
		{".5|1.", schema.String},
		{"NaN|1", schema.String},
		{"1,5|2", schema.String},
		{"true|FALSE|True", schema.Bool},
		{"true|1", schema.String},
		{"yes|no", schema.String},
		{"2024-02-29|1900-01-01", schema.Date},
		{"2023-02-29", schema.String},
		{"2024-1-1", schema.String},
		{"2024-05-01T10:00:00Z|2024-05-01 10:00:00", schema.Timestamp},
		{"2024-05-01T10:00:00+02:00|2024-05-01 10:00:00.123456", schema.Timestamp},
		{"2024-05-01T10:00:00.123456000Z", schema.Timestamp},
		{"2024-05-01T10:00:00.1234567Z", schema.String},
		{"2024-05-01T24:00:00Z", schema.String},
		{"2024-05-01|2024-05-01T10:00:00Z", schema.String},
		{"", schema.String},
		{"a|1|true", schema.String},
	} {
		t.Run(tt.values, func(t *testing.T) {
			var rows strings.Builder
			for v := range strings.SplitSeq(tt.values, "|") {
				if strings.Contains(v, ",") {
					v = `"` + v + `"`
				}
				fmt.Fprintf(&rows, "x,%s\n", v)
			}
			f := file.New(store{"t/a.csv": "k,v\n" + rows.String()}, "")
			if c, _ := table(t, f, "t").Column("v"); c.Type != tt.want {
				t.Errorf("%s, want %s", c.Type, tt.want)
			}
			// What was inferred from all values must read all values.
			if got := readAll(t, f, "t", 0); len(got.Rejects) > 0 {
				t.Errorf("rejects: %v", got.Rejects)
			}
		})
	}
}

func TestNDJSONColumnsAreTypedByTheirValues(t *testing.T) {
	for _, tt := range []struct {
		values string // separated by |
		want   schema.Type
		native string
	}{
		{"1|null|3", schema.Int64, "text"},
		{"1|2.5", schema.Float64, "text"},
		{`1|"2"`, schema.String, "text"},
		{`"1"|"2"`, schema.String, "text"},
		{"true|false", schema.Bool, "text"},
		{`"true"`, schema.String, "text"},
		{`"2024-05-01"|null`, schema.Date, "text"},
		{`"2024-05-01T10:00:00Z"`, schema.Timestamp, "text"},
		{`{"a":1}|[1,2]|null`, schema.JSON, "json"},
		{`{"a":1}|5|"x"`, schema.JSON, "json"},
		{"null", schema.String, "text"},
		{`""|"a"`, schema.String, "text"},
	} {
		t.Run(tt.values, func(t *testing.T) {
			var rows strings.Builder
			for v := range strings.SplitSeq(tt.values, "|") {
				fmt.Fprintf(&rows, `{"v":%s}`+"\n", v)
			}
			f := file.New(store{"t/a.ndjson": rows.String() + "{}\n"}, "")
			if c, _ := table(t, f, "t").Column("v"); c.Type != tt.want || c.Native != tt.native {
				t.Errorf("%s (%s), want %s (%s)", c.Type, c.Native, tt.want, tt.native)
			}
			if got := readAll(t, f, "t", 0); len(got.Rejects) > 0 {
				t.Errorf("rejects: %v", got.Rejects)
			}
		})
	}
}

func TestASampleLooksIntoSeveralFiles(t *testing.T) {
	files := store{}
	for i := range 50 {
		files[fmt.Sprintf("t/%02d.csv", i)] = "v\n1\n"
	}
	files["t/49.csv"] = "v\nlast\n"
	if c, _ := table(t, file.New(files, ""), "t").Column("v"); c.Type != schema.String {
		t.Errorf("%s: the last file was not looked at", c.Type)
	}
}

func TestEstimates(t *testing.T) {
	rows := strings.Repeat("1,abcdefgh\n", 300_000)
	for name, content := range map[string]string{"a.csv": "a,b\n" + rows, "a.csv.gz": gzipped(t, "a,b\n"+rows)} {
		got := table(t, file.New(store{"t/" + name: content}, ""), "t")
		if got.Rows < 290_000 || got.Rows > 310_000 || got.Bytes != int64(len(content)) || got.Files != 1 {
			t.Errorf("%s: %d rows, %d bytes, %d files", name, got.Rows, got.Bytes, got.Files)
		}
	}
}

func TestNestedJSONShowsItsFields(t *testing.T) {
	column := func(name string, typ schema.Type) schema.Column {
		return schema.Column{Name: name, Type: typ, Native: "text", Nullable: true}
	}
	nested := func(name string, repeated bool, fields ...schema.Column) schema.Column {
		return schema.Column{Name: name, Type: schema.JSON, Native: "json", Nullable: true, Repeated: repeated, Fields: fields}
	}
	var many strings.Builder
	for i := range 300 {
		fmt.Fprintf(&many, `{"v":{"key%d":1}}`+"\n", i)
	}
	for name, tt := range map[string]struct {
		rows string
		want schema.Column
	}{
		"an object":           {`{"v":{"id":1,"at":"2024-05-01"}}` + "\n" + `{"v":{"n":0.5,"id":null}}`, nested("v", false, column("id", schema.Int64), column("at", schema.Date), column("n", schema.Float64))},
		"an object in one":    {`{"v":{ "a" : {"b" : [ {"c":true} , {"c":false} ] } }}`, nested("v", false, nested("a", false, nested("b", true, column("c", schema.Bool))))},
		"an array":            {`{"v":[1,2]}` + "\n" + `{"v":[]}`, nested("v", true)},
		"an array of objects": {`{"v":[{"a":1},{"b":"x"},null]}`, nested("v", true, column("a", schema.Int64), column("b", schema.String))},
		"arrays in an array":  {`{"v":[[1],[2]]}`, nested("v", true)},
		"escaped keys":        {`{"v":{"\u00e9\n":"\u00e9"}}`, nested("v", false, column("é\n", schema.String))},
		"objects and arrays":  {`{"v":[1]}` + "\n" + `{"v":{"a":1}}`, nested("v", false)},
		"objects and numbers": {`{"v":1}` + "\n" + `{"v":{"a":1}}`, nested("v", false)},
		"a field of both":     {`{"v":{"a":{"b":1}}}` + "\n" + `{"v":{"a":"x"}}`, nested("v", false, nested("a", false))},
		"keys that are data":  {many.String(), nested("v", false)},
	} {
		t.Run(name, func(t *testing.T) {
			f := file.New(store{"t/a.ndjson": tt.rows + "\n"}, "")
			if diff := cmp.Diff([]schema.Column{tt.want}, table(t, f, "t").Columns); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNestedJSONIsDeliveredCompactWithAllDigits(t *testing.T) {
	f := file.New(store{"t/a.ndjson": `{"v": { "n" : 12345678901234567890.10 , "s":"a \" b" , "l":[ 1e400, { } ] } }` + "\n"}, "")
	want := []string{`{"v":"{\"n\":12345678901234567890.10,\"s\":\"a \\\" b\",\"l\":[1e400,{}]}"}`}
	if diff := cmp.Diff(want, readAll(t, f, "t", 0).Rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

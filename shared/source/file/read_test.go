package file_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

const people = "id,name,score,active,born,seen\r\n" +
	"1,\"Muster, Ann\",1.5,true,1990-01-31,2024-05-01T10:00:00Z\r\n" +
	"\n" +
	"2,\"say \"\"hi\"\"\n\",2,false,,2024-05-01 12:00:00.25\n" +
	"3,\"\",,,1991-02-28,2024-05-01T10:00:00+02:00"

const peopleNDJSON = `{"id":1,"name":"Muster, Ann","score":1.5,"active":true,"born":"1990-01-31","seen":"2024-05-01T10:00:00Z"}
{"name":"say \"hi\"\u000a","id":2,"score":2,"active":false,"seen":"2024-05-01 12:00:00.25"}

 {"id":3,"name":"","born":"1991-02-28","seen":"2024-05-01T10:00:00+02:00","score":null}`

var peopleRows = []string{
	`{"active":true,"born":"1990-01-31","id":1,"name":"Muster, Ann","score":1.5,"seen":"2024-05-01T10:00:00Z"}`,
	`{"active":false,"born":null,"id":2,"name":"say \"hi\"\n","score":2,"seen":"2024-05-01T12:00:00.25Z"}`,
	`{"active":null,"born":"1991-02-28","id":3,"name":"","score":null,"seen":"2024-05-01T08:00:00Z"}`,
}

var peopleColumns = []schema.Column{
	{Name: "id", Type: schema.Int64, Native: "text", Nullable: true},
	{Name: "name", Type: schema.String, Native: "text", Nullable: true},
	{Name: "score", Type: schema.Float64, Native: "text", Nullable: true},
	{Name: "active", Type: schema.Bool, Native: "text", Nullable: true},
	{Name: "born", Type: schema.Date, Native: "text", Nullable: true},
	{Name: "seen", Type: schema.Timestamp, Native: "text", Nullable: true},
}

var peopleSchema = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int32},
	{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "score", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
	{Name: "active", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "born", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "seen", Type: arrow.FixedWidthTypes.Timestamp_ms, Nullable: true},
}, nil)

const peopleJSON = `[
	{"id":1,"name":"Muster, Ann","score":1.5,"active":true,"born":"1990-01-31","seen":"2024-05-01T10:00:00Z"},
	{"id":2,"name":"say \"hi\"\n","score":2,"active":false,"born":null,"seen":"2024-05-01T12:00:00.250Z"},
	{"id":3,"name":"","score":null,"active":null,"born":"1991-02-28","seen":"2024-05-01T08:00:00Z"}]`

func TestReadEveryFormatAndCompression(t *testing.T) {
	for name, content := range map[string]string{
		"people.csv":             people,
		"people.csv.gz":          gzipped(t, people),
		"people.csv.zst":         zstandard(t, people),
		"compressed-unnamed.csv": gzipped(t, people),
		"plain-after-all.csv.gz": people,
		"with-bom.csv":           "\ufeff" + people,
		"people.ndjson":          peopleNDJSON,
		"people.jsonl.gz":        gzipped(t, peopleNDJSON),
		"people.json.zst":        zstandard(t, peopleNDJSON),
		"people.parquet":         parquetOf(t, peopleSchema, peopleJSON, 2),
	} {
		t.Run(name, func(t *testing.T) {
			f := file.New(store{"in/people/" + name: content}, "in")
			got := readAll(t, f, "people", 0)
			if diff := cmp.Diff(result{Rows: peopleRows}, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			columns := table(t, f, "people").Columns
			if diff := cmp.Diff(peopleColumns, columns, cmp.FilterPath(func(p cmp.Path) bool {
				return p.Last().String() == ".Native" || p.Last().String() == ".Nullable"
			}, cmp.Ignore())); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			projected := readAll(t, f, "people", 0, "seen", "id")
			want := `{"id":1,"seen":"2024-05-01T10:00:00Z"}`
			if len(projected.Rows) != 3 || projected.Rows[0] != want {
				t.Errorf("projected: %v", projected.Rows)
			}
		})
	}
}

func TestRejectedRowsAreReportedAndTheRestIsRead(t *testing.T) {
	for name, tt := range map[string]struct {
		file, content string
		rows          []string
		rejects       []source.Reject
	}{
		"csv": {
			"t.csv", "id,city\n1,Basel\n2\n3,Bern,x\n4,\"Z\xfcrich\"\n5,\"a\"b\n6,Chur\n",
			[]string{`{"city":"Basel","id":1}`, `{"city":"Chur","id":6}`},
			[]source.Reject{
				{Origin: 3, Rule: "ragged_row", Reason: "has 1 fields where the header has 2"},
				{Origin: 4, Rule: "ragged_row", Reason: "has 3 fields where the header has 2"},
				{Origin: 5, Column: "city", Rule: "not_utf8", Reason: "is not valid UTF-8"},
				{Origin: 6, Rule: "malformed_csv", Reason: "a quoted field is not closed, or has text after its closing quote"},
			},
		},
		"ndjson": {
			"t.ndjson", "{\"id\":1,\"city\":\"Basel\"}\n{\"id\":2,\n[3]\n{\"id\":4,\"city\":\"Z\xfcrich\"}\n{\"id\":6,\"city\":\"Chur\",\"new\":{\"a\":[1]}}\n",
			[]string{`{"city":"Basel","id":1,"new":null}`, `{"city":"Chur","id":6,"new":"{\"a\":[1]}"}`},
			[]source.Reject{
				{Origin: 2, Rule: "malformed_json", Reason: "is not a JSON object"},
				{Origin: 3, Rule: "malformed_json", Reason: "is not a JSON object"},
				{Origin: 4, Column: "city", Rule: "not_utf8", Reason: "is not valid UTF-8"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, file.New(store{"t/" + tt.file: tt.content}, ""), "t", 0)
			if diff := cmp.Diff(result{tt.rows, tt.rejects}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestABatchSaysWhatItIsFrom: Origins count in a file, so the file must be known.
func TestABatchSaysWhatItIsFrom(t *testing.T) {
	f := file.New(store{"t/a.csv": "n\n1\n", "t/b.csv": "n\n2\n"}, "")
	plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table(t, f, "t")})
	if err != nil || len(plan.Splits) != 1 {
		t.Fatalf("%d splits, %v", len(plan.Splits), err)
	}
	r, err := f.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: plan.Splits[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, want := range []string{"t/a.csv", "t/b.csv"} {
		b, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.Part != want || len(b.Origins) != 1 || b.Origins[0] != 2 {
			t.Errorf("from %q, %v, want %s, line 2", b.Part, b.Origins, want)
		}
		b.Release()
	}
}

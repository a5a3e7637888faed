package file_test

import (
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// Columns are called what the file calls them, whatever that would mean in SQL
// or in a path, in every format; each can be asked for and filtered by.
func TestOddNames(t *testing.T) {
	const rows = `{"select":1,"a.b":"x","say \"hi\"":0.5,"Größe":true}` + "\n" + `{"select":2,"a.b":"y","say \"hi\"":1.5,"Größe":false}` + "\n"
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "select", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "a.b", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: `say "hi"`, Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "Größe", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	}, nil)
	values := map[string][]string{
		"select": {`{"select":1}`, `{"select":2}`}, "a.b": {`{"a.b":"x"}`, `{"a.b":"y"}`},
		`say "hi"`: {`{"say \"hi\"":0.5}`, `{"say \"hi\"":1.5}`}, "Größe": {`{"Größe":true}`, `{"Größe":false}`},
	}
	for name, content := range map[string]string{
		"csv":     "\"select\",\"a.b\",\"say \"\"hi\"\"\",\"Größe\"\n1,x,0.5,true\n2,y,1.5,false\n",
		"ndjson":  rows,
		"parquet": parquetOf(t, sc, `[{"select":1,"a.b":"x","say \"hi\"":0.5,"Größe":true},{"select":2,"a.b":"y","say \"hi\"":1.5,"Größe":false}]`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			f := file.New(store{"odd/ä b+c%20?#." + name: content}, "")
			odd := table(t, f, "odd")
			var names []string
			for _, c := range odd.Columns {
				names = append(names, c.Name)
			}
			if diff := cmp.Diff([]string{"select", "a.b", `say "hi"`, "Größe"}, names); diff != "" {
				t.Fatalf("columns (-want +got):\n%s", diff)
			}
			for column, want := range values {
				if diff := cmp.Diff(result{Rows: want}, readAll(t, f, "odd", 0, column)); diff != "" {
					t.Errorf("%s alone (-want +got):\n%s", column, diff)
				}
			}
			for column, literal := range map[string]string{"select": "2", "a.b": "y", `say "hi"`: "1.5", "Größe": "false"} {
				want := []string{`{"Größe":false,"a.b":"y","say \"hi\"":1.5,"select":2}`}
				if diff := cmp.Diff(want, filtered(t, f, odd, column, literal)); diff != "" {
					t.Errorf("where %s is %s (-want +got):\n%s", column, literal, diff)
				}
			}
		})
	}
}

// filtered reads the rows of a table in which a column has a value.
func filtered(t *testing.T, f *file.Files, table schema.Table, column, literal string) []string {
	t.Helper()
	filter := source.Filter{{Column: column, Op: source.Equal, Values: []string{literal}}}
	plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table, Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	var got result
	for _, split := range plan.Splits {
		r, err := f.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: split, Filter: filter})
		if err != nil {
			t.Fatal(err)
		}
		for {
			b, err := r.Next(t.Context())
			if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got.add(t, b)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	return got.Rows
}

package file_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

func TestDirectoriesBecomeTables(t *testing.T) {
	const one = "a\n1\n"
	for name, tt := range map[string]struct {
		prefix string
		keys   []string
		want   []string
	}{
		"each directory":                     {"", []string{"b/x.csv", "a/x.csv", "a/y.csv"}, []string{"a", "b"}},
		"nested ones":                        {"p", []string{"p/a/x.csv", "p/a/b/x.csv", "p/c/d/e/x.csv"}, []string{"a", "a/b", "c/d/e"}},
		"only below the prefix":              {"/p/", []string{"p/a/x.csv", "pq/a/x.csv", "q/x.csv"}, []string{"a"}},
		"files at the prefix":                {"in/crm", []string{"in/crm/x.csv"}, []string{"crm"}},
		"files at the top":                   {"", []string{"x.csv"}, []string{"root"}},
		"a directory named like the prefix":  {"crm", []string{"crm/x.csv", "crm/crm/x.csv", "crm/crm/crm/x.csv"}, []string{"./crm", "crm", "crm/crm"}},
		"partitions belong to what is above": {"", []string{"a/dt=1/x.csv", "a/dt=2/k=b/x.csv", "dt=1/x.csv"}, []string{"a", "root"}},
		"a directory below a partition":      {"", []string{"a/dt=1/b/x.csv"}, []string{"a/dt=1/b"}},
		"hidden files and directories":       {"", []string{"a/_SUCCESS", "a/.x.csv", "a/_x.csv", "_tmp/x.csv", ".git/x.csv", "a/_temporary/0/x.csv", "b/_year=1/x.csv"}, []string{"b"}},
		"what is no data file":               {"", []string{"a/README.md", "b/", "c/x", "d/x.csv.bak", "e/x.CSV", "f/x.csv.gz", "g/x.gz"}, []string{"e", "f"}},
		"empty path elements":                {"", []string{"a//x.csv", "/a/x.csv"}, nil},
		"a name that sorts before the slash": {"", []string{"a-b/x.csv", "a/x.csv"}, []string{"a", "a-b"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := store{}
			for _, key := range tt.keys {
				files[key] = one
			}
			f := file.New(files, tt.prefix)
			var got []string
			for _, table := range discover(t, f) {
				got = append(got, table.Name)
				plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table})
				if err != nil || len(plan.Splits) != 1 {
					t.Errorf("%s: %d splits, %v", table.Name, len(plan.Splits), err)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("tables (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPartitionsBecomeTypedColumns(t *testing.T) {
	const one = "a,n\n1,9\n"
	column := func(name string, typ schema.Type, nullable bool) schema.Column {
		return schema.Column{Name: name, Type: typ, Native: "partition", Nullable: nullable, Partition: true}
	}
	own := schema.Column{Name: "a", Type: schema.Int64, Native: "text", Nullable: true}
	for name, tt := range map[string]struct {
		keys    []string
		columns []schema.Column
		rows    []string
	}{
		"whole numbers": {[]string{"t/n=1/x.csv", "t/n=-20/x.csv"}, []schema.Column{own, column("n", schema.Int64, false)}, []string{`{"a":1,"n":-20}`, `{"a":1,"n":1}`}},
		"leading zeros": {[]string{"t/n=01/x.csv", "t/n=12/x.csv"}, []schema.Column{own, column("n", schema.String, false)}, []string{`{"a":1,"n":"01"}`, `{"a":1,"n":"12"}`}},
		"dates":         {[]string{"t/n=2024-05-01/x.csv"}, []schema.Column{own, column("n", schema.Date, false)}, []string{`{"a":1,"n":"2024-05-01"}`}},
		"mixed":         {[]string{"t/n=2024-05-01/x.csv", "t/n=7/x.csv"}, []schema.Column{own, column("n", schema.String, false)}, []string{`{"a":1,"n":"2024-05-01"}`, `{"a":1,"n":"7"}`}},
		"escaped":       {[]string{"t/n=a%2Fb c/x.csv"}, []schema.Column{own, column("n", schema.String, false)}, []string{`{"a":1,"n":"a/b c"}`}},
		"Hive's NULL":   {[]string{"t/n=1/x.csv", "t/n=__HIVE_DEFAULT_PARTITION__/x.csv"}, []schema.Column{own, column("n", schema.Int64, true)}, []string{`{"a":1,"n":1}`, `{"a":1,"n":null}`}},
		"only in some":  {[]string{"t/n=1/x.csv", "t/n=1/m=b/x.csv"}, []schema.Column{own, column("n", schema.Int64, false), column("m", schema.String, true)}, []string{`{"a":1,"m":"b","n":1}`, `{"a":1,"m":null,"n":1}`}},
	} {
		t.Run(name, func(t *testing.T) {
			files := store{}
			for _, key := range tt.keys {
				files[key] = one
			}
			f := file.New(files, "")
			if diff := cmp.Diff(tt.columns, table(t, f, "t").Columns); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.rows, readAll(t, f, "t", 0).Rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyPartitionsCanBeRead(t *testing.T) {
	for name, content := range map[string]string{"x.csv": "a\n1\n2\n", "x.ndjson": "{\"a\":1}\n{\"a\":2}\n", "x.parquet": parquetOf(t, oneInt, `[{"a":1},{"a":2}]`, 1)} {
		f := file.New(store{"t/k=v/" + name: content}, "")
		if diff := cmp.Diff([]string{`{"k":"v"}`, `{"k":"v"}`}, readAll(t, f, "t", 0, "k").Rows); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", name, diff)
		}
	}
}

func TestDiscoveryPages(t *testing.T) {
	files := store{}
	var want []string
	for i := range 250 {
		name := string(rune('a'+i/26)) + string(rune('a'+i%26))
		files[name+"/x.csv"] = "a\n1\n"
		want = append(want, name)
	}
	f := file.New(files, "")
	first, err := f.Discover(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for page := first; ; {
		for _, table := range page.Tables {
			got = append(got, table.Name)
		}
		if page.Next == "" {
			break
		}
		// Another worker goes on with the cursor alone.
		if page, err = file.New(files, "").Discover(t.Context(), page.Next); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

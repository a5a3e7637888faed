package file_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// events is a partitioned table in each format: n counts, kind is one of three
// or NULL; day is the partition.
func events(t testing.TB, ext string) store {
	t.Helper()
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "kind", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	files := store{}
	for day := range 4 {
		var csv, rows []string
		for i := range 30 {
			n, kind := day*30+i, []string{"a", "b", "c", ""}[i%4]
			csv = append(csv, fmt.Sprintf("%d,%s", n, kind))
			if kind == "" {
				rows = append(rows, fmt.Sprintf(`{"n":%d,"kind":null}`, n))
			} else {
				rows = append(rows, fmt.Sprintf(`{"n":%d,"kind":%q}`, n, kind))
			}
		}
		value := fmt.Sprintf("2024-05-0%d", day+1)
		if day == 3 {
			value = "__HIVE_DEFAULT_PARTITION__"
		}
		key := fmt.Sprintf("events/day=%s/x.%s", value, ext)
		switch ext {
		case "csv":
			files[key] = "n,kind\n" + strings.Join(csv, "\n") + "\n"
		case "ndjson":
			files[key] = strings.Join(rows, "\n") + "\n"
		case "parquet":
			files[key] = parquetOf(t, sc, "["+strings.Join(rows, ",")+"]", 7)
		}
	}
	return files
}

// matches is the filters of the test, by a model on the row's number.
var matches = []struct {
	name   string
	filter source.Filter
	holds  func(n int) bool
}{
	{"a number", source.Filter{{Column: "n", Op: source.Less, Values: []string{"45"}}, {Column: "n", Op: source.GreaterOrEqual, Values: []string{"10"}}}, func(n int) bool { return n >= 10 && n < 45 }},
	{"a text", source.Filter{{Column: "kind", Op: source.In, Values: []string{"a", "c", "x"}}}, func(n int) bool { return n%30%4 == 0 || n%30%4 == 2 }},
	{"NULL", source.Filter{{Column: "kind", Op: source.IsNull}}, func(n int) bool { return n%30%4 == 3 }},
	{"not equal, so not NULL", source.Filter{{Column: "kind", Op: source.NotEqual, Values: []string{"a"}}}, func(n int) bool { return n%30%4 == 1 || n%30%4 == 2 }},
	{"a partition", source.Filter{{Column: "day", Op: source.Greater, Values: []string{"2024-05-01"}}}, func(n int) bool { return n >= 30 && n < 90 }},
	{"a partition that is NULL", source.Filter{{Column: "day", Op: source.IsNull}}, func(n int) bool { return n >= 90 }},
	{"both", source.Filter{{Column: "day", Op: source.NotNull}, {Column: "kind", Op: source.Equal, Values: []string{"b"}}}, func(n int) bool { return n < 90 && n%30%4 == 1 }},
	{"a number or NULL", source.Filter{{Column: "n", Op: source.GreaterOrEqual, Values: []string{"100"}, OrNull: true}}, func(n int) bool { return n >= 100 }},
	{"a text or NULL", source.Filter{{Column: "kind", Op: source.GreaterOrEqual, Values: []string{"c"}, OrNull: true}}, func(n int) bool { return n%30%4 >= 2 }},
	{"a partition or NULL", source.Filter{{Column: "day", Op: source.GreaterOrEqual, Values: []string{"2024-05-02"}, OrNull: true}}, func(n int) bool { return n >= 30 }},
	{"no text, or NULL", source.Filter{{Column: "kind", Op: source.Greater, Values: []string{"z"}, OrNull: true}}, func(n int) bool { return n%30%4 == 3 }},
	{"nothing", source.Filter{{Column: "n", Op: source.Equal, Values: []string{"1000"}}}, func(int) bool { return false }},
}

func TestFiltersLeaveRowsOut(t *testing.T) {
	for _, ext := range []string{"csv", "ndjson", "parquet"} {
		t.Run(ext, func(outer *testing.T) {
			files := events(outer, ext)
			rapid.Check(outer, func(t *rapid.T) {
				tt := matches[rapid.IntRange(0, len(matches)-1).Draw(t, "filter")]
				f := file.WithLimits(file.New(files, ""), rapid.IntRange(1, 9).Draw(t, "rows"), 100)
				plan, err := f.Plan(outer.Context(), source.PlanRequest{
					Table: schema.Table{Name: "events"}, Filter: tt.filter, TargetBytes: int64(rapid.IntRange(40, 900).Draw(t, "target")),
				})
				if err != nil {
					t.Fatal(err)
				}
				columns := rapid.SampledFrom([][]string{{"n"}, {"n", "day"}, {"kind", "n"}}).Draw(t, "columns")
				var got, want []string
				for n := range 120 {
					if tt.holds(n) {
						want = append(want, fmt.Sprintf(`"n":%d}`, n))
					}
				}
				for _, split := range plan.Splits {
					req := source.ReadRequest{Table: plan.Table, Columns: columns, Filter: tt.filter, Split: split}
					all := readSteps(outer, f, req)
					for _, s := range all {
						got = append(got, s.Rows...)
					}
					if len(all) > 0 {
						i := rapid.IntRange(0, len(all)-1).Draw(t, "checkpoint")
						req.From = all[i].after
						var rest, again result
						rest.extend(all[i+1:]...)
						again.extend(readSteps(outer, f, req)...)
						if diff := cmp.Diff(rest, again); diff != "" {
							t.Fatalf("from checkpoint %s (-want +got):\n%s", req.From, diff)
						}
					}
				}
				for i := range got {
					got[i] = got[i][strings.LastIndex(got[i], `"n":`):]
				}
				slices.SortStableFunc(got, func(a, b string) int {
					if len(a) != len(b) {
						return len(a) - len(b)
					}
					return strings.Compare(a, b)
				})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s: rows (-want +got):\n%s", tt.name, diff)
				}
			})
		})
	}
}

func readSteps(t testing.TB, f *file.Files, req source.ReadRequest) []step {
	t.Helper()
	r, err := f.Read(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var all []step
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		var s step
		s.add(t, b)
		s.after = b.After
		all = append(all, s)
	}
}

// TestPartitionsPruneFiles: files that cannot match are not in the plan.
func TestPartitionsPruneFiles(t *testing.T) {
	for _, ext := range []string{"csv", "ndjson", "parquet"} {
		f := file.New(events(t, ext), "")
		for _, tt := range []struct {
			c    source.Condition
			want int
		}{
			{source.Condition{Column: "day", Op: source.Equal, Values: []string{"2024-05-02"}}, 1},
			{source.Condition{Column: "day", Op: source.NotEqual, Values: []string{"2024-05-02"}}, 2},
			{source.Condition{Column: "day", Op: source.In, Values: []string{"2024-05-02", "2024-05-03", "2024-06-01"}}, 2},
			{source.Condition{Column: "day", Op: source.IsNull}, 1},
			{source.Condition{Column: "day", Op: source.GreaterOrEqual, Values: []string{"2024-05-03"}, OrNull: true}, 2},
			{source.Condition{Column: "day", Op: source.Less, Values: []string{"2024-05-01"}}, 0},
		} {
			plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "events"}, Filter: source.Filter{tt.c}})
			if err != nil {
				t.Fatal(err)
			}
			files := 0
			for _, s := range plan.Splits {
				files += strings.Count(string(s.Detail), `"key"`)
			}
			if files != tt.want || plan.Table.Files != 4 {
				t.Errorf("%s, %v: %d files to read of %d, want %d of 4", ext, tt.c, files, plan.Table.Files, tt.want)
			}
		}
	}
}

// TestAFilteredRowIsNoReject: a row is at fault only if it is wanted, or if
// nobody can say.
func TestAFilteredRowIsNoReject(t *testing.T) {
	rows := strings.Repeat("1,2,x\n", 6000) // the types come from the sample
	content := "a,b,c\n" + rows + strings.Repeat("1,2,"+strings.Repeat("z", 400)+"\n", 12000) +
		"1,oops,wanted\n2,oops,not wanted\noops,3,who knows\n2,2\n2,4,wanted\n1,\"\xff\",also\n2,\"\xff\",not\n"
	f := file.New(store{"t/a.csv": content}, "")
	filter := source.Filter{{Column: "a", Op: source.Equal, Values: []string{"1"}}, {Column: "c", Op: source.In, Values: []string{"wanted", "also"}}}
	plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	var got result
	for _, s := range readSteps(t, f, source.ReadRequest{Table: plan.Table, Columns: []string{"b"}, Filter: filter, Split: plan.Splits[0]}) {
		got.extend(s)
	}
	want := result{Rejects: []source.Reject{
		{Origin: 18002, Column: "b", Rule: "type_mismatch", Reason: "is not a valid int64"},
		{Origin: 18004, Column: "a", Rule: "type_mismatch", Reason: "is not a valid int64"},
		{Origin: 18005, Rule: "ragged_row", Reason: "has 2 fields where the header has 3"},
		{Origin: 18007, Column: "b", Rule: "not_utf8", Reason: "is not valid UTF-8"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFilterThatDoesNotFitFailsThePlan(t *testing.T) {
	f := file.New(store{"t/a.csv": "a\n1\n"}, "")
	for _, c := range []source.Condition{{Column: "b", Op: source.IsNull}, {Column: "a", Op: source.Equal, Values: []string{"x"}}} {
		_, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, Filter: source.Filter{c}})
		if fault.CodeOf(err) != fault.SourceInvalidFilter {
			t.Errorf("%v: got %v, want %s", c, err, fault.SourceInvalidFilter)
		}
	}
}

package memsource_test

import (
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/memsource"
)

// TestAFilterLeavesRowsOut by a column that is not read, and resumes after batches that it emptied.
func TestAFilterLeavesRowsOut(t *testing.T) {
	d := &memsource.Driver{
		Datasets: map[string][]memsource.Table{"crm": {{
			Table: schema.Table{Name: "people", Columns: []schema.Column{{Name: "id", Type: schema.Int64}, {Name: "city", Type: schema.String, Nullable: true}}},
			Rows:  `[{"id":1,"city":"Bern"},{"id":2,"city":null},{"id":3,"city":"Chur"},{"id":4,"city":"Chur"},{"id":5,"city":"Chur"},{"id":6,"city":"Bern"}]`,
		}}},
		Tokens: map[string]memsource.Rights{"token": {List: true, Read: true}},
	}
	s, err := source.Open(t.Context(), d, config("crm", "token"))
	if err != nil {
		t.Fatal(err)
	}
	filter := source.Filter{{Column: "city", Op: source.Equal, Values: []string{"Bern"}}}
	plan, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "people"}, Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	read := func(from source.Checkpoint) (ids, origins []int64, points []source.Checkpoint) {
		r, err := s.Read(t.Context(), source.ReadRequest{Table: plan.Table, Columns: []string{"id"}, Filter: filter, Split: plan.Splits[0], From: from})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}()
		for {
			b, err := r.Next(t.Context())
			if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
				return ids, origins, points
			}
			if err != nil {
				t.Fatal(err)
			}
			if b.Record.NumCols() != 1 {
				t.Errorf("%d columns, want the one that was asked for", b.Record.NumCols())
			}
			ids = append(ids, b.Record.Column(0).(*array.Int64).Int64Values()...)
			origins, points = append(origins, b.Origins...), append(points, b.After)
			b.Release()
		}
	}
	ids, origins, points := read("")
	if diff := cmp.Diff([]int64{1, 6}, ids) + cmp.Diff([]int64{1, 6}, origins); diff != "" {
		t.Errorf("ids and origins (-want +got):\n%s", diff)
	}
	if rest, _, _ := read(points[0]); len(rest) != 1 || rest[0] != 6 {
		t.Errorf("after the first batch: %v", rest)
	}
}

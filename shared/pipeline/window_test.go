package pipeline_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

func TestRowsByWindow(t *testing.T) {
	day := func(d int) arrow.Date32 { return arrow.Date32(d) }
	for _, test := range []struct {
		name   string
		of     arrow.DataType
		kind   schema.Type
		bounds []string
		values []any
		want   []int64
	}{
		{"bounds belong to what begins with them", int64s, schema.Int64, []string{"-5", "0", "10"}, []any{int64(-6), int64(-5), int64(-1), int64(0), nil, int64(9), int64(10), int64(99), int64(-6)}, []int64{2, 2, 2, 2, 1}},
		{"no bounds", int64s, schema.Int64, nil, []any{int64(1), nil, nil}, []int64{1, 2}},
		{"dates", date, schema.Date, []string{"1969-12-31", "1970-01-02"}, []any{day(-2), day(-1), day(0), day(1), day(2)}, []int64{1, 2, 2, 0}},
		{"timestamps", timestamp, schema.Timestamp, []string{"1969-12-31T23:59:59.5Z", "1970-01-01T01:00:00+01:00"}, []any{arrow.Timestamp(-500_001), arrow.Timestamp(-500_000), arrow.Timestamp(-1), arrow.Timestamp(0)}, []int64{1, 2, 1, 0}},
		{"bounds between two microseconds", timestamp, schema.Timestamp, []string{"1970-01-01T00:00:00.0000015Z"}, []any{arrow.Timestamp(1), arrow.Timestamp(2)}, []int64{1, 1, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			alloc := checked(t)
			ids := make([]any, len(test.values))
			ids[0] = "only one row lands"
			sc, batch := people(t, alloc, test.of, ids, test.values)
			column := schema.Column{Name: "v", Type: test.kind}
			table := schema.Table{Columns: []schema.Column{{Name: "id", Type: schema.String}, column}}
			left := source.Filter{{Column: "id", Op: source.Equal, Values: []string{"nobody"}}}
			m := mapper(t, named, sc, pipeline.WithAllocator(alloc), pipeline.WithWindows(column, test.bounds), pipeline.WithFilter(left, table))
			for round := range int64(2) {
				result, err := m.Map(batch)
				if err != nil {
					t.Fatal(err)
				}
				result.Release()
				want := make([]int64, len(test.want))
				for i := range want {
					want[i] = test.want[i] * (round + 1)
				}
				if diff := cmp.Diff(want, m.Windows()); diff != "" {
					t.Errorf("after %d batches (-want +got):\n%s", round+1, diff)
				}
			}
			m.ResetTotals()
			if diff := cmp.Diff(make([]int64, len(test.want)), m.Windows()); diff != "" {
				t.Errorf("after a reset (-want +got):\n%s", diff)
			}
		})
	}
}

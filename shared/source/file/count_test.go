package file_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// TestFootersCountRows of whole files: of all that a plan has, or of those that are left of its partitions.
func TestFootersCountRows(t *testing.T) {
	column := schema.Column{Name: "n", Type: schema.Int64}
	for _, tt := range []struct {
		name   string
		ext    string
		filter source.Filter
		column *schema.Column
		want   int64 // -1: not counted
	}{
		{"all", "parquet", nil, nil, 120},
		{"by windows, which a footer has not", "parquet", nil, &column, 120},
		{"a partition", "parquet", source.Filter{{Column: "day", Op: source.Greater, Values: []string{"2024-05-01"}}}, nil, 60},
		{"no partition", "parquet", source.Filter{{Column: "day", Op: source.Greater, Values: []string{"2024-06-01"}}}, nil, 0},
		{"some rows of a file", "parquet", source.Filter{{Column: "n", Op: source.Less, Values: []string{"45"}}}, nil, -1},
		{"text", "csv", nil, nil, -1},
		{"text", "ndjson", nil, nil, -1},
	} {
		f := file.New(events(t, tt.ext), "")
		req := source.PlanRequest{Table: schema.Table{Name: "events"}, Filter: tt.filter, TargetBytes: 100}
		plan, err := f.Plan(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: plan, Column: tt.column})
		if tt.want < 0 {
			if fault.CodeOf(err) != fault.SourceUnsupported {
				t.Errorf("%s, %s: %+v, %v", tt.name, tt.ext, got, err)
			}
			continue
		}
		if diff := cmp.Diff(source.Tally{Rows: tt.want}, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
}

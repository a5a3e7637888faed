package datafile_test

import (
	"context"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headwaterhq/headwater/shared/lake/datafile"
)

// written is what iceberg-go says of the file that it makes of the batches.
func written(t *testing.T, in *arrow.Schema, batches ...arrow.RecordBatch) iceberg.DataFile {
	t.Helper()
	columns, err := table.ArrowSchemaToIceberg(in, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	location := "file://" + t.TempDir()
	metadata, err := table.NewMetadata(columns, iceberg.UnpartitionedSpec, table.UnsortedSortOrder, location, iceberg.Properties{table.PropertyFormatVersion: "2"})
	if err != nil {
		t.Fatal(err)
	}
	fs := func(context.Context) (icebergio.IO, error) { return icebergio.LocalFS{}, nil }
	tbl := table.New(table.Identifier{"a", "b"}, metadata, location+"/metadata.json", fs, nil)
	rows := func(yield func(arrow.RecordBatch, error) bool) {
		for _, batch := range batches {
			batch.Retain()
			if !yield(batch, nil) {
				return
			}
		}
	}
	var files []iceberg.DataFile
	for file, err := range table.WriteRecords(t.Context(), tbl, in, rows) {
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	return files[0]
}

// What a manifest says of a file must be what iceberg-go says of the same rows.
// It does not count NaN, and our files are smaller.
func TestStatsAreThoseOfIceberg(t *testing.T) {
	in := everyType()
	rows := extremes()
	for name, rows := range map[string][][]any{
		"all":      rows,
		"one":      rows[:1],
		"nulls":    rows[1:2],
		"extremes": rows[2:4],
		"least":    rows[3:4],
		"small":    rows[4:],
		"raised":   {rows[2], {"ab\U0010ffff", "123456789012345\ud7ffx", int64(5), 1.5, rows[5][4], true, int32(4), int64(3), int64(2), "123456789012345\xffx"}},
	} {
		t.Run(name, func(t *testing.T) {
			all := batch(in, rows...)
			defer all.Release()
			_, got := encode(t, in, datafile.Options{}, all)
			want := written(t, in, all)
			for what, pair := range map[string][2]any{
				"value counts": {want.ValueCounts(), got.ValueCounts},
				"null counts":  {want.NullValueCounts(), got.NullCounts},
				"lower bounds": {want.LowerBoundValues(), got.Lower},
				"upper bounds": {want.UpperBoundValues(), got.Upper},
				"rows":         {want.Count(), got.Rows},
			} {
				if diff := cmp.Diff(pair[0], pair[1], cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s (-iceberg-go +ours):\n%s", what, diff)
				}
			}
			if sizes := sum(got.ColumnSizes); sizes <= 0 || sizes >= got.Bytes {
				t.Errorf("columns take %d bytes of %d", sizes, got.Bytes)
			}
		})
	}
}

func sum(sizes map[int]int64) (all int64) {
	for _, size := range sizes {
		all += size
	}
	return all
}

func TestRowGroupsEndWhereTheyShould(t *testing.T) {
	in := everyType()
	all := batch(in, slices.Repeat(extremes(), 50)...)
	defer all.Release()
	for name, o := range map[string]datafile.Options{
		"by rows": {RowGroupRows: 100}, "by bytes": {RowGroupBytes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			file, stats := encode(t, in, o, all, all, all)
			agree(t, file, in, all, all, all)
			if len(stats.SplitOffsets) < 3 || stats.SplitOffsets[0] != 4 || !slices.IsSorted(stats.SplitOffsets) {
				t.Errorf("row groups at %d", stats.SplitOffsets)
			}
		})
	}
}

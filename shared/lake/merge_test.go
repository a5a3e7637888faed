package lake_test

import (
	stdcmp "cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

// change is a row of a source that changes: at is the cursor, 0 for none.
type change struct {
	Identifier string
	At         int64
	Visits     int64
	Gone       bool
}

var (
	changeColumns = []schema.Column{
		{Name: "identifier", Type: schema.String, Nullable: true},
		{Name: "at", Type: schema.Timestamp, Nullable: true},
		{Name: "visits", Type: schema.Int64, Nullable: true},
		{Name: "gone", Type: schema.Bool, Nullable: true},
	}
	changeArrow = arrow.NewSchema([]arrow.Field{
		{Name: "identifier", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, Nullable: true},
		{Name: "visits", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "gone", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	}, nil)

	byIdentifier = lake.Merge{Key: []string{"identifier"}, Order: []string{"at"}}
	withDeletes  = lake.Merge{Key: []string{"identifier"}, Order: []string{"at"}, Deleted: "gone"}
	byAll        = lake.Merge{Key: []string{"identifier"}, Order: []string{"at", "visits"}}
	withAll      = lake.Merge{Key: []string{"identifier"}, Order: []string{"at", "gone", "visits"}, Deleted: "gone"} // a row that is gone comes after one that is not
	ofThePast    = lake.Merge{Key: []string{"identifier"}, Order: []string{"at", "visits"}, Deleted: "gone", KeepNewer: true}
	left         = lake.Merge{Key: []string{"identifier"}, Order: []string{"at", "visits"}, Deleted: "gone", KeepNewer: true, KeepEqual: true}

	inBuckets = lake.Spread{Buckets: []lake.Bucket{{Column: "identifier", N: 4}}}
	byDay     = lake.Spread{Buckets: []lake.Bucket{{Column: "identifier", N: 2}}, Day: "at"} // a key may be in several partitions
)

func changes(rows []change) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, changeArrow)
	defer b.Release()
	for _, row := range rows {
		b.Field(0).(*array.StringBuilder).Append(row.Identifier)
		if row.At == 0 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.TimestampBuilder).Append(arrow.Timestamp(row.At))
		}
		b.Field(2).(*array.Int64Builder).Append(row.Visits)
		if row.Gone || row.Visits%2 == 0 {
			b.Field(3).(*array.BooleanBuilder).Append(row.Gone)
		} else {
			b.Field(3).AppendNull()
		}
	}
	return b.NewRecordBatch()
}

// tester is what a test and a case of rapid have in common.
type tester interface {
	Helper()
	Fatal(...any)
	Context() context.Context
}

// landBatch writes the batch as a part of the run, and releases it.
func landBatch(t tester, l *lake.Lake, id lake.TableID, runID string, batch arrow.RecordBatch) lake.Files {
	t.Helper()
	defer batch.Release()
	w, err := l.Writer(t.Context(), id, batch.Schema(), runID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// landChanges makes the table, and a data file of each part, of which those without rows have none.
func landChanges(t tester, l *lake.Lake, id lake.TableID, runID string, each ...[]change) iter.Seq2[[]byte, error] {
	t.Helper()
	return landSpread(t, l, id, lake.Spread{}, runID, each...)
}

func landSpread(t tester, l *lake.Lake, id lake.TableID, s lake.Spread, runID string, each ...[]change) iter.Seq2[[]byte, error] {
	t.Helper()
	if err := l.Ensure(t.Context(), id, changeColumns, s); err != nil {
		t.Fatal(err)
	}
	files := make([]lake.Files, 0, len(each))
	for _, rows := range each {
		files = append(files, landBatch(t, l, id, runID, changes(rows)))
	}
	return parts(files...)
}

// rowsOf is the table as readers see it, by identifier.
func rowsOf(t tester, l *lake.Lake, id lake.TableID) map[string]change {
	t.Helper()
	rows, err := l.Rows(t.Context(), id, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]change, len(rows))
	for _, row := range rows {
		c := changeOf(row)
		if _, twice := seen[c.Identifier]; twice {
			t.Fatal("the table has a key twice: ", c.Identifier)
		}
		seen[c.Identifier] = c
	}
	return seen
}

func changeOf(row lake.Row) change {
	var c change
	for _, cell := range row {
		switch value := cell.Value.(type) {
		case string:
			if cell.Column == "identifier" {
				c.Identifier = value
				continue
			}
			at, _ := time.Parse(time.RFC3339Nano, value)
			c.At = at.UnixMicro()
		case int64:
			c.Visits = value
		case bool:
			c.Gone = value
		}
	}
	return c
}

// apply is what a run means for a table: of each key the last row by cursor,
// then by place, replaces what is there or deletes it.
func apply(model map[string]change, by lake.Merge, each [][]change) {
	last := make(map[string]change)
	for _, part := range each {
		for _, row := range part {
			before, met := last[row.Identifier]
			if !met || !before.after(row, by.Order) {
				last[row.Identifier] = row
			}
		}
	}
	for key, row := range last {
		if there, ok := model[key]; ok && (by.KeepNewer && there.At > row.At || by.KeepEqual && there.At == row.At) {
			continue
		}
		if by.Deleted != "" && row.Gone {
			delete(model, key)
		} else {
			model[key] = row
		}
	}
}

// after reports whether the row is after the other by these columns.
func (c change) after(other change, columns []string) bool {
	for _, name := range columns {
		compared := 0
		switch name {
		case "at":
			compared = stdcmp.Compare(c.At, other.At)
		case "visits":
			compared = stdcmp.Compare(c.Visits, other.Visits)
		case "gone": // as changes writes it: null, false, true
			compared = stdcmp.Compare(c.flag(), other.flag())
		}
		if compared != 0 {
			return compared > 0
		}
	}
	return false
}

func (c change) flag() int {
	switch {
	case c.Gone:
		return 2
	case c.Visits%2 == 0:
		return 1
	}
	return 0
}

func changesGenerator() *rapid.Generator[[][]change] {
	row := rapid.Custom(func(t *rapid.T) change {
		return change{
			Identifier: rapid.SampledFrom([]string{"a", "a\x00", "b", "ü", "", "aa", "long-identifier-beyond-sixteen-1", "long-identifier-beyond-sixteen-2"}).Draw(t, "identifier"),
			At:         rapid.SampledFrom([]int64{0, 1, 2, 3, 4, 86_400_000_000, 86_400_000_001}).Draw(t, "at"),
			Visits:     rapid.Int64Range(0, 10).Draw(t, "visits"),
			Gone:       rapid.IntRange(0, 3).Draw(t, "gone") == 0,
		}
	})
	return rapid.SliceOfN(rapid.SliceOfN(row, 0, 8), 0, 3)
}

// Whatever runs come one after the other, with upkeep between, the table is what
// a map would be; and no run that is committed again changes it.
func TestMergeEqualsAModel(t *testing.T) {
	p := newPlace(t)
	p.config.MergeRows = 4 // runs of more rows go through temporary files
	l := p.open(t)
	tables := 0
	rapid.Check(t, func(t *rapid.T) {
		tables++
		id := lake.TableID{Workspace: "acme-1", Name: fmt.Sprintf("changes_%d", tables)}
		kind := rapid.SampledFrom([]lake.Merge{byIdentifier, withDeletes, byAll, withAll}).Draw(t, "by")
		spread := rapid.SampledFrom([]lake.Spread{{}, inBuckets, byDay}).Draw(t, "spread")
		model := make(map[string]change)
		runs := rapid.SliceOfN(changesGenerator(), 1, 4).Draw(t, "runs")
		committed := make([]func() (string, error), 0, len(runs))
		for i, run := range runs {
			runID := fmt.Sprintf("run_%d", i)
			by := rapid.SampledFrom([]lake.Merge{kind, kind, ofThePast, left}).Draw(t, "by")
			landed := landSpread(t, l, id, spread, runID, run...)
			commit := func() (string, error) { return l.Merge(t.Context(), id, runID, by, landed) }
			snapshot, err := commit()
			if err != nil {
				t.Fatal(err)
			}
			committed = append(committed, commit)
			apply(model, by, run)
			again := committed[rapid.IntRange(0, i).Draw(t, "again")]
			if _, err := again(); err != nil {
				t.Fatal(err)
			}
			if once, err := commit(); err != nil || once != snapshot {
				t.Fatalf("committed again as %q, %v; want %q", once, err, snapshot)
			}
			if diff := cmp.Diff(model, rowsOf(t, l, id)); diff != "" {
				t.Fatalf("after run %d (-want +got):\n%s", i, diff)
			}
			if rapid.Bool().Draw(t, "maintain") {
				maintained := rapid.SampledFrom([]lake.Upkeep{gentle, thorough}).Draw(t, "upkeep")
				if _, err := l.Maintain(t.Context(), id, maintained); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(model, rowsOf(t, l, id)); diff != "" {
					t.Fatalf("after upkeep of run %d (-want +got):\n%s", i, diff)
				}
			}
		}
	})
}

func TestMergeRefuses(t *testing.T) {
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	good := landChanges(t, l, id, "run_1", []change{{Identifier: "a", At: 1}})
	b := array.NewRecordBuilder(memory.DefaultAllocator, changeArrow)
	defer b.Release()
	for _, field := range b.Fields() {
		field.AppendNull()
	}
	keyless := landBatch(t, l, id, "run_1", b.NewRecordBatch())
	twice := landBatch(t, l, id, "run_1", changes([]change{{Identifier: "a"}}))
	broken := errors.New("the part cannot be read")
	tests := []struct {
		name  string
		by    lake.Merge
		parts iter.Seq2[[]byte, error]
		code  fault.Code
		field string
		want  error
	}{
		{"no key", lake.Merge{Order: []string{"at"}}, good, "", "", nil},
		{"a key that is null", byIdentifier, parts(keyless), fault.LakeIncompatible, "identifier", nil},
		{"a key that the table lacks", lake.Merge{Key: []string{"nobody"}}, good, fault.LakeIncompatible, "nobody", nil},
		{"an order that the table lacks", lake.Merge{Key: []string{"identifier"}, Order: []string{"when"}}, good, fault.LakeIncompatible, "when", nil},
		{"a flag that is no flag", lake.Merge{Key: []string{"identifier"}, Deleted: "visits"}, good, fault.LakeIncompatible, "visits", nil},
		{"a part that comes twice", byIdentifier, parts(twice, twice), "", "", nil},
		{"a part that cannot be read", byIdentifier, func(yield func([]byte, error) bool) { yield(nil, broken) }, "", "", broken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := l.Merge(t.Context(), id, "run_1", test.by, test.parts)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Fatalf("got %v", err)
			}
			if coded, ok := fault.As(err); test.code != "" && (!ok || coded.Code != test.code || coded.Field != test.field) {
				t.Errorf("got %v, want %s of %q", err, test.code, test.field)
			}
			if _, found, err := l.Committed(t.Context(), id, "run_1"); found || err != nil {
				t.Errorf("committed: %v, %v", found, err)
			}
		})
	}
	if _, err := l.Merge(t.Context(), id, "run_1", byIdentifier, good); err != nil {
		t.Errorf("the same run cannot commit afterwards: %v", err)
	}
}

// A merge must not read what the table has: its work is linear in the change.
func TestMergeReadsTheChangeOnly(t *testing.T) {
	p := newPlace(t)
	l := p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	for run := range 4 {
		runID := fmt.Sprintf("run_%d", run)
		landed := landChanges(t, l, id, runID, []change{{Identifier: "a", At: 1}, {Identifier: "b", At: int64(run)}})
		p.traffic.hooks(func(request string) {
			if strings.HasPrefix(request, "GET ") && strings.HasSuffix(request, ".parquet") && !strings.Contains(request, "/"+runID+"/") {
				t.Errorf("%s reads %s", runID, request)
			}
		}, nil)
		_, err := l.Merge(t.Context(), id, runID, byIdentifier, landed)
		p.traffic.hooks(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
}

package lake_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

var ofNew = lake.Merge{Key: []string{"identifier"}, All: true, Fresh: "at"}

// deleted is what the table's last snapshot names to be deleted: rows, in files. Texts, as the summary has them.
func deleted(t *testing.T, p place, id lake.TableID) (rows, files string) {
	t.Helper()
	properties := tableOf(t, p, id).CurrentSnapshot().Summary.Properties
	return properties["added-equality-deletes"], properties["added-delete-files"]
}

func counted(t tester, l *lake.Lake, id lake.TableID) map[change]int {
	t.Helper()
	rows, err := l.Rows(t.Context(), id, 1000)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[change]int)
	for _, row := range rows {
		seen[changeOf(row)]++
	}
	return seen
}

// Only rows that may be in the table are named: none of a plain append, the overlap of one that reads some again.
func TestRowsThatAreNewAreNotDeleted(t *testing.T) {
	row := func(n int64) change { return change{Identifier: fmt.Sprint("row ", n), At: n, Visits: 2} }
	none := change{Identifier: "no time", Visits: 2}
	const future = 1 << 50
	for _, test := range []struct {
		name   string
		spread lake.Spread
		runs   [][]change
		rows   []string // deletes of each run
		files  []string
		want   map[change]int
	}{
		{
			"new rows",
			lake.Spread{},
			[][]change{{row(1), row(2)}, {row(3), row(4)}, {row(5)}},
			[]string{"", "", ""},
			[]string{"", "", ""},
			map[change]int{row(1): 1, row(2): 1, row(3): 1, row(4): 1, row(5): 1},
		},
		{
			"an overlap",
			lake.Spread{},
			[][]change{{row(1), row(2), row(2)}, {row(2), row(2), row(2), row(3)}},
			[]string{"", "3"},
			[]string{"", "1"},
			map[change]int{row(1): 1, row(2): 3, row(3): 1},
		},
		{
			"a row that comes late",
			lake.Spread{},
			[][]change{{row(1), row(5)}, {row(3), row(6)}, {row(3), row(6), row(7)}},
			[]string{"", "1", "2"},
			[]string{"", "1", "1"},
			map[change]int{row(1): 1, row(3): 1, row(5): 1, row(6): 1, row(7): 1},
		},
		{
			"a row of the future",
			lake.Spread{},
			[][]change{{row(1), row(future)}, {row(2), row(future)}, {row(3)}},
			[]string{"", "2", "1"},
			[]string{"", "1", "1"},
			map[change]int{row(1): 1, row(2): 1, row(3): 1, row(future): 1},
		},
		{
			"rows without a value",
			lake.Spread{},
			[][]change{{none}, {none, row(1)}, {none, none, row(2)}},
			[]string{"", "1", "2"},
			[]string{"", "1", "1"},
			map[change]int{none: 2, row(1): 1, row(2): 1},
		},
		{
			"in buckets, a row of the future is in the way of its own",
			inBuckets, // where row 4 is not
			[][]change{{row(1), row(future)}, {row(4)}, {row(future)}},
			[]string{"", "", "1"},
			[]string{"", "", "1"},
			map[change]int{row(1): 1, row(4): 1, row(future): 1},
		},
		{
			"where a key may be in any partition",
			byDay,
			[][]change{{row(1)}, {row(future)}, {row(2), row(future)}, {row(2 * future)}},
			[]string{"", "", "2", ""},
			[]string{"", "", "1", ""},
			map[change]int{row(1): 1, row(2): 1, row(future): 1, row(2 * future): 1},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPlace(t)
			l := p.open(t)
			id := lake.TableID{Workspace: "acme-1", Name: "changes"}
			for n, rows := range test.runs {
				runID := fmt.Sprintf("run_%d", n)
				if _, err := l.Merge(t.Context(), id, runID, ofNew, landSpread(t, l, id, test.spread, runID, rows)); err != nil {
					t.Fatal(err)
				}
				rows, files := deleted(t, p, id)
				if rows != test.rows[n] || files != test.files[n] {
					t.Errorf("%s names %q rows in %q files, want %q in %q", runID, rows, files, test.rows[n], test.files[n])
				}
			}
			if diff := cmp.Diff(test.want, counted(t, l, id)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A run of new rows is committed without a look at its files.
func TestNewRowsAreNotRead(t *testing.T) {
	p := newPlace(t)
	l := p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	for n := range 3 {
		runID := fmt.Sprintf("run_%d", n)
		landed := landChanges(t, l, id, runID, []change{{Identifier: fmt.Sprint(n), At: int64(n + 1)}})
		p.traffic.hooks(func(request string) {
			if strings.HasPrefix(request, "GET ") && strings.HasSuffix(request, ".parquet") {
				t.Errorf("%s reads %s", runID, request)
			}
		}, nil)
		_, err := l.Merge(t.Context(), id, runID, ofNew, landed)
		p.traffic.hooks(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What another run adds between a look at the table and the commit is taken into account.
func TestRowsThatAreNoLongerNewAtTheCommit(t *testing.T) {
	p := newPlace(t)
	l, overtaker := p.open(t), p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	a, b, c := change{Identifier: "a", At: 1}, change{Identifier: "b", At: 2}, change{Identifier: "c", At: 3}
	if _, err := l.Merge(t.Context(), id, "run_0", ofNew, landChanges(t, l, id, "run_0", []change{a})); err != nil {
		t.Fatal(err)
	}
	landed, other := landChanges(t, l, id, "run_1", []change{b, c}), landChanges(t, l, id, "run_2", []change{b})
	var first sync.Once
	p.traffic.hooks(func(request string) {
		if !strings.HasPrefix(request, "PUT") || !strings.HasSuffix(request, ".metadata.json") {
			return
		}
		first.Do(func() {
			p.traffic.hooks(nil, nil)
			if _, err := overtaker.Merge(t.Context(), id, "run_2", ofNew, other); err != nil {
				t.Error(err)
			}
		})
	}, nil)
	if _, err := l.Merge(t.Context(), id, "run_1", ofNew, landed); err != nil {
		t.Fatal(err)
	}
	if rows, _ := deleted(t, p, id); rows != "1" {
		t.Errorf("%q rows are named", rows)
	}
	if diff := cmp.Diff(map[change]int{a: 1, b: 1, c: 1}, counted(t, l, id)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatTellsNewRowsIsRefused(t *testing.T) {
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	landed := landChanges(t, l, id, "run_1", []change{{Identifier: "a", At: 1}})
	for _, test := range []struct {
		name string
		by   lake.Merge
		code fault.Code
	}{
		{"of a merge by key", lake.Merge{Key: []string{"identifier"}, Order: []string{"at"}, Fresh: "at"}, ""},
		{"a column that the table lacks", lake.Merge{Key: []string{"identifier"}, All: true, Fresh: "when"}, fault.LakeIncompatible},
		{"a flag", lake.Merge{Key: []string{"identifier"}, All: true, Fresh: "gone"}, fault.LakeIncompatible},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := l.Merge(t.Context(), id, "run_1", test.by, landed)
			if err == nil {
				t.Fatal("not refused")
			}
			if coded, ok := fault.As(err); test.code != "" && (!ok || coded.Code != test.code || coded.Field != test.by.Fresh) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Whatever runs come one after the other, a merge that knows which rows are new leaves what one does that names all.
func TestMergeOfNewRowsEqualsAModel(t *testing.T) {
	p := newPlace(t)
	l := p.open(t)
	tables := 0
	whens := map[string]int64{ // each key has one time and one number
		"a": 1, "b": 2, "c": 2, "ü": 3, "": 0, "none": 0, "long-identifier-beyond-1": 4, "long-identifier-beyond-2": 5, "z": 86_400_000_001, "\U0010ffff": 7,
	}
	row := rapid.Custom(func(t *rapid.T) change {
		c := change{Identifier: rapid.SampledFrom([]string{
			"a", "b", "c", "ü", "", "none", "long-identifier-beyond-1", "long-identifier-beyond-2", "z", "\U0010ffff",
		}).Draw(t, "identifier"), Gone: rapid.Bool().Draw(t, "gone")}
		c.At, c.Visits = whens[c.Identifier], 2*whens[c.Identifier]
		return c
	})
	runs := rapid.SliceOfN(rapid.SliceOfN(rapid.SliceOfN(row, 0, 5), 0, 3), 1, 5)
	rapid.Check(t, func(t *rapid.T) {
		tables++
		id := lake.TableID{Workspace: "acme-1", Name: fmt.Sprintf("changes_%d", tables)}
		spread := rapid.SampledFrom([]lake.Spread{{}, inBuckets, byDay}).Draw(t, "spread")
		by := lake.Merge{Key: []string{"identifier"}, All: true, Fresh: rapid.SampledFrom([]string{"at", "visits", "identifier"}).Draw(t, "fresh")}
		model := make(map[string][]change)
		for n, run := range runs.Draw(t, "runs") {
			runID := fmt.Sprintf("run_%d", n)
			landed := landSpread(t, l, id, spread, runID, run...)
			appended := rapid.IntRange(0, 4).Draw(t, "append") == 0
			var err error
			if appended {
				_, err = l.Commit(t.Context(), id, runID, ingest.Append, landed)
			} else {
				_, err = l.Merge(t.Context(), id, runID, by, landed)
			}
			if err != nil {
				t.Fatal(err)
			}
			applyAll(model, run, appended)
			if rapid.IntRange(0, 3).Draw(t, "maintain") == 0 {
				if _, err := l.Maintain(t.Context(), id, thorough); err != nil {
					t.Fatal(err)
				}
			}
			want := make(map[change]int)
			for _, rows := range model {
				for _, row := range rows {
					want[row]++
				}
			}
			if diff := cmp.Diff(want, counted(t, l, id)); diff != "" {
				t.Fatalf("after %s (-want +got):\n%s", runID, diff)
			}
		}
	})
}

// applyAll is what a merge of all rows of a key means for a table, and an append.
func applyAll(model map[string][]change, run [][]change, appended bool) {
	for _, part := range run {
		for _, row := range part {
			if !appended {
				delete(model, row.Identifier)
			}
		}
	}
	for _, part := range run {
		for _, row := range part {
			model[row.Identifier] = append(model[row.Identifier], row)
		}
	}
}

package ingest_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

func TestAdmit(t *testing.T) {
	for _, test := range []struct {
		guards         ingest.Guards
		read, rejected int64
		refused        bool
	}{
		{ingest.Guards{}, 0, 0, false},
		{ingest.Guards{}, 200, 100, false},
		{ingest.Guards{}, 200, 101, true},
		{ingest.Guards{}, 99, 99, false}, // a bad row of a quiet source must not keep its import from going on
		{ingest.Guards{MaximumRejectedShare: new(0.5)}, 11, 6, true},
		{ingest.Guards{MaximumRejectedShare: new(0.0)}, 1000, 0, false},
		{ingest.Guards{MaximumRejectedShare: new(0.0)}, 1000, 1, true},
		{ingest.Guards{MaximumRejectedShare: new(1.0)}, 10, 10, false},
		{ingest.Guards{MaximumRejectedRows: new(int64(3))}, 1000, 3, false},
		{ingest.Guards{MaximumRejectedRows: new(int64(3))}, 1000, 4, true},
		{ingest.Guards{MaximumRejectedRows: new(int64(0))}, 1000, 1, true},
	} {
		err := ingest.Import{Guards: test.guards}.Admit(ingest.Counts{RowsRead: test.read, RowsQuarantined: test.rejected})
		if test.refused {
			fails(t, err, fault.RunRejects)
		} else {
			ok(t, err)
		}
	}
}

// past are runs that succeeded, newest first.
func past(rows ...int64) []ingest.Run {
	var runs []ingest.Run
	for n, read := range rows {
		runs = append(runs, ingest.Run{
			ID: fmt.Sprint("past", n), Trigger: ingest.Scheduled, Status: ingest.Succeeded, Counts: ingest.Counts{RowsRead: read},
		})
	}
	return runs
}

func TestJudge(t *testing.T) {
	const deleted = "is_deleted"
	reads := func(rows int64) ingest.Run { return ingest.Run{ID: "now", Counts: ingest.Counts{RowsRead: rows}} }
	with := func(r ingest.Run, change func(*ingest.Run)) ingest.Run {
		change(&r)
		return r
	}
	changed := func(runs []ingest.Run, change func(*ingest.Run)) []ingest.Run {
		for n := range runs {
			change(&runs[n])
		}
		return runs
	}
	steady := past(1000, 1010, 990, 1000, 1005)
	for name, test := range map[string]struct {
		i       ingest.Import
		r       ingest.Run
		history []ingest.Run
		hubs    float64
		want    []string
	}{
		"as always":                     {r: reads(1000), history: steady},
		"a few more":                    {r: reads(1200), history: steady},
		"many more":                     {r: reads(5000), history: steady, want: []string{"volume: hold"}},
		"nothing":                       {r: reads(0), history: steady, want: []string{"volume: hold"}},
		"nothing, to be ignored":        {i: ingest.Import{Guards: ingest.Guards{Volume: ingest.Guard{Action: ingest.Ignore}}}, r: reads(0), history: steady, want: []string{"volume: ignore"}},
		"nothing, within its own limit": {i: ingest.Import{Guards: ingest.Guards{Volume: ingest.Guard{Limit: new(50.0)}}}, r: reads(0), history: steady},
		"nothing, as sometimes":         {r: reads(0), history: past(0, 2000, 10, 3000, 0, 900, 20)},
		"a source that never varied":    {r: reads(1100), history: past(1000, 1000, 1000, 1000, 1000)},
		"few rows, as ever":             {r: reads(40), history: past(0, 0, 0, 0, 0, 0)},
		"too few runs to tell":          {r: reads(0), history: steady[:4]},
		"runs that failed":              {r: reads(0), history: changed(past(1000, 1000, 1000, 1000, 1000), func(r *ingest.Run) { r.Status = ingest.Failed })},
		"backfills":                     {r: reads(0), history: changed(past(1000, 1000, 1000, 1000, 1000), func(r *ingest.Run) { r.Trigger = ingest.Backfill })},
		"runs that read everything":     {r: with(reads(0), func(r *ingest.Run) { r.From = "7" }), history: steady},
		"only what has changed, as before": {
			r: with(reads(0), func(r *ingest.Run) { r.From = "7" }), want: []string{"volume: hold"},
			history: changed(past(1000, 1000, 1000, 1000, 1000), func(r *ingest.Run) { r.From = "6" }),
		},
		"a backfill of little": {r: with(reads(0), func(r *ingest.Run) { r.Trigger = ingest.Backfill }), history: steady},

		"deletions": {
			i: ingest.Import{Deleted: deleted}, history: past(1000), want: []string{"deletes: hold"},
			r: ingest.Run{Counts: ingest.Counts{RowsRead: 1000, RowsWritten: 1000, RowsFlagged: 301}},
		},
		"fewer deletions": {
			i: ingest.Import{Deleted: deleted}, history: past(1000),
			r: ingest.Run{Counts: ingest.Counts{RowsRead: 1000, RowsWritten: 1000, RowsFlagged: 300}},
		},
		"deletions of a first run": {
			i: ingest.Import{Deleted: deleted}, r: ingest.Run{Counts: ingest.Counts{RowsRead: 1000, RowsWritten: 1000, RowsFlagged: 301}},
		},
		"flags that delete nothing": {
			history: past(1000), r: ingest.Run{Counts: ingest.Counts{RowsRead: 1000, RowsWritten: 1000, RowsFlagged: 301}},
		},
		"deletions of a small change": {
			i: ingest.Import{Deleted: deleted}, r: ingest.Run{From: "7", Counts: ingest.Counts{RowsRead: 2, RowsWritten: 2, RowsFlagged: 2}},
		},
		"deletions of a small change, beyond its own limit": {
			i: ingest.Import{Deleted: deleted, Guards: ingest.Guards{Deletes: ingest.Guard{Limit: new(0.5), Action: ingest.Fail}}},
			r: ingest.Run{From: "7", Counts: ingest.Counts{RowsRead: 2, RowsWritten: 2, RowsFlagged: 2}}, want: []string{"deletes: fail"},
		},
		"no identifiers":    {r: ingest.Run{Counts: ingest.Counts{RowsRead: 1000, RowsNameless: 201}}, want: []string{"missing_identifiers: hold"}},
		"fewer identifiers": {r: ingest.Run{Counts: ingest.Counts{RowsRead: 1000, RowsNameless: 200}}},
		"hubs":              {r: reads(1000), hubs: 0.06, want: []string{"hubs: hold"}},
		"a few hubs":        {r: reads(1000), hubs: 0.05},
		"hubs of few links": {r: reads(99), hubs: 0.5},
		"hubs of few links, beyond a limit of one's own": {
			r: reads(99), hubs: 0.5, i: ingest.Import{Guards: ingest.Guards{Hubs: ingest.Guard{Limit: new(0.1)}}}, want: []string{"hubs: hold"},
		},
		"all of it": {
			i: ingest.Import{Deleted: deleted}, history: steady, hubs: 1,
			r:    ingest.Run{Counts: ingest.Counts{RowsRead: 9000, RowsWritten: 5000, RowsFlagged: 5000, RowsNameless: 4000}},
			want: []string{"volume: hold", "deletes: hold", "missing_identifiers: hold", "hubs: hold"},
		},
		"a replay of all of it": {
			i: ingest.Import{Deleted: deleted}, history: steady, hubs: 1,
			r: ingest.Run{Trigger: ingest.Replay, Counts: ingest.Counts{RowsRead: 9000, RowsWritten: 5000, RowsFlagged: 5000, RowsNameless: 4000}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range test.i.Judge(test.r, test.history, test.hubs) {
				got = append(got, f.Guard+": "+string(f.Action))
				if f.Observed <= f.Limit || f.Message == "" {
					t.Errorf("%s is beyond %v with %v, and says %q", f.Guard, f.Limit, f.Observed, f.Message)
				}
			}
			same(t, "findings", test.want, got)
		})
	}
}

// The volume of a run is judged the same whatever order its predecessors came in, and the further off the worse.
func TestVolumeIsDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Int64Range(0, 1_000_000), 5, 30).Draw(t, "rows")
		near := rapid.Int64Range(1_000_000, 2_000_000).Draw(t, "near") // above all of them
		far := near + rapid.Int64Range(1, 1_000_000).Draw(t, "further")
		i := ingest.Import{Guards: ingest.Guards{Volume: ingest.Guard{Limit: new(-1.0)}}}
		distance := func(read int64, history []ingest.Run) float64 {
			findings := i.Judge(ingest.Run{Counts: ingest.Counts{RowsRead: read}}, history, 0)
			if len(findings) != 1 || math.IsNaN(findings[0].Observed) || math.IsInf(findings[0].Observed, 0) {
				t.Fatalf("findings %+v, want one with a distance", findings)
			}
			return findings[0].Observed
		}
		shuffled := rapid.Permutation(rows).Draw(t, "shuffled")
		if a, b := distance(near, past(rows...)), distance(near, past(shuffled...)); a != b {
			t.Fatalf("distance %v, and %v in another order", a, b)
		}
		if distance(near, past(rows...)) >= distance(far, past(rows...)) {
			t.Fatalf("%d is at least as far off as %d", near, far)
		}
	})
}

package transfer_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// TestRowsThatComeAfterTheMomentWithAnOlderCursor: the platform reads as of a moment, in UTC, and
// what it has by the next run has cursors from before it.
func TestRowsThatComeAfterTheMomentWithAnOlderCursor(t *testing.T) {
	k := kinds()
	for name, test := range map[string]struct {
		kind  kind
		first int // the cursor of what the first run reads, a day and a half after day1
		later int // of what comes after it
		mark  string
	}{
		"timestamps in local time, eight hours west of UTC": {k[0], 36 - 8 - 1, 36 - 8, "2026-01-02T03:00:00Z"},
		"timestamps in local time, nine hours east of UTC":  {k[0], 36 + 9, 36 + 10, "2026-01-02T12:00:00Z"},
		"a batch that is loaded half a day late":            {k[0], 20, 25, "2026-01-01T20:00:00Z"},
		"dates west of UTC, where it is still yesterday":    {k[1], 0, 0, "2026-01-01"},
		"dates of a batch that is loaded the day after":     {k[1], -24, 0, "2025-12-31"},
	} {
		for _, mode := range []ingest.Mode{ingest.Append, ingest.Merge} {
			t.Run(name+", "+string(mode), func(t *testing.T) {
				w := emptyWorld()
				w.momentary = true
				rows := []record{{ID: "u1", Name: "a", Changed: test.first}}
				w.feed(t, test.kind, rows)
				w.open(t, mode, ofFeed, byCursor)
				w.wait(24 * time.Hour)
				w.run1(t, "the first run", w.begin(t))
				if mark := w.watermark(t); mark != test.mark {
					t.Errorf("the watermark is %q, want %q", mark, test.mark)
				}
				rows = append(rows, record{ID: "u2", Name: "b", Changed: test.later})
				w.feed(t, test.kind, rows)
				w.wait(time.Hour)
				w.run1(t, "the next run", w.begin(t))
				m := &model{kind: test.kind, mode: mode, cursor: &ingest.Cursor{}}
				m.land(rows, false)
				if diff := cmp.Diff(m.want(), w.landed(t)); diff != "" {
					t.Errorf("the lake (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// A run that reads nothing knows nothing of what will come, however late it looked.
func TestARunThatReadsNothingLeavesTheWatermark(t *testing.T) {
	k := kinds()[0]
	w := emptyWorld()
	w.momentary = true
	w.feed(t, k, nil)
	w.open(t, ingest.Append, ofFeed, byCursor)
	w.run1(t, "a run of an empty table", w.begin(t))
	if mark := w.watermark(t); mark != "" {
		t.Errorf("the watermark is %q", mark)
	}
	w.feed(t, k, []record{{ID: "u1", Changed: 3}})
	w.run1(t, "a run with a row", w.begin(t))
	w.feed(t, k, nil)
	w.wait(24 * time.Hour)
	w.run1(t, "a run that finds nothing new", w.begin(t))
	if mark, want := w.watermark(t), k.literal(3); mark != want {
		t.Errorf("the watermark is %q, want %q", mark, want)
	}
}

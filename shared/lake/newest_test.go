package lake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/lake"
)

// Of somebody with activities of many days, landed in whatever order, the newest come back, and files of days
// before them are not read.
func TestNewestReadsTheNewestDaysOnly(t *testing.T) {
	const days, each, limit = 40, 20, 30
	p := newPlace(t)
	l := p.open(t)
	for n := range days {
		day := n * 17 % days // not in their order
		var rows []event
		for i := range each {
			at := time.Date(2026, 1, 1+day, 1, i, 0, 0, time.UTC)
			rows = append(rows, event{Identifier: "ada", At: at.UnixMicro(), Note: fmt.Sprint(day*each + i)})
		}
		landEvents(t, l, events, fmt.Sprintf("run_%d", n), append(rows, event{Identifier: "adam", At: rows[0].At + 1}))
	}
	landEvents(t, l, events, "run_timeless", []event{{Identifier: "ada", At: noTime, Note: "-1"}})
	read := make(map[string]bool)
	p.traffic.hooks(func(request string) {
		p.traffic.mu.Lock()
		defer p.traffic.mu.Unlock()
		if strings.HasSuffix(request, ".parquet") {
			read[request] = true
		}
	}, nil)
	want := lake.Newest{Column: "identifier", Value: "ada", By: "event_time", Limit: limit}
	rows, err := l.Newest(t.Context(), events, want)
	p.traffic.hooks(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(notesFrom(days*each-1, limit), notesOf(rows)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(read) == 0 || len(read) > 17 {
		t.Errorf("%d of %d data files read", len(read), days)
	}

	want.Keep, want.Limit = func(r lake.Row) bool { v, _ := r.Value("note"); return v != "799" }, 2
	if rows, err = l.Newest(t.Context(), events, want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(notesFrom(days*each-2, 2), notesOf(rows)); diff != "" {
		t.Errorf("without the newest (-want +got):\n%s", diff)
	}

	want.Keep, want.Limit = nil, 10_000
	if rows, err = l.Newest(t.Context(), events, want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(notesFrom(days*each-1, days*each+1), notesOf(rows)); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
}

// notesFrom are so many numbers, from the greatest down.
func notesFrom(greatest, n int) (notes []string) {
	for i := range n {
		notes = append(notes, fmt.Sprint(greatest-i))
	}
	return notes
}

func notesOf(rows []lake.Row) (notes []string) {
	for _, r := range rows {
		n, _ := r.Value("note")
		notes = append(notes, n.(string))
	}
	return notes
}

func TestNewestOfWhatCannotBe(t *testing.T) {
	l := newPlace(t).open(t)
	landEvents(t, l, events, "run_1", []event{{Identifier: "ada", At: 1}})
	for _, want := range []lake.Newest{
		{Column: "nobody", By: "event_time", Limit: 1},
		{Column: "number", By: "event_time", Limit: 1},
		{Column: "identifier", By: "nobody", Limit: 1},
		{Column: "identifier", By: "note", Limit: 1},
	} {
		if _, err := l.Newest(t.Context(), events, want); fault.CodeOf(err) != fault.LakeIncompatible {
			t.Errorf("%+v: %v", want, err)
		}
	}
	if rows, err := l.Newest(t.Context(), events, lake.Newest{Column: "identifier", Value: "bob", By: "event_time", Limit: 1}); len(rows) != 0 || err != nil {
		t.Errorf("of nobody: %v, %v", rows, err)
	}
	none := lake.TableID{Workspace: "acme-1", Name: "user_activity_imp_02"}
	if _, err := l.Newest(t.Context(), none, lake.Newest{Column: "identifier", By: "event_time", Limit: 1}); fault.CodeOf(err) != fault.LakeTableMissing {
		t.Errorf("of no table: %v", err)
	}
}

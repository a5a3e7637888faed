package lake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// A look-up must read the file that can have the value, and only that.
func TestLookupReadsOnlyFilesThatCanHaveTheValue(t *testing.T) {
	const files = 8
	p := newPlace(t)
	l := p.open(t)
	for _, prefix := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		landed := landPeople(t, l, "run_"+prefix, prefix, 100)
		if _, err := l.Commit(t.Context(), people, "run_"+prefix, ingest.Append, parts(landed)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		value string
		rows  int
		reads bool
	}{
		{"d-000042", 1, true},
		{"d-000042x", 0, true}, // in the file's range, but not in it
		{"z", 0, false},
		{"", 0, false},
	}
	for _, test := range tests {
		read := make(map[string]bool)
		p.traffic.hooks(func(request string) {
			p.traffic.mu.Lock()
			defer p.traffic.mu.Unlock()
			if len(request) > 8 && request[len(request)-8:] == ".parquet" {
				read[request] = true
			}
		}, nil)
		rows, err := l.Lookup(t.Context(), people, "identifier", test.value, 10)
		p.traffic.hooks(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != test.rows {
			t.Errorf("%q: %d rows, want %d", test.value, len(rows), test.rows)
		}
		if len(read) > 1 || (len(read) == 1) != test.reads {
			t.Errorf("%q: %d of %d data files read", test.value, len(read), files)
		}
	}
}

// In a table that is spread, a look-up reads the files of one bucket, and so does a scan.
func TestLookupReadsOneBucket(t *testing.T) {
	const runs, people = 4, 200
	p := newPlace(t)
	l := p.open(t)
	for run := range runs {
		rows := make([]event, people)
		for i := range rows {
			rows[i] = event{Identifier: fmt.Sprintf("person-%d", i), Number: int64(run)}
		}
		landEvents(t, l, events, fmt.Sprintf("run_%d", run), rows)
	}
	files := len(p.keys(t, ".parquet"))
	if files != 16*runs {
		t.Fatalf("%d files, want one of each bucket and run", files)
	}
	reads := func(do func()) int {
		read := make(map[string]bool)
		p.traffic.hooks(func(request string) {
			p.traffic.mu.Lock()
			defer p.traffic.mu.Unlock()
			if strings.HasSuffix(request, ".parquet") {
				read[request] = true
			}
		}, nil)
		defer p.traffic.hooks(nil, nil)
		do()
		return len(read)
	}
	for _, identifier := range []string{"person-0", "person-77", "nobody"} {
		read := reads(func() {
			rows, err := l.Lookup(t.Context(), events, "identifier", identifier, 10)
			if want := runs; err != nil || len(rows) != want && identifier != "nobody" {
				t.Errorf("%s: %d rows, %v", identifier, len(rows), err)
			}
		})
		if read > runs {
			t.Errorf("%s: %d of %d data files read, want %d at most", identifier, read, files, runs)
		}
	}
	read := reads(func() {
		if rows := scanned(t, l, events, 3); len(rows) == 0 || len(rows) > runs*people/4 {
			t.Errorf("%d rows in a bucket", len(rows))
		}
	})
	if read != runs {
		t.Errorf("a scan of a bucket reads %d data files, want %d", read, runs)
	}
}

func TestLimits(t *testing.T) {
	p := newPlace(t)
	p.config.TargetFileBytes = 1
	l := p.open(t)
	landed := landPeople(t, l, "run_1", "a", 3000)
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(landed)); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{-1, 0, 1, 1000, 1001, 5000} {
		rows, err := l.Rows(t.Context(), people, limit)
		if want := max(0, min(limit, 3000)); err != nil || len(rows) != want {
			t.Errorf("limit %d: %d rows, %v; want %d", limit, len(rows), err, want)
		}
	}
}

func TestLookupInAColumnThatCannotBe(t *testing.T) {
	l := newPlace(t).open(t)
	landPeople(t, l, "run_1", "a", 0)
	for _, column := range []string{"nobody", "visits"} {
		if _, err := l.Lookup(t.Context(), people, column, "1", 1); fault.CodeOf(err) != fault.LakeIncompatible {
			t.Errorf("%s: got %v", column, err)
		}
	}
}

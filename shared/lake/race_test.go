package lake_test

import (
	"database/sql"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// While one commit writes its metadata, which is after its last look at the
// table and right before it replaces the pointer, another one goes all the way.
// The table asks iceberg to replay commits, as other engines' tables may.
func TestCommitThatIsOvertakenAtTheLastMoment(t *testing.T) {
	tests := []struct {
		name       string
		mode       ingest.Mode
		other      string // the run that overtakes run_1
		otherMode  ingest.Mode
		wantRows   []string // prefixes of the rows that are left
		sameResult bool
	}{
		{"append, by itself", ingest.Append, "run_1", ingest.Append, []string{"before", "run_1"}, true},
		{"full refresh, by itself", ingest.FullRefresh, "run_1", ingest.FullRefresh, []string{"run_1"}, true},
		{"append, by an append", ingest.Append, "run_2", ingest.Append, []string{"before", "run_1", "run_2"}, false},
		{"append, by a full refresh", ingest.Append, "run_2", ingest.FullRefresh, []string{"run_1", "run_2"}, false},
		{"full refresh, by an append", ingest.FullRefresh, "run_2", ingest.Append, []string{"run_1"}, false},
		{"full refresh, by a full refresh", ingest.FullRefresh, "run_2", ingest.FullRefresh, []string{"run_1"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPlace(t)
			l, overtaker := p.open(t), p.open(t)
			files := make(map[string]lake.Files)
			for _, runID := range []string{"before", "run_1", "run_2"} {
				files[runID] = landPeople(t, l, runID, runID, 1)
			}
			if _, err := l.Commit(t.Context(), people, "before", ingest.Append, parts(files["before"])); err != nil {
				t.Fatal(err)
			}
			replayCommits(t, p)
			var once sync.Once
			var otherSnapshot string
			p.traffic.hooks(func(request string) {
				if !strings.HasPrefix(request, "PUT") || !strings.HasSuffix(request, ".metadata.json") {
					return
				}
				once.Do(func() {
					p.traffic.hooks(nil, nil)
					var err error
					if otherSnapshot, err = overtaker.Commit(t.Context(), people, test.other, test.otherMode, parts(files[test.other])); err != nil {
						t.Error(err)
					}
				})
			}, nil)
			snapshot, err := l.Commit(t.Context(), people, "run_1", test.mode, parts(files["run_1"]))
			if err != nil {
				t.Fatal(err)
			}
			if otherSnapshot == "" || (snapshot == otherSnapshot) != test.sameResult {
				t.Errorf("snapshots %q and %q, the same: want %v", snapshot, otherSnapshot, test.sameResult)
			}
			want := make(map[string]int)
			for _, prefix := range test.wantRows {
				want[prefix+"-000000"] = 1
			}
			if diff := cmp.Diff(want, identifiers(t, l)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// replayCommits sets the property as somebody else with a catalog would.
func replayCommits(t *testing.T, p place) {
	t.Helper()
	db, err := sql.Open("sqlite", p.config.URI)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	catalog, err := sqlcatalog.NewCatalog("headwater", db, sqlcatalog.SQLite, iceberg.Properties{
		"s3.endpoint": p.config.S3Endpoint, "s3.region": p.config.Region,
	})
	if err != nil {
		t.Fatal(err)
	}
	tbl, err := catalog.LoadTable(t.Context(), table.Identifier{"ws_acme_1", "user_profile_imp_01"})
	if err != nil {
		t.Fatal(err)
	}
	tx := tbl.NewTransaction()
	if err := tx.SetProperties(iceberg.Properties{table.CommitNumRetriesKey: "4", table.CommitMinRetryWaitMsKey: "1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A merge that is overtaken does for the table as it is then what it did for the one before it, delete files included.
func TestMergeThatIsOvertakenAtTheLastMoment(t *testing.T) {
	at := func(identifier string, cursor int64) change {
		return change{Identifier: identifier, At: cursor, Visits: 2}
	}
	for name, test := range map[string]struct {
		by   lake.Merge
		want []change // beside what overtakes it
	}{
		"the last row of a key":          {byIdentifier, []change{at("a", 2), at("b", 2), at("c", 2)}},
		"unless the table's is newer":    {ofThePast, []change{at("a", 3), at("b", 2), at("c", 2)}},
		"or as new":                      {left, []change{at("a", 3), at("b", 2), at("c", 2)}},
		"all rows of a key":              {lake.Merge{Key: []string{"identifier"}, All: true}, []change{at("a", 2), at("b", 2), at("c", 2)}},
		"all rows of a key, new or not":  {lake.Merge{Key: []string{"identifier"}, All: true, Fresh: "at"}, []change{at("a", 2), at("b", 2), at("c", 2)}},
		"all rows, unless the table has": {lake.Merge{Key: []string{"identifier"}, All: true, KeepEqual: true}, []change{at("a", 3), at("b", 1), at("c", 2)}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			l, overtaker := p.open(t), p.open(t)
			before := landChanges(t, l, people, "before", []change{at("a", 3), at("b", 1)})
			if _, err := l.Merge(t.Context(), people, "before", byIdentifier, before); err != nil {
				t.Fatal(err)
			}
			run := landChanges(t, l, people, "run_1", []change{at("a", 2), at("b", 2), at("c", 2)})
			other := landChanges(t, l, people, "run_2", []change{at("z", 1)})
			var once sync.Once
			overtaken := false
			p.traffic.hooks(func(request string) {
				if !strings.HasPrefix(request, "PUT") || !strings.HasSuffix(request, ".metadata.json") {
					return
				}
				once.Do(func() {
					p.traffic.hooks(nil, nil)
					_, err := overtaker.Merge(t.Context(), people, "run_2", byIdentifier, other)
					if overtaken = err == nil; !overtaken {
						t.Error(err)
					}
				})
			}, nil)
			if _, err := l.Merge(t.Context(), people, "run_1", test.by, run); err != nil {
				t.Fatal(err)
			}
			want := map[string]change{"z": at("z", 1)}
			for _, row := range test.want {
				want[row.Identifier] = row
			}
			if diff := cmp.Diff(want, rowsOf(t, l, people)); diff != "" || !overtaken {
				t.Errorf("overtaken: %t; rows (-want +got):\n%s", overtaken, diff)
			}
		})
	}
}

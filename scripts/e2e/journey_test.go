package e2e_test

import (
	"crypto/rand"
	"testing"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// What the tests read of the API's answers.

type connection struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	StatusChange struct {
		Reason string `json:"reason"`
	} `json:"status_change"`
	LastValidation *validation `json:"last_validation"`
}

type validation struct {
	ID      string   `json:"id"`
	Outcome string   `json:"outcome"`
	Checks  []check  `json:"checks"`
	Error   *failure `json:"error"`
}

type check struct {
	Name     string `json:"name"`
	Outcome  string `json:"outcome"`
	Code     string `json:"code"`
	Provider string `json:"provider_error"`
	Remedy   *struct {
		Text    string `json:"text"`
		Snippet string `json:"snippet"`
	} `json:"remedy"`
}

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type table struct {
	Name    string `json:"name"`
	Format  string `json:"format"`
	Files   int64  `json:"files"`
	Columns []struct {
		Name      string `json:"name"`
		Type      string `json:"type"`
		Partition bool   `json:"partition"`
	} `json:"columns"`
	Problem     string `json:"problem"`
	ProblemCode string `json:"problem_code"`
	ProblemAt   string `json:"problem_at"`
}

type imported struct {
	ID        string `json:"id"`
	OpenRunID string `json:"open_run_id"`
	LastRunID string `json:"last_run_id"`
}

type run struct {
	ID       string `json:"id"`
	Trigger  string `json:"trigger"`
	Status   string `json:"status"`
	Splits   int    `json:"splits"`
	Counts   counts `json:"counts"`
	Snapshot string `json:"snapshot_id"`
	Error    *failure
}

type counts struct {
	Read        int64 `json:"rows_read"`
	Written     int64 `json:"rows_written"`
	Quarantined int64 `json:"rows_quarantined"`
}

func (r run) ended() bool { return r.Status == "succeeded" || r.Status == "failed" }

type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor"`
}

type object = map[string]any

// newConnection is a request to connect what is below the workspace's prefix.
func (w workspace) newConnection(key demo.Access) object {
	return object{
		"name": "C" + rand.Text()[:8], "platform": "s3",
		"settings":    object{"bucket": demo.SourceBucket, "prefix": w.id + "/", "region": "us-east-1"},
		"credentials": object{"method": "access_key", "access_key_id": key.ID, "secret_access_key": key.Secret},
	}
}

// connect connects, and waits until the validation has ended.
func (w workspace) connect(t *testing.T, request object) connection {
	t.Helper()
	var c connection
	w.post(t, "/v1/connections", request, &c)
	if c.Status != "processing" {
		t.Errorf("a new connection is %s", c.Status)
	}
	return w.validated(t, c)
}

// validated waits until a connection is not processing any more.
func (w workspace) validated(t *testing.T, c connection) connection {
	t.Helper()
	eventually(t, "the connection has left processing", func() bool {
		w.get(t, "/v1/connections/"+c.ID, &c)
		return c.Status != "processing"
	})
	return c
}

// active connects what is below the workspace's prefix with the customer's key.
func (w workspace) active(t *testing.T) connection {
	t.Helper()
	c := w.connect(t, w.newConnection(here.Customer))
	if c.Status != "active" {
		t.Fatalf("the connection is %s: %+v", c.Status, c.LastValidation)
	}
	return c
}

// tables are the tables of a connection by name.
func (w workspace) tables(t *testing.T, c connection) map[string]table {
	t.Helper()
	var page list[table]
	w.get(t, "/v1/connections/"+c.ID+"/schema?columns=true", &page)
	found := map[string]table{}
	for _, item := range page.Items {
		found[item.Name] = item
	}
	return found
}

// newImport is a request to import a table of people by hand only.
func newImport(c connection, table, mode string) object {
	return object{
		"name": "I" + rand.Text()[:8], "connection_id": c.ID, "table": table, "type": "user_profile", "mode": mode, "every_hours": 0,
		"mapping": []object{{"source": "user_id", "target": "identifier"}, {"source": "name", "target": "name"}, {"source": "score", "target": "score", "type": "int64"}},
	}
}

func (w workspace) importing(t *testing.T, c connection, table, mode string) imported {
	t.Helper()
	var i imported
	w.post(t, "/v1/imports", newImport(c, table, mode), &i)
	return i
}

// begin starts a run.
func (w workspace) begin(t *testing.T, i imported) run {
	t.Helper()
	var r run
	w.post(t, "/v1/imports/"+i.ID+"/runs", nil, &r)
	return r
}

func (w workspace) run(t *testing.T, i imported, id string) run {
	t.Helper()
	var r run
	w.get(t, "/v1/imports/"+i.ID+"/runs/"+id, &r)
	return r
}

// end waits until a run has ended.
func (w workspace) end(t *testing.T, i imported, id string) run {
	t.Helper()
	var r run
	eventually(t, "the run has ended", func() bool {
		r = w.run(t, i, id)
		return r.ended()
	})
	if r.Counts.Read != r.Counts.Written+r.Counts.Quarantined {
		t.Errorf("rows are lost: %+v", r.Counts)
	}
	return r
}

// succeed starts a run and wants it to succeed with these counts.
func (w workspace) succeed(t *testing.T, i imported, want counts) run {
	t.Helper()
	return w.succeeded(t, i, w.begin(t, i), want)
}

func (w workspace) succeeded(t *testing.T, i imported, r run, want counts) run {
	t.Helper()
	if r = w.end(t, i, r.ID); r.Status != "succeeded" || r.Counts != want {
		t.Fatalf("the run %s with %+v, %+v; want %+v", r.Status, r.Counts, r.Error, want)
	}
	return r
}

func (w workspace) ref(i imported, r run) ingest.Ref {
	return ingest.Ref{WorkspaceID: w.id, ImportID: i.ID, RunID: r.ID}
}

// rows are the rows that the API shows of an import, by identifier, each once.
func (w workspace) rows(t *testing.T, i imported) map[string]object {
	t.Helper()
	var page list[object]
	w.get(t, "/v1/imports/"+i.ID+"/rows?limit=200", &page)
	found := map[string]object{}
	for _, row := range page.Items {
		who, _ := row["identifier"].(string)
		if found[who] != nil {
			t.Errorf("%q is there twice", who)
		}
		found[who] = row
	}
	return found
}

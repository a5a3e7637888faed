package googlepeer

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// warehouse is https://bigquery.googleapis.com: metadata, jobs and permissions
// of the peer's own, SQL of bigquery-emulator.
type warehouse struct {
	peer     *Peer
	emulator *emulator
	catalog  *catalog

	background context.Context // of jobs; ends with the peer
	cancel     context.CancelFunc
	running    sync.WaitGroup

	mu       sync.Mutex
	jobs     map[string]*job
	queries  []Query
	duration time.Duration // that every job takes at least
}

func newWarehouse(p *Peer) *warehouse {
	ctx, cancel := context.WithCancel(context.Background())
	return &warehouse{
		peer: p, emulator: bigQueryEmulator(append([]string{p.config.Project}, p.config.Projects...)),
		catalog: &catalog{datasets: map[datasetRef]*dataset{}}, jobs: map[string]*job{},
		background: ctx, cancel: cancel,
	}
}

func (b *warehouse) close() {
	b.cancel()
	b.running.Wait()
	b.emulator.close()
}

// Scopes of which BigQuery wants one.
const (
	scopeBigQuery     = "https://www.googleapis.com/auth/bigquery"
	scopeBigQueryRead = "https://www.googleapis.com/auth/bigquery.readonly"
	scopePlatformRead = "https://www.googleapis.com/auth/cloud-platform.read-only"
)

// answer is a handler of a route: what it returns goes out as JSON.
type answer func(r *http.Request, caller string) (any, *problem)

// handler has a route for everything that a reader may call. Whatever else is
// not a GET changes something.
func (b *warehouse) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]answer{
		"GET /projects":                                                  b.listProjects,
		"GET /projects/{project}/datasets":                               b.listDatasets,
		"GET /projects/{project}/datasets/{dataset}":                     b.getDataset,
		"GET /projects/{project}/datasets/{dataset}/tables":              b.listTables,
		"GET /projects/{project}/datasets/{dataset}/tables/{table}":      b.getTable,
		"GET /projects/{project}/datasets/{dataset}/tables/{table}/data": b.listRows,
		"POST /projects/{project}/datasets/{dataset}/tables/{table}":     b.testTable,
		"POST /projects/{project}/queries":                               b.query,
		"GET /projects/{project}/queries/{job}":                          b.getResults,
		"POST /projects/{project}/jobs":                                  b.insertJob,
		"GET /projects/{project}/jobs":                                   b.listJobs,
		"GET /projects/{project}/jobs/{job}":                             b.getJob,
		"POST /projects/{project}/jobs/{job}/cancel":                     b.cancelJob,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, handle) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, b.refuse) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/bigquery/v2", mux).ServeHTTP(w, r)
	})
}

func (b *warehouse) serve(w http.ResponseWriter, r *http.Request, handle answer) {
	caller, refused := b.peer.authenticate(r.Header.Get("Authorization"), scopeBigQuery, scopeBigQueryRead, scopePlatformRead)
	if project := r.Header.Get("X-Goog-User-Project"); project != "" && refused == nil {
		refused = b.peer.usesProject(caller, project)
	}
	if refused == nil {
		var body any
		if body, refused = handle(r, caller); refused == nil {
			writeJSON(w, http.StatusOK, partial(body, r.URL.Query().Get("fields")))
			return
		}
	}
	refused.write(w)
}

// refuse answers what a reader has no business with.
func (b *warehouse) refuse(r *http.Request, _ string) (any, *problem) {
	if reads(r) {
		return nil, notFound("Not found: the peer has no " + r.URL.Path)
	}
	b.peer.mutations.add(r.Method + " /bigquery/v2" + r.URL.Path)
	return nil, accessDenied("Access Denied: the peer lets nobody change anything")
}

func accessDenied(message string) *problem {
	return &problem{status: http.StatusForbidden, reason: "accessDenied", message: message}
}

// deniedOn is how BigQuery says that a permission on a dataset or table is missing.
func deniedOn(permission, kind, name string) *problem {
	return accessDenied("Access Denied: " + strings.ToUpper(kind[:1]) + kind[1:] + " " + name + ": Permission " + permission +
		" denied on " + kind + " " + name + " (or it may not exist).")
}

func deniedInProject(permission, project string) *problem {
	return accessDenied("Access Denied: Project " + project + ": User does not have " + permission + " permission in project " + project + ".")
}

package bigquery_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// TestAnErrorOfAQueryQuotesNothing: BigQuery's words quote rows and the query, and
// errors are logged whole.
func TestAnErrorOfAQueryQuotesNothing(t *testing.T) {
	peer, s := warehouse(t)
	const query = "SELECT n FROM crm.visits WHERE day IS NOT NULL"
	for name, tt := range map[string]struct {
		inject func()
		code   fault.Code
		keeps  []string
	}{
		"at run time": {
			func() {
				peer.InjectJob(googlepeer.JobFault{Times: 1, Reason: "invalidQuery", Message: "Bad int64 value: canary@example.com"})
			}, fault.SourceInvalidQuery, []string{"invalidQuery", "job headwater_", "location EU"},
		},
		"when it is checked": {
			func() {
				peer.Inject(googlepeer.Fault{
					Service: source.EndpointBigQuery, Match: sql(query), Times: 1, Status: http.StatusBadRequest, Reason: "invalidQuery",
					Message: `Could not cast literal "canary@example.com" to type INT64 at [1:23]`,
				})
			}, fault.SourceInvalidQuery, []string{"invalidQuery", "query 1:23"},
		},
		"that the SDK does not know": {
			func() {
				peer.InjectJob(googlepeer.JobFault{Times: 1, Reason: "somethingNew", Message: "canary@example.com is not of this world"})
			}, "", []string{"somethingNew", "job headwater_"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt.inject()
			_, err := s.Plan(t.Context(), source.PlanRequest{Query: query})
			if err == nil || tt.code != "" && fault.CodeOf(err) != tt.code {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error quotes: %v", err)
			}
			for _, kept := range tt.keeps {
				if !strings.Contains(err.Error(), kept) {
					t.Errorf("the error does not say %q: %v", kept, err)
				}
			}
		})
	}
}

// TestWhatAQueryLacksIsFoundBeforeItRuns: a query that would be paid for and be of no use does not run.
func TestWhatAQueryLacksIsFoundBeforeItRuns(t *testing.T) {
	peer, s := warehouse(t)
	ran := ranOf(peer)
	const query = "SELECT n, country FROM crm.visits WHERE day IS NOT NULL"
	_, err := s.Plan(t.Context(), source.PlanRequest{Query: query, Columns: []string{"n", "gone"}})
	wantFault(t, err, fault.SourceChanged, "")
	_, err = s.Plan(t.Context(), source.PlanRequest{Query: query, Columns: []string{"gone"}, Filter: source.Filter{{Column: "missing", Op: source.NotNull}}})
	wantFault(t, err, fault.SourceChanged, "")
	_, err = s.Plan(t.Context(), source.PlanRequest{Query: query, Filter: source.Filter{{Column: "missing", Op: source.NotNull}}})
	wantFault(t, err, fault.SourceInvalidFilter, "")
	if now := ranOf(peer); now != ran {
		t.Errorf("%d queries ran", now-ran)
	}
}

// ranOf is how many queries were more than checked.
func ranOf(peer *googlepeer.Peer) int {
	return len(slices.DeleteFunc(peer.Queries(), func(q googlepeer.Query) bool { return q.DryRun }))
}

// TestAFilterIsNotDropped: where a dry run does not say what the columns are, no
// filter can be made, and unfiltered rows are not what was asked for.
func TestAFilterIsNotDropped(t *testing.T) {
	peer, _ := warehouse(t)
	cfg := member(t, peer, reader)
	s, err := source.Open(t.Context(), bigquery.New(silent(t, peer)), cfg)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	const query = "SELECT n FROM crm.visits WHERE day IS NOT NULL"
	for name, req := range map[string]source.PlanRequest{
		"filter":  {Query: query, Filter: source.Filter{{Column: "n", Op: source.NotNull}}},
		"columns": {Query: query, Columns: []string{"n"}},
	} {
		if _, err := s.Plan(t.Context(), req); fault.CodeOf(err) != fault.SourceUnavailable {
			t.Errorf("%s: got %v, want %s", name, err, fault.SourceUnavailable)
		}
	}
	p, err := s.Plan(t.Context(), source.PlanRequest{Query: query})
	must(t, err)
	if len(p.Table.Columns) != 1 || p.Table.Columns[0].Name != "n" {
		t.Errorf("all of it: %+v", p.Table.Columns)
	}
}

// silent is the peer with dry runs that say nothing of columns.
func silent(t *testing.T, peer *googlepeer.Peer) source.Endpoints {
	t.Helper()
	target, err := url.Parse(peer.Endpoints()(source.EndpointBigQuery))
	must(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method != http.MethodPost || !strings.HasSuffix(r.Request.URL.Path, "/jobs") {
				return nil
			}
			var job map[string]any
			if err := json.NewDecoder(r.Body).Decode(&job); err != nil {
				return err
			}
			if statistics, ok := job["statistics"].(map[string]any); ok {
				if query, ok := statistics["query"].(map[string]any); ok {
					delete(query, "schema")
				}
			}
			text, err := json.Marshal(job)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
			r.Header.Del("Content-Length")
			return err
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return func(service string) string {
		if service == source.EndpointBigQuery {
			return server.URL
		}
		return peer.Endpoints()(service)
	}
}

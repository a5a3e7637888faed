package bigquery_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// checked runs the checks and returns them by name.
func checked(t *testing.T, s *source.Source) map[string]source.CheckResult {
	t.Helper()
	results, err := s.Check(t.Context())
	must(t, err)
	byName := map[string]source.CheckResult{}
	for _, r := range results {
		byName[r.Name] = r
	}
	return byName
}

func TestOverPrivilege(t *testing.T) {
	peer := start(t)
	fill(t, peer)
	cfg := member(t, peer, reader)
	if r := checked(t, open(t, peer, cfg))["bigquery.over_privilege"]; r.Outcome != source.Pass {
		t.Errorf("a reader: %s %s", r.Outcome, r.Detail)
	}
	peer.Grant(reader, "bigquery.tables.updateData", "projects/"+project+"/datasets/crm/tables/numbers")
	peer.Grant(reader, "bigquery.datasets.create", "projects/"+project)
	peer.Grant(reader, "bigquery.tables.updateData", "projects/"+project+"/datasets/crm")
	results := checked(t, open(t, peer, cfg))
	r := results["bigquery.over_privilege"]
	if r.Outcome != source.Warn || !strings.Contains(r.Detail, "bigquery.tables.updateData") || !strings.Contains(r.Detail, "bigquery.datasets.create") {
		t.Errorf("a writer: %s %s", r.Outcome, r.Detail)
	}
	if r.Remedy == nil || !strings.Contains(r.Remedy.Snippet, "serviceAccount:"+reader) || !strings.Contains(r.Remedy.Snippet, "bigquery.readsessions.getData") {
		t.Errorf("the remedy is %+v", r.Remedy)
	}
}

// What IAM says counts even when a request goes through, and the other way round.
func TestChecksAskTwice(t *testing.T) {
	peer := start(t)
	fill(t, peer)
	cfg := member(t, peer, reader)
	t.Run("IAM does not answer", func(t *testing.T) {
		peer.Inject(googlepeer.Fault{Service: source.EndpointGoogleResourceManager, Status: http.StatusForbidden, Reason: "accessNotConfigured", Message: "Cloud Resource Manager API has not been used in project 1 before or it is disabled."})
		defer peer.ClearFaults()
		for name, r := range checked(t, open(t, peer, cfg)) {
			if r.Outcome != source.Pass && r.Mandatory {
				t.Errorf("%s: %s %s", name, r.Outcome, r.Detail)
			}
		}
	})
	t.Run("a request is let through", func(t *testing.T) {
		peer.Revoke(reader, "bigquery.jobs.create", "projects/"+project)
		defer peer.Grant(reader, "bigquery.jobs.create", "projects/"+project)
		open := openThrough(t, peer, cfg, func(r *http.Request) []byte {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/jobs") {
				return []byte(`{"status":{"state":"DONE"},"statistics":{"query":{"statementType":"SELECT"}}}`)
			}
			return nil
		})
		r := checked(t, open)["bigquery.jobs.create"]
		if r.Outcome != source.Fail || r.Code != string(fault.SourcePermission) || !strings.Contains(r.Provider, "testIamPermissions") {
			t.Errorf("%s %s: %s", r.Outcome, r.Code, r.Provider)
		}
	})
}

func TestChecksOfAnEmptyProject(t *testing.T) {
	peer := start(t)
	cfg := with(member(t, peer, reader), "datasets", "")
	for name, r := range checked(t, open(t, peer, cfg)) {
		if r.Outcome == source.Fail || r.Outcome == source.Skipped {
			t.Errorf("no dataset: %s: %s %s", name, r.Outcome, r.Detail)
		}
	}
	peer.DeclareDataset("crm", "EU")
	results := checked(t, open(t, peer, cfg))
	for name, r := range results {
		if r.Outcome == source.Fail || r.Outcome == source.Skipped {
			t.Errorf("no table: %s: %s %s", name, r.Outcome, r.Detail)
		}
	}
	if r := results["bigquery.tables.list"]; r.Outcome != source.Warn {
		t.Errorf("no table: %s %s", r.Outcome, r.Detail)
	}
	hidden := with(member(t, peer, "hidden@acme-data.iam.gserviceaccount.com", "bigquery.datasets.get"), "datasets", "")
	if r := checked(t, open(t, peer, hidden))["bigquery.datasets.get"]; r.Outcome != source.Fail || r.Code != string(fault.SourcePermission) {
		t.Errorf("hidden datasets: %s %s", r.Outcome, r.Detail)
	}
}

// A project with views alone is checked by a query's dry run.
func TestChecksOfViews(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.v", View: "SELECT 1 AS one"}))
	for name, r := range checked(t, open(t, peer, member(t, peer, reader))) {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s %s", name, r.Outcome, r.Detail)
		}
	}
}

// A table that requires a filter does not look like one that may not be read.
func TestChecksOfARequiredFilter(t *testing.T) {
	_, s := warehouse(t)
	for name, r := range checked(t, s) {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s %s %s", name, r.Outcome, r.Detail, r.Provider)
		}
	}
}

// A script begins as a SELECT does. What BigQuery takes it for decides, and
// nothing of it runs.
func TestScriptIsRefused(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	ran := 0
	s := openThrough(t, peer, member(t, peer, reader), func(r *http.Request) []byte {
		body, err := io.ReadAll(r.Body)
		must(t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte("DROP")) {
			return nil
		}
		if !bytes.Contains(body, []byte(`"dryRun":true`)) {
			ran++
		}
		return []byte(`{"status":{"state":"DONE"},"statistics":{"query":{"statementType":"SCRIPT"}}}`)
	})
	_, err := s.Plan(t.Context(), source.PlanRequest{Query: "SELECT 1; DROP TABLE crm.numbers"})
	wantFault(t, err, fault.SourceInvalidQuery, "one SELECT")
	if ran > 0 {
		t.Error("the script ran")
	}
	for _, sql := range []string{"", "DELETE FROM crm.numbers WHERE TRUE", "-- SELECT\nDROP TABLE x", "/* WITH */ CALL p()", "(DECLARE x", "EXPORT DATA", "# SELECT"} {
		_, err := s.Plan(t.Context(), source.PlanRequest{Query: sql})
		if sql != "" {
			wantFault(t, err, fault.SourceInvalidQuery, "one SELECT")
		} else if err == nil {
			t.Error("nothing at all was planned")
		}
	}
}

// openThrough opens a connection whose requests to BigQuery pass a proxy, which
// answers some of them itself.
func openThrough(t *testing.T, peer *googlepeer.Peer, cfg source.Config, answer func(*http.Request) []byte) *source.Source {
	t.Helper()
	to, err := url.Parse(peer.Endpoints()(source.EndpointBigQuery))
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	proxy.Transport = transport
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body := answer(r); body != nil {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	s, err := source.Open(t.Context(), bigquery.New(func(service string) string {
		if service == source.EndpointBigQuery {
			return server.URL
		}
		return peer.Endpoints()(service)
	}), cfg)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// A table whose rows a policy hides from its own columns still passes: one
// column that can be read is enough.
func TestChecksUnderAPolicyTag(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	tag := &bq.TableFieldSchemaPolicyTags{Names: []string{"projects/1/locations/eu/taxonomies/2/policyTags/3"}}
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.people", Schema: []*bq.TableFieldSchema{{Name: "mail", Type: "STRING", PolicyTags: tag}, field("id", "INTEGER")}}))
	peer.Inject(googlepeer.Fault{
		Service: source.EndpointBigQuery, Match: sql("`mail`"), Status: http.StatusForbidden, Reason: "accessDenied",
		Message: `Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get data protected by policy tag "pii : mail" on column acme-data.crm.people.mail.`,
	})
	for name, r := range checked(t, open(t, peer, member(t, peer, reader))) {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s %s", name, r.Outcome, r.Detail)
		}
	}
}

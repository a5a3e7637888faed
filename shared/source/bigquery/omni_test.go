package bigquery_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const (
	omniRegion     = "aws-us-east-1"
	omniConnection = "aws-us-east-1.acme-s3"
	omniResource   = "projects/" + project + "/locations/aws-us-east-1/connections/acme-s3"
)

// omni is a peer with the table of all types, as it is and as files in Amazon S3.
func omni(t *testing.T) *googlepeer.Peer {
	t.Helper()
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", omniRegion))
	typesTable(t, peer)
	external(t, peer)
	peer.Grant(reader, "bigquery.connections.use", omniResource)
	return peer
}

func external(t *testing.T, peer *googlepeer.Peer) {
	t.Helper()
	must(t, peer.Redeclare("crm.types", func(t *bq.Table) {
		t.Type, t.NumBytes = "EXTERNAL", 2<<20
		t.ExternalDataConfiguration = &bq.ExternalDataConfiguration{ConnectionId: omniResource, SourceFormat: "PARQUET"}
	}))
}

// What comes out of another cloud comes as JSON, as the Storage Read API is not
// there; each value is the same as by that API.
func TestOmniReadsTheSameValues(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	want := typesTable(t, peer).Rows
	there := omni(t)
	sessions := len(there.ReadSessions())
	s := open(t, there, with(member(t, there, reader), "omni_connection", omniConnection))
	table := discovered(t, s, "crm.types")
	if table.Kind != schema.External {
		t.Errorf("kind %s", table.Kind)
	}
	p := plan(t, s, source.PlanRequest{TargetBytes: 1 << 20}, "crm.types")
	if len(p.Splits) != 2 {
		t.Errorf("%d splits, want 2", len(p.Splits))
	}
	got := readAll(t, s, p)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if got := len(there.ReadSessions()) - sessions; got != 0 {
		t.Errorf("%d read sessions, in a region that has none", got)
	}
	for _, split := range p.Splits {
		var points []source.Checkpoint
		whole := readSplit(t, s, source.ReadRequest{Table: p.Table, Split: split}, func(c source.Checkpoint, _ int) { points = append(points, c) })
		for n := range whole {
			from := source.Checkpoint(string(rune('0' + n)))
			if rest := readSplit(t, s, source.ReadRequest{Table: p.Table, Split: split, From: from}, nil); !slices.Equal(rest, whole[n:]) {
				t.Errorf("from row %d: %q", n, rest)
			}
		}
		if rest := readSplit(t, s, source.ReadRequest{Table: p.Table, Split: split, From: points[len(points)-1]}, nil); len(rest) > 0 {
			t.Errorf("behind the end: %q", rest)
		}
	}
	projected := readSplit(t, s, source.ReadRequest{Table: p.Table, Split: p.Splits[0], Columns: []string{"ts", "id"}}, nil)
	if len(projected) != 1 || projected[0] != `{"id":1,"ts":"1969-12-31T23:59:59.999999Z"}` {
		t.Errorf("projected %q", projected)
	}
}

// A result that BigQuery does not keep any more ends the read with a code of its own, by which the run is made up for.
func TestOmniResultExpires(t *testing.T) {
	peer := omni(t)
	s := open(t, peer, member(t, peer, reader))
	p := plan(t, s, source.PlanRequest{}, "crm.types")
	peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Status: http.StatusNotFound, Reason: "notFound", Message: "Not found: Job acme-data:x", Times: 1})
	r, err := s.Read(t.Context(), source.ReadRequest{Table: p.Table, Split: p.Splits[0]})
	must(t, err)
	_, err = r.Next(t.Context())
	wantFault(t, err, fault.SourceReadExpired, "result")
	must(t, r.Close())
	if _, err := r.Next(t.Context()); fault.CodeOf(err) != fault.WorkerInvalidCall {
		t.Errorf("Next after Close: %v", err)
	}
}

func TestOmniChecks(t *testing.T) {
	peer := omni(t)
	must(t, peer.CreateDataset(t.Context(), "elsewhere", "EU"))
	good := with(member(t, peer, reader), "omni_connection", omniConnection)
	for name, test := range map[string]struct {
		cfg    source.Config
		denied bool
		want   fault.Code // of bigquery.connections.use; "" passes
		says   string
	}{
		"working":            {cfg: good},
		"another connection": {cfg: with(good, "omni_connection", "aws-us-east-1.other"), want: fault.SourceNotFound, says: "aws-us-east-1.other"},
		"another region":     {cfg: with(good, "omni_connection", "aws-eu-west-1.acme-s3"), want: fault.SourceWrongRegion, says: "aws-eu-west-1"},
		"no dataset there":   {cfg: with(good, "datasets", "elsewhere"), want: fault.SourceWrongRegion, says: omniRegion},
		"may not use it":     {cfg: good, denied: true, want: fault.SourcePermission, says: "bigquery.connections.use"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.denied {
				peer.Revoke(reader, "bigquery.connections.use", omniResource)
				defer peer.Grant(reader, "bigquery.connections.use", omniResource)
			}
			results, err := open(t, peer, test.cfg).Check(t.Context())
			must(t, err)
			for _, r := range results {
				want := source.Pass
				if r.Name == "bigquery.connections.use" && test.want != "" {
					want = source.Fail
					if r.Code != string(test.want) || !strings.Contains(r.Detail, test.says) {
						t.Errorf("%s: %s %s, want %s saying %q", r.Name, r.Code, r.Detail, test.want, test.says)
					}
				}
				if r.Outcome != want && r.Outcome != source.Warn {
					t.Errorf("%s: %s %s %s, want %s", r.Name, r.Outcome, r.Code, r.Detail, want)
				}
			}
		})
	}
}

// A location that is not the connection's is refused before anything is asked.
func TestOmniLocation(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	cfg := with(with(member(t, peer, reader), "omni_connection", omniConnection), "location", "EU")
	_, err := source.Open(t.Context(), driver(peer), cfg)
	wantFault(t, err, fault.SourceWrongRegion, omniRegion)
}

// A result is read page by page, and Close ends a wait.
func TestOmniClose(t *testing.T) {
	peer := omni(t)
	s := open(t, peer, member(t, peer, reader))
	p := plan(t, s, source.PlanRequest{}, "crm.types")
	peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Delay: 20 * time.Second, Times: 1})
	r, err := s.Read(t.Context(), source.ReadRequest{Table: p.Table, Split: p.Splits[0]})
	must(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := r.Next(t.Context())
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond)
	must(t, r.Close())
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a batch of a closed reader")
		}
	case <-time.After(5 * time.Second):
		t.Error("Next goes on")
	}
}

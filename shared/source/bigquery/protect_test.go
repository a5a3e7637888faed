package bigquery_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// TestManyTaggedColumnsTakeFewDryRuns: a refusal names the columns, so that as many
// dry runs as a table has tags are not needed; and where it names none they are bounded.
func TestManyTaggedColumnsTakeFewDryRuns(t *testing.T) {
	const tagged = 60
	refusal := `Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get data protected by policy tag "pii : any"`
	name := func(i int) string { return fmt.Sprintf("c%02d", i) }
	var paths []string
	for i := 0; i < tagged; i += 2 {
		paths = append(paths, "acme-data.crm.wide."+name(i))
	}
	for label, tt := range map[string]struct {
		denied  func(i int) bool
		message string
		most    int64
		code    fault.Code // of the table
	}{
		"all are named":  {func(i int) bool { return i%2 == 0 }, refusal + " on columns " + strings.Join(paths, ", ") + ".", 2, ""},
		"none is named":  {func(i int) bool { return i == 7 }, refusal + ".", 20, ""},
		"all are denied": {func(int) bool { return true }, refusal + ".", 20, fault.SourceUnsupportedType},
	} {
		t.Run(label, func(t *testing.T) {
			peer := start(t)
			must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
			var fields []*bq.TableFieldSchema
			for i := range tagged {
				fields = append(fields, &bq.TableFieldSchema{Name: name(i), Type: "STRING", PolicyTags: &bq.TableFieldSchemaPolicyTags{Names: []string{"projects/1/locations/eu/taxonomies/2/policyTags/3"}}})
			}
			must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.wide", Schema: fields}))
			var asked atomic.Int64
			peer.Inject(googlepeer.Fault{
				Service: source.EndpointBigQuery, Status: http.StatusForbidden, Reason: "accessDenied", Message: tt.message,
				Match: func(r *http.Request) bool {
					if !sql("LIMIT 0")(r) {
						return false
					}
					asked.Add(1)
					for i := range tagged {
						if tt.denied(i) && sql("`"+name(i)+"`")(r) {
							return true
						}
					}
					return false
				},
			})
			table := discovered(t, open(t, peer, member(t, peer, reader)), "crm.wide")
			for i, c := range table.Columns {
				if denied := c.Type == schema.Unsupported; denied != tt.denied(i) || denied && !strings.Contains(c.Loss, "column "+c.Name+" is protected by a policy tag") {
					t.Errorf("%s: %s %q", c.Name, c.Type, c.Loss)
				}
			}
			if asked.Load() > tt.most || table.ProblemCode != string(tt.code) {
				t.Errorf("%d dry runs, want at most %d; problem %q", asked.Load(), tt.most, table.ProblemCode)
			}
		})
	}
}

// TestAPageEndsBeforeItsTimeIsUp: a page whose tables take long is a short one, and the next goes on after it.
func TestAPageEndsBeforeItsTimeIsUp(t *testing.T) {
	const tables = 320
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	peer.DeclareDataset("crm", "EU")
	var declared []string
	for i := range tables {
		declared = append(declared, fmt.Sprintf("t%03d", i))
	}
	must(t, peer.DeclareTables("crm", declared, func(string) *bq.Table { return &bq.Table{Schema: wide(1)} }))
	peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Delay: 100 * time.Millisecond, Match: func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "/tables/t")
	}})
	s := open(t, peer, member(t, peer, reader))
	const patience = 3 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	page, err := s.Discover(ctx, "")
	must(t, err)
	if n := len(page.Tables); n == 0 || n >= 300 || page.Next == "" {
		t.Errorf("%d tables and cursor %q within %v", n, page.Next, patience)
	}
	peer.ClearFaults()
	var got []string
	for {
		for _, table := range page.Tables {
			got = append(got, table.Name)
		}
		if page.Next == "" {
			break
		}
		page, err = s.Discover(t.Context(), page.Next)
		must(t, err)
	}
	if len(got) != tables || !slices.IsSorted(got) || len(slices.Compact(got)) != tables {
		t.Errorf("%d tables, want each of %d once", len(got), tables)
	}
}

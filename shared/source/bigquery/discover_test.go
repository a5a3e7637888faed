package bigquery_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
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

// sql matches requests whose body has a text in it.
func sql(text string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		if r.Body == nil {
			return false
		}
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return err == nil && bytes.Contains(body, []byte(text))
	}
}

func wide(columns int) *bq.TableSchema {
	s := &bq.TableSchema{}
	for n := range columns {
		s.Fields = append(s.Fields, &bq.TableFieldSchema{Name: fmt.Sprintf("column_%02d", n), Type: "STRING", Description: "What the column is about, in some words"})
	}
	return s
}

// heapLimit leaves most of a Lambda's 512 MiB to everything else.
const heapLimit = 128 << 20

// 20,000 tables of 50 columns are discovered in bounded memory: what is kept
// between two pages is names. Each page is discovered by whoever wants to.
func TestDiscoverManyTables(t *testing.T) {
	if testing.Short() {
		t.Skip("asks 20,000 times")
	}
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	peer.DeclareDataset("crm", "EU")
	names := make([]string, 20_000)
	for n := range names {
		names[n] = fmt.Sprintf("table_%05d", n)
	}
	fields := wide(50)
	must(t, peer.DeclareTables("crm", names, func(string) *bq.Table { return &bq.Table{Schema: fields, NumRows: 7} }))
	s := open(t, peer, member(t, peer, reader))
	base := heap()
	var peak uint64
	found, pages, last := 0, 0, ""
	for cursor := ""; ; {
		page, err := s.Discover(t.Context(), cursor)
		must(t, err)
		for _, table := range page.Tables {
			if table.Name <= last || len(table.Columns) != 50 {
				t.Fatalf("%s with %d columns after %s", table.Name, len(table.Columns), last)
			}
			last = table.Name
		}
		found += len(page.Tables)
		pages++
		peak = max(peak, heap()-min(base, heap()))
		if cursor = page.Next; cursor == "" {
			break
		}
		if pages == 30 { // another invocation goes on
			s = open(t, peer, member(t, peer, reader))
		}
	}
	if found != len(names) {
		t.Errorf("%d tables, want %d", found, len(names))
	}
	t.Logf("%d pages, at most %d MiB more on the heap than before", pages, peak>>20)
	if peak > heapLimit {
		t.Errorf("%d MiB more on the heap, want at most %d", peak>>20, heapLimit>>20)
	}
}

// A page ends anywhere, also where a dataset does.
func TestPagesOfDatasets(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	want := 0
	for _, d := range []struct {
		name   string
		tables int
	}{{"a", 300}, {"b", 0}, {"c", 150}, {"d", 150}, {"e", 1}, {"f", 299}, {"g", 2}} {
		peer.DeclareDataset(d.name, "EU")
		names := make([]string, d.tables)
		for n := range names {
			names[n] = fmt.Sprintf("t%03d", n)
		}
		want += len(names)
		must(t, peer.DeclareTables(d.name, names, func(string) *bq.Table { return &bq.Table{Schema: wide(1)} }))
	}
	cfg := with(member(t, peer, reader), "datasets", "")
	seen := map[string]bool{}
	for cursor := ""; ; {
		page, err := open(t, peer, cfg).Discover(t.Context(), cursor)
		must(t, err)
		for _, table := range page.Tables {
			seen[table.Name] = true
		}
		if len(page.Tables) > 300 {
			t.Errorf("a page has %d tables", len(page.Tables))
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(seen) != want {
		t.Errorf("%d tables, want %d", len(seen), want)
	}
}

// heap is what is in use, of the test's peer too.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestShards(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	peer.DeclareDataset("crm", "EU")
	names := []string{
		"events_20240101", "events_20240102", "events_intraday_20240103", "alone_20240101", "not_20241301", "not_20241302",
		"12345678", "long_120240101", "y_2024", "y_2025", "plain",
	}
	must(t, peer.DeclareTables("crm", names, func(name string) *bq.Table {
		fields := []*bq.TableFieldSchema{{Name: "id", Type: "INTEGER", Mode: "REQUIRED"}}
		if name == "events_20240102" {
			fields = append(fields, field("new", "STRING"))
		}
		return &bq.Table{Schema: &bq.TableSchema{Fields: fields}, NumRows: 10, NumBytes: 100}
	}))
	page, err := open(t, peer, member(t, peer, reader)).Discover(t.Context(), "")
	must(t, err)
	var got []string
	for _, table := range page.Tables {
		got = append(got, table.Name)
	}
	want := []string{
		"crm.12345678", "crm.alone_20240101", "crm.events_*", "crm.events_intraday_20240103", "crm.long_120240101", "crm.not_20241301", "crm.not_20241302",
		"crm.plain", "crm.y_2024", "crm.y_2025",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	group := page.Tables[2]
	wantGroup := schema.Table{
		Name: "crm.events_*", Namespace: "crm", Kind: schema.Wildcard, Rows: 20, Bytes: 200, Columns: []schema.Column{
			{Name: "id", Type: schema.Int64, Native: "INT64", Nullable: true}, // an older shard may lack it
			{Name: "new", Type: schema.String, Native: "STRING", Nullable: true},
			{Name: "_TABLE_SUFFIX", Type: schema.String, Native: "STRING", Partition: true},
		},
	}
	if diff := cmp.Diff(wantGroup, group); diff != "" {
		t.Errorf("the group (-want +got):\n%s", diff)
	}
}

func TestWildcard(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	shards(t, peer)
	s := open(t, peer, member(t, peer, reader))
	after := source.Filter{{Column: "_TABLE_SUFFIX", Op: source.GreaterOrEqual, Values: []string{"20240102"}}, {Column: "id", Op: source.Equal, Values: []string{"2"}}}
	p := plan(t, s, source.PlanRequest{Filter: after, Columns: []string{"_TABLE_SUFFIX"}}, "crm.events_*")
	got := readAll(t, s, p, "_TABLE_SUFFIX")
	if diff := cmp.Diff([]string{`{"_TABLE_SUFFIX":"20240102"}`, `{"_TABLE_SUFFIX":"20240229"}`}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if got := readAll(t, s, plan(t, s, source.PlanRequest{}, "crm.events_202401*")); len(got) != 4 {
		t.Errorf("a narrower wildcard gives %q", got)
	}
	_, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "crm.nothing_*"}})
	wantFault(t, err, fault.SourceNotFound, "wildcard")
}

func TestOnlyDatasetsAtTheLocation(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	for name, location := range map[string]string{"berlin": "europe-west10", "paris": "EU", "lyon": "EU"} {
		peer.DeclareDataset(name, location)
		must(t, peer.DeclareTables(name, []string{"t"}, func(string) *bq.Table { return &bq.Table{Schema: wide(1)} }))
	}
	page, err := open(t, peer, with(with(member(t, peer, reader), "datasets", ""), "location", "eu")).Discover(t.Context(), "")
	must(t, err)
	var got []string
	for _, table := range page.Tables {
		got = append(got, table.Name)
	}
	if diff := cmp.Diff([]string{"lyon.t", "paris.t"}, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

// A column that a policy tag protects shows, cannot be imported, and leaves the others be.
func TestPolicyTags(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	tag := &bq.TableFieldSchemaPolicyTags{Names: []string{"projects/1/locations/eu/taxonomies/2/policyTags/3"}}
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.people", Schema: []*bq.TableFieldSchema{
		field("id", "INTEGER"), {Name: "mail", Type: "STRING", PolicyTags: tag}, {Name: "masked", Type: "STRING", PolicyTags: tag},
	}}))
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{
		Name: "crm.secrets", Schema: []*bq.TableFieldSchema{{Name: "mail", Type: "STRING", PolicyTags: tag}},
		Declare: func(t *bq.Table) {
			t.TimePartitioning, t.RequirePartitionFilter = &bq.TimePartitioning{Type: "DAY", Field: "mail"}, true
		},
	}))
	must(t, peer.Exec(t.Context(), "INSERT INTO crm.people VALUES (1, 'a@example.com', 'x')"))
	peer.Inject(googlepeer.Fault{
		Service: source.EndpointBigQuery, Match: sql("`mail`"), Status: http.StatusForbidden, Reason: "accessDenied",
		Message: `Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get data protected by policy tag "pii : mail" on column acme-data.crm.people.mail.`,
	})
	s := open(t, peer, member(t, peer, reader))
	table := discovered(t, s, "crm.people")
	if whole := discovered(t, s, "crm.secrets"); whole.ProblemCode != string(fault.SourceUnsupportedType) {
		t.Errorf("a table of protected columns alone: %s %s", whole.ProblemCode, whole.Problem)
	}
	mail, _ := table.Column("mail")
	masked, _ := table.Column("masked")
	if mail.Type != schema.Unsupported || !strings.Contains(mail.Loss, "column mail is protected by a policy tag") || masked.Type != schema.String || table.Problem != "" {
		t.Errorf("mail %+v, masked %+v, problem %q", mail, masked, table.Problem)
	}
	if got := readAll(t, s, plan(t, s, source.PlanRequest{}, "crm.people")); len(got) != 1 || got[0] != `{"id":1,"masked":"x"}` {
		t.Errorf("rows %q", got)
	}
	_, err := s.Plan(t.Context(), source.PlanRequest{Table: table, Columns: []string{"mail"}})
	wantFault(t, err, fault.SourceUnsupportedType, "")
}

// A table that may be listed and not be got is shown with the reason; one that
// was dropped meanwhile is not.
func TestTablesThatCannotBeGot(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	peer.DeclareDataset("crm", "EU")
	must(t, peer.DeclareTables("crm", []string{"dropped", "hidden", "open"}, func(string) *bq.Table { return &bq.Table{Schema: wide(1)} }))
	at := func(name string) func(*http.Request) bool {
		return func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/tables/"+name) }
	}
	peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Match: at("dropped"), Status: http.StatusNotFound, Reason: "notFound", Message: "Not found: Table"})
	peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Match: at("hidden"), Status: http.StatusForbidden, Reason: "accessDenied", Message: "Access Denied: Table acme-data:crm.hidden: Permission bigquery.tables.get denied"})
	page, err := open(t, peer, member(t, peer, reader)).Discover(t.Context(), "")
	must(t, err)
	if len(page.Tables) != 2 || page.Tables[0].ProblemCode != string(fault.SourcePermission) || !strings.Contains(page.Tables[0].Problem, "bigquery.tables.get") || page.Tables[1].Problem != "" {
		t.Errorf("tables %+v", page.Tables)
	}
}

// BigQuery's pauses are kept: all requests wait, and nothing fails.
func TestRateLimit(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	peer.DeclareDataset("crm", "EU")
	must(t, peer.DeclareTables("crm", []string{"a", "b", "c", "d"}, func(string) *bq.Table { return &bq.Table{Schema: wide(1)} }))
	s := open(t, peer, member(t, peer, reader))
	peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Times: 2, Status: http.StatusForbidden, Reason: "rateLimitExceeded", Message: "Exceeded rate limits", RetryAfter: time.Second})
	began := time.Now()
	page, err := s.Discover(t.Context(), "")
	must(t, err)
	if took := time.Since(began); len(page.Tables) != 4 || took < 2*time.Second {
		t.Errorf("%d tables after %v, want 4 after two pauses of a second", len(page.Tables), took)
	}
	t.Run("a pause that is too long", func(t *testing.T) {
		peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Status: http.StatusTooManyRequests, Message: "later", RetryAfter: time.Hour})
		defer peer.ClearFaults()
		began := time.Now()
		_, err := s.Discover(t.Context(), "")
		wantFault(t, err, fault.SourceRateLimited, "")
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
	t.Run("a quota is no rate", func(t *testing.T) {
		peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Times: 1, Status: http.StatusForbidden, Reason: "quotaExceeded", Message: "Quota exceeded: Your project exceeded quota"})
		_, err := s.Discover(t.Context(), "")
		wantFault(t, err, fault.SourceQuota, "")
	})
}

func TestForeignCursor(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	for _, cursor := range []string{"no cursor", "bm90IGpzb24"} {
		_, err := open(t, peer, member(t, peer, reader)).Discover(t.Context(), cursor)
		wantFault(t, err, fault.WorkerInvalidCall, "cursor")
	}
}

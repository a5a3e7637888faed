package snowflake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/snowflake"
)

func events() schema.Table { return schema.Table{Name: "CRM.SALES.EVENTS"} }

// plan plans the big table in one split unless target says otherwise.
func plan(t testing.TB, s *source.Source, req source.PlanRequest) source.Plan {
	t.Helper()
	if req.Query == "" && req.Table.Name == "" {
		req.Table = events()
	}
	p, err := s.Plan(t.Context(), req)
	if err != nil {
		t.Fatalf("planning: %v", err)
	}
	return p
}

// ids reads the first column of a split.
func ids(t testing.TB, s *source.Source, p source.Plan, split source.Split, between func(batch int)) ([]int64, error) {
	t.Helper()
	r, err := s.Read(t.Context(), source.ReadRequest{Table: p.Table, Columns: []string{"ID"}, Split: split})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}()
	var found []int64
	for n := 0; ; n++ {
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return found, nil
		}
		if err != nil {
			return found, err
		}
		found = append(found, b.Record.Column(0).(*array.Int64).Int64Values()...)
		b.Release()
		if between != nil {
			between(n)
		}
	}
}

func allIDs(n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(i)
	}
	return list
}

// Chunks that fail are read again where they failed: every row comes once.
func TestChunksThatFail(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	for _, kind := range []string{"unavailable", "forbidden", "reset", "truncated"} {
		for _, count := range []int{1, 2} {
			if kind == "forbidden" && count > 1 { // which is not about the address's age
				continue
			}
			t.Run(fmt.Sprint(kind, " ", count), func(t *testing.T) {
				p := plan(t, src, source.PlanRequest{})
				s.admin(t, "faults", object{"chunks": kind, "count": count})
				got, err := ids(t, src, p, p.Splits[0], func(batch int) {
					if batch == 2 {
						s.admin(t, "faults", object{"chunks": kind, "count": 1})
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				slices.Sort(got)
				if !slices.Equal(got, allIDs(4000)) {
					t.Errorf("%d rows", len(got))
				}
			})
		}
	}
	s.admin(t, "faults", object{"chunks": "unavailable", "count": 1000})
	p := plan(t, src, source.PlanRequest{})
	if _, err := ids(t, src, p, p.Splits[0], nil); fault.CodeOf(err) != fault.SourceUnavailable {
		t.Errorf("a store that stays down: %v", err)
	}
	s.admin(t, "faults", object{"clear": true})
}

// A store that refuses addresses that were just made refuses this network: that
// is said at once, with its host, and nothing is tried again and again.
func TestStoreThatRefuses(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	p := plan(t, src, source.PlanRequest{})
	s.admin(t, "faults", object{"chunks": "forbidden", "count": 2})
	_, err := ids(t, src, p, p.Splits[0], nil)
	coded, _ := fault.As(err)
	if fault.CodeOf(err) != fault.SourceNetwork || fault.Retryable(err) || !strings.Contains(coded.Message, "the store of results at 127.0.0.1") {
		t.Fatalf("got %v, want %s", err, fault.SourceNetwork)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "Signature") {
			t.Errorf("the error holds the address: %v", e)
		}
	}
}

// Addresses of chunks that have expired are replaced in the middle of a read.
func TestAddressesThatExpire(t *testing.T) {
	s := start(t)
	fill(t, s)
	s.admin(t, "settings", object{"chunk_url_seconds": 1})
	src := open(t, s.endpoints, config())
	p := plan(t, src, source.PlanRequest{})
	time.Sleep(1100 * time.Millisecond) // the plan's addresses are not what is used
	got, err := ids(t, src, p, p.Splits[0], func(batch int) {
		if batch == 3 {
			time.Sleep(1100 * time.Millisecond)
		}
	})
	if err != nil || len(got) != 4000 {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

// A result that the service keeps no longer ends the run with its own code, at
// once: no retry brings it back.
func TestResultThatExpired(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	p := plan(t, src, source.PlanRequest{})
	var d struct {
		Query string `json:"query_id"`
	}
	if err := json.Unmarshal(p.Splits[0].Detail, &d); err != nil {
		t.Fatal(err)
	}
	s.admin(t, "faults", object{"expire_result": d.Query})
	began := time.Now()
	_, err := ids(t, src, p, p.Splits[0], nil)
	if fault.CodeOf(err) != fault.SourceReadExpired || time.Since(began) > 2*time.Second {
		t.Errorf("got %v after %v", err, time.Since(began))
	}
}

// A session goes on when its token expires, and when all of its tokens do.
func TestSessionsThatEnd(t *testing.T) {
	s := start(t)
	fill(t, s)
	for name, expiry := range map[string]object{
		"session token": {"expire_sessions": user},
		"master token":  {"expire_sessions": user, "masters": true},
	} {
		t.Run(name, func(t *testing.T) {
			src := open(t, s.endpoints, config())
			p := plan(t, src, source.PlanRequest{})
			s.admin(t, "faults", expiry)
			if _, err := src.Discover(t.Context(), ""); err != nil {
				t.Errorf("discovering: %v", err)
			}
			s.admin(t, "faults", expiry)
			if got, err := ids(t, src, p, p.Splits[0], nil); err != nil || len(got) != 4000 {
				t.Errorf("reading: %d rows, %v", len(got), err)
			}
			s.admin(t, "faults", expiry)
			plan(t, src, source.PlanRequest{})
		})
	}
}

// A worker of its own, in another session, reads a split of another one's plan.
func TestSplitsTravel(t *testing.T) {
	s := start(t)
	fill(t, s)
	planner := open(t, s.endpoints, config())
	p := plan(t, planner, source.PlanRequest{TargetBytes: 10_000, Labels: map[string]string{"run": "run_1"}})
	if err := planner.Close(); err != nil {
		t.Fatal(err)
	}
	if len(p.Splits) < 3 {
		t.Fatalf("%d splits", len(p.Splits))
	}
	var all []int64
	var rows int64
	for _, split := range p.Splits {
		got, err := ids(t, open(t, s.endpoints, config()), p, split, nil)
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(got)) != split.Rows {
			t.Errorf("%s has %d rows, planned were %d", split.Label, len(got), split.Rows)
		}
		all, rows = append(all, got...), rows+split.Rows
	}
	slices.Sort(all)
	if !slices.Equal(all, allIDs(4000)) {
		t.Errorf("%d rows", len(all))
	}
	tagged := slices.ContainsFunc(s.journal(t, "statements"), func(st statement) bool {
		return strings.Contains(st.Text, "EVENTS") && strings.Contains(st.Tag, `"run":"run_1"`) && strings.Contains(st.Tag, `"connection":"con_1"`)
	})
	if !tagged {
		t.Error("the query has no tag with the run's labels and the connection")
	}
}

// Splits have about the size that was asked for.
func TestSplitSizes(t *testing.T) {
	s := start(t)
	fill(t, s)
	s.admin(t, "settings", object{"inline_rows": 10, "chunk_rows": 50})
	src := open(t, s.endpoints, config())
	const target = 20_000
	p := plan(t, src, source.PlanRequest{TargetBytes: target})
	for i, split := range p.Splits[:len(p.Splits)-1] {
		if split.Bytes < target/2 || split.Bytes > target*3/2 {
			t.Errorf("split %d of %d: %d bytes, want about %d", i, len(p.Splits), split.Bytes, target)
		}
	}
}

// recorded is a proxy that notes which paths were asked for.
type recorded struct {
	mu    sync.Mutex
	paths []string
}

func (r *recorded) has(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.paths, path)
}

func (r *recorded) serve(t *testing.T, s *service) source.Endpoints {
	t.Helper()
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.paths = append(r.paths, req.URL.Path)
		r.mu.Unlock()
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return func(string) string { return server.URL }
}

// A plan that is cancelled stops its query at the server at once, whether the
// query is being submitted or waited for.
func TestCancelStopsTheQuery(t *testing.T) {
	s := start(t)
	fill(t, s)
	r := &recorded{}
	src := open(t, r.serve(t, s), config())
	plan(t, src, source.PlanRequest{}) // the session is there
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The statements before the query take their time too.
	submitted := func() bool {
		return slices.ContainsFunc(s.journal(t, "statements"), func(st statement) bool { return strings.Contains(st.Text, "4321") })
	}
	s.admin(t, "settings", object{"wait_ms": 500})
	done := make(chan error, 1)
	go func() {
		_, err := src.Plan(ctx, source.PlanRequest{Query: "SELECT COUNT(*) AS N FROM CRM.SALES.EVENTS A, CRM.SALES.EVENTS B, CRM.SALES.EVENTS C WHERE A.ID + B.ID * C.ID <> 4321"})
		done <- err
	}()
	for deadline := time.Now().Add(10 * time.Second); !submitted() && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond)
	cancel()
	began := time.Now()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if !r.has("/queries/v1/abort-request") {
		t.Error("the server was not told to stop the query")
	}
}

// A query that runs longer than the statement timeout is stopped by the server.
func TestStatementTimeout(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, with(map[string]any{"statement_timeout": 1.0}))
	_, err := src.Plan(t.Context(), source.PlanRequest{Query: "SELECT COUNT(*) AS N FROM CRM.SALES.EVENTS A, CRM.SALES.EVENTS B, CRM.SALES.EVENTS C WHERE A.ID + B.ID * C.ID <> 1"})
	if fault.CodeOf(err) != fault.SourceCostLimit {
		t.Errorf("got %v, want %s", err, fault.SourceCostLimit)
	}
}

// All splits of a plan read one moment, which the plan names, and another plan
// reads another one.
func TestSnapshot(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	before := time.Now()
	p := plan(t, src, source.PlanRequest{TargetBytes: 20_000})
	if p.AsOf.Before(before.Add(-time.Second)) || p.AsOf.After(time.Now().Add(time.Second)) {
		t.Errorf("as of %v, planned at %v", p.AsOf, before)
	}
	s.admin(t, "rows", object{"database": database, "schema": "SALES", "table": "EVENTS", "delete": "id < 1000"})
	total := 0
	for _, split := range p.Splits {
		got, err := ids(t, src, p, split, nil)
		if err != nil {
			t.Fatal(err)
		}
		total += len(got)
	}
	if total != 4000 {
		t.Errorf("%d rows of the plan's moment, want 4000", total)
	}
	later := plan(t, src, source.PlanRequest{})
	if got, err := ids(t, src, later, later.Splits[0], nil); err != nil || len(got) != 3000 {
		t.Errorf("%d rows of a later moment, %v, want 3000", len(got), err)
	}
	pinned := slices.ContainsFunc(s.journal(t, "statements"), func(st statement) bool {
		return strings.Contains(st.Text, "AT(TIMESTAMP => '"+p.AsOf.Format("2006-01-02T15:04:05.000000000"))
	})
	if !pinned {
		t.Error("the query does not name the plan's moment")
	}
}

// A table that is gone, or whose column is, fails with what happened.
func TestTablesThatChange(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	p := plan(t, src, source.PlanRequest{})
	s.admin(t, "alter", object{"database": database, "schema": "SALES", "table": "EVENTS", "drop_column": "AMOUNT"})
	if got, err := ids(t, src, p, p.Splits[0], nil); err != nil || len(got) != 4000 {
		t.Errorf("the planned result: %d rows, %v", len(got), err)
	}
	_, err := src.Plan(t.Context(), source.PlanRequest{Table: events(), Columns: []string{"ID", "AMOUNT"}})
	if fault.CodeOf(err) != fault.SourceChanged {
		t.Errorf("a column that is gone: %v", err)
	}
	s.admin(t, "drop", object{"database": database, "schema": "SALES", "table": "EVENTS"})
	if _, err := src.Plan(t.Context(), source.PlanRequest{Table: events()}); fault.CodeOf(err) != fault.SourceNotFound {
		t.Errorf("a table that is gone: %v", err)
	}
	if _, err := src.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "OTHER.SALES.OUTSIDE"}}); fault.CodeOf(err) != fault.SourceNotFound {
		t.Errorf("a table outside: %v", err)
	}
}

// Errors of the service come as the product's codes.
func TestRefusals(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	plan(t, src, source.PlanRequest{})
	for _, test := range []struct {
		code, state string
		want        fault.Code
	}{
		{"002003", "42S02", fault.SourceNotFound},
		{"003001", "42501", fault.SourcePermission},
		{"000606", "57P03", fault.SourcePermission},
		{"090073", "22000", fault.SourceQuota},
		{"000630", "57014", fault.SourceCostLimit},
		{"000604", "57014", fault.SourceChanged},
		{"999999", "57014", fault.SourceChanged},
		{"100038", "22018", fault.SourceInvalidQuery},
		{"001003", "42000", fault.SourceInvalidQuery},
		{"999999", "42501", fault.SourcePermission},
		{"999999", "99999", fault.Internal},
	} {
		// The first statement of a discovery; where SHOW can do without the
		// warehouse, it fails too.
		for range 3 {
			s.admin(t, "faults", object{"query": object{"code": test.code, "sql_state": test.state, "message": "no"}})
		}
		if _, err := src.Discover(t.Context(), ""); fault.CodeOf(err) != test.want {
			t.Errorf("%s (%s): got %v, want %s", test.code, test.state, err, test.want)
		}
		s.admin(t, "faults", object{"clear": true})
	}
}

// A query that somebody stops at Snowflake is not begun again: the fault is one
// that a second attempt would not meet.
func TestQueriesThatAreStopped(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	plan(t, src, source.PlanRequest{})
	for _, req := range []source.PlanRequest{{Table: events()}, {Query: "SELECT 1 AS N"}} {
		s.admin(t, "faults", object{"query": object{"code": "000604", "sql_state": "57014", "message": "SQL execution canceled"}})
		if _, err := src.Plan(t.Context(), req); fault.CodeOf(err) != fault.SourceChanged || fault.Retryable(err) {
			t.Errorf("%+v: got %v, want %s", req, err, fault.SourceChanged)
		}
	}
}

// The text of an error about the data quotes it, and is in no error of ours: its
// number and the query's id are.
func TestErrorsThatQuoteTheData(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	plan(t, src, source.PlanRequest{})
	for name, do := range map[string]func() error{
		"query": func() error {
			_, err := src.Plan(t.Context(), source.PlanRequest{Query: "SELECT 1 AS N"})
			return err
		},
		"statement": func() error {
			_, err := src.Estimate(t.Context(), source.PlanRequest{Table: events()})
			return err
		},
	} {
		for code, state := range map[string]string{"100038": "22018", "999999": "22007", "100132": "P0000"} {
			s.admin(t, "faults", object{"query": object{"code": code, "sql_state": state, "message": "Numeric value 'canary' is not recognized"}})
			err := do()
			coded, _ := fault.As(err)
			if err == nil || !strings.Contains(coded.Err.Error(), code+" ("+state+")") || strings.Contains(coded.Err.Error()+coded.Message, "canary") {
				t.Errorf("%s, %s: %v", name, code, coded.Err)
			}
		}
	}
	_, err := src.Plan(t.Context(), source.PlanRequest{Query: "SELECT TO_NUMBER(NAME) AS N FROM CRM.SALES.EVENTS"})
	coded, _ := fault.As(err)
	if fault.CodeOf(err) != fault.SourceInvalidQuery || strings.Contains(coded.Err.Error(), "name-") {
		t.Errorf("a value that is no number: %v", err)
	}
	ran := s.journal(t, "statements")
	if id := ran[len(ran)-1].ID; !strings.Contains(coded.Err.Error(), id) {
		t.Errorf("%v does not name the query %s", coded.Err, id)
	}
}

// rewritten is the service behind a proxy that changes its answers.
func rewritten(t *testing.T, s *service, change *regexp.Regexp) source.Endpoints {
	t.Helper()
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	server := httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) },
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			body = change.ReplaceAll(body, nil)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return r.Body.Close()
		},
	})
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return func(string) string { return server.URL }
}

// A query whose cost nobody knows has no estimate, and does not pass a limit.
func TestCostThatIsNotKnown(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, rewritten(t, s, regexp.MustCompile(`,\\"bytesAssigned\\":\d+`)), config())
	if got, err := src.Estimate(t.Context(), source.PlanRequest{Table: events()}); fault.CodeOf(err) != fault.SourceUnsupported {
		t.Errorf("estimate %+v, %v", got, err)
	}
	if _, err := src.Plan(t.Context(), source.PlanRequest{Table: events(), MaximumBytes: 1 << 60}); fault.CodeOf(err) != fault.SourceCostLimit {
		t.Errorf("within a limit: %v", err)
	}
	plan(t, src, source.PlanRequest{})
}

// What the service does not call a SELECT is not taken for one.
func TestStatementsOfNoType(t *testing.T) {
	s := start(t)
	fill(t, s)
	const sql = "SELECT ID FROM CRM.SALES.EVENTS"
	plan(t, open(t, s.endpoints, config()), source.PlanRequest{Query: sql})
	src := open(t, rewritten(t, s, regexp.MustCompile(`"statementTypeId":\d+,`)), config())
	if _, err := src.Plan(t.Context(), source.PlanRequest{Query: sql}); fault.CodeOf(err) != fault.SourceInvalidQuery {
		t.Errorf("got %v, want %s", err, fault.SourceInvalidQuery)
	}
}

// An answer that is too large is refused for good, one that breaks off is not.
func TestAnswersWithoutEnd(t *testing.T) {
	const text = `{"success":true,"data":{"queryId":"q"}}`
	driver := snowflake.New(source.NoEndpoints)
	if err := snowflake.Decode(text, int64(len(text))); err != nil {
		t.Errorf("as long as it may be: %v", err)
	}
	if err := snowflake.Decode(text, int64(len(text))-1); fault.CodeOf(err) != fault.SourceUnsupported || fault.Retryable(err) {
		t.Errorf("one byte more: %v", err)
	}
	if class := driver.Classify(snowflake.Decode(text[:20], 1000)); class == nil || class.Code != fault.SourceUnavailable {
		t.Errorf("broken off: %v", class)
	}
}

// A number with a fraction is never read into a column of whole numbers.
func TestScaleThatChanged(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	p := plan(t, src, source.PlanRequest{})
	for i, c := range p.Table.Columns {
		if c.Name == "AMOUNT" {
			p.Table.Columns[i] = schema.Column{Name: c.Name, Type: schema.Int64, Nullable: true}
		}
	}
	_, err := src.Read(t.Context(), source.ReadRequest{Table: p.Table, Split: p.Splits[0]})
	if fault.CodeOf(err) != fault.SourceChanged {
		t.Errorf("got %v, want %s", err, fault.SourceChanged)
	}
}

// Only the role of the settings counts, whatever others the user has. Where
// leaving them is refused there must be none.
func TestSecondaryRoles(t *testing.T) {
	s := start(t)
	fill(t, s)
	user := func(secondary bool) {
		s.admin(t, "apply", object{"users": []object{{
			"name": user, "public_keys": []string{publicPEM(rsaKeys()[0])}, "roles": []string{role, "SIDE"}, "secondary_roles": secondary,
		}}})
	}
	s.admin(t, "apply", object{
		"roles": []object{{"name": "SIDE"}},
		"grants": []object{
			{"privilege": "USAGE", "on": "DATABASE", "database": "OTHER", "to": "SIDE"},
			{"privilege": "USAGE", "on": "SCHEMA", "database": "OTHER", "schema": "SALES", "to": "SIDE"},
			{"privilege": "SELECT", "on": "TABLE", "database": "OTHER", "schema": "SALES", "name": "OUTSIDE", "to": "SIDE"},
		},
	})
	user(true)
	_, err := open(t, s.endpoints, config()).Plan(t.Context(), source.PlanRequest{Query: "SELECT ID FROM OTHER.SALES.OUTSIDE"})
	if fault.CodeOf(err) != fault.SourceNotFound {
		t.Errorf("a table of a secondary role: %v", err)
	}
	refuse := object{"query": object{"code": "003001", "sql_state": "42501", "message": "not in such a session"}}
	s.admin(t, "faults", refuse)
	if _, err := open(t, s.endpoints, config()).Discover(t.Context(), ""); fault.CodeOf(err) != fault.SourcePermission {
		t.Errorf("secondary roles that stay: %v", err)
	}
	user(false)
	s.admin(t, "faults", refuse)
	if _, err := open(t, s.endpoints, config()).Discover(t.Context(), ""); err != nil {
		t.Errorf("none, and none can be left: %v", err)
	}
}

// A plan that would scan more than its limit is refused before it runs.
func TestCostLimit(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	estimate, err := src.Estimate(t.Context(), source.PlanRequest{Table: events()})
	if err != nil || estimate.Bytes == 0 || estimate.Rows != 4000 {
		t.Fatalf("estimate %+v, %v", estimate, err)
	}
	filter := source.Filter{{Column: "NAME", Op: source.Equal, Values: []string{"name-1"}}}
	for _, req := range []source.PlanRequest{{Table: events()}, {Table: events(), Filter: filter}, {Query: "SELECT * FROM CRM.SALES.EVENTS"}} {
		req.MaximumBytes = 10
		if _, err := src.Plan(t.Context(), req); fault.CodeOf(err) != fault.SourceCostLimit {
			t.Errorf("%+v within 10 bytes: %v", req, err)
		}
		req.MaximumBytes = estimate.Bytes
		plan(t, src, req)
	}
}

// A checkpoint in the middle of a chunk goes on at its row, also of a chunk
// that holds one record of any size.
func TestResumeInsideAChunk(t *testing.T) {
	s := start(t)
	fill(t, s)
	const rows = 100_000
	s.admin(t, "settings", object{"inline_rows": 1, "chunk_rows": rows})
	s.admin(t, "apply", object{
		"tables": []object{{
			"database": database, "schema": "SALES", "name": "LONG", "columns": []object{column("ID", "NUMBER(18,0)"), column("AT", "TIMESTAMP_NTZ(9)")},
			"select": fmt.Sprintf("SELECT i, TIMESTAMP '2024-01-01' + to_seconds(i) FROM range(%d) r(i)", rows),
		}},
		"grants": []object{{"privilege": "SELECT", "on": "TABLE", "database": database, "schema": "SALES", "name": "LONG", "to": role}},
	})
	src := open(t, s.endpoints, config())
	p := plan(t, src, source.PlanRequest{Table: schema.Table{Name: "CRM.SALES.LONG"}})
	from := source.Checkpoint("")
	var found []int64
	places := map[source.Checkpoint]bool{}
	for {
		r, err := src.Read(t.Context(), source.ReadRequest{Table: p.Table, Split: p.Splits[0], From: from})
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			_ = r.Close()
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found, from = append(found, b.Record.Column(0).(*array.Int64).Int64Values()...), b.After
		places[from] = true
		b.Release()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, allIDs(rows)) {
		t.Errorf("%d rows, want %d", len(found), rows)
	}
	if len(places) < 4 {
		t.Errorf("%d checkpoints: the chunk was not read in pieces", len(places))
	}
}

// A session serves several callers at once: pages, plans and reads.
func TestSeveralCallers(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	p := plan(t, src, source.PlanRequest{TargetBytes: 10_000})
	s.admin(t, "faults", object{"expire_sessions": user})
	var group sync.WaitGroup
	for _, split := range p.Splits {
		group.Go(func() {
			if got, err := ids(t, src, p, split, nil); err != nil || int64(len(got)) != split.Rows {
				t.Errorf("%s: %d rows, %v", split.Label, len(got), err)
			}
		})
	}
	for range 3 {
		group.Go(func() {
			if _, err := src.Discover(t.Context(), ""); err != nil {
				t.Errorf("discovering: %v", err)
			}
		})
		group.Go(func() {
			if _, err := src.Plan(t.Context(), source.PlanRequest{Table: events()}); err != nil {
				t.Errorf("planning: %v", err)
			}
		})
	}
	group.Wait()
}

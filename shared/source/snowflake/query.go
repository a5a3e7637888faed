package snowflake

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Waiting for a query. The service itself holds a request for a result for a
// while, so that the pauses only count where it does not.
const (
	firstPause   = 100 * time.Millisecond
	maxPause     = 5 * time.Second
	abortTimeout = 10 * time.Second
)

// statement is a query as it goes on the wire.
type statement struct {
	SQL          string             `json:"sqlText"`
	Async        bool               `json:"asyncExec"`
	DescribeOnly bool               `json:"describeOnly"`
	Sequence     int                `json:"sequenceId"`
	Submitted    int64              `json:"querySubmissionTime"`
	Bindings     map[string]binding `json:"bindings,omitempty"`
	Parameters   map[string]string  `json:"parameters,omitempty"`
}

type binding struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// bind binds values as TEXT, in order.
func bind(values []string) map[string]binding {
	bindings := make(map[string]binding, len(values))
	for i, v := range values {
		bindings[strconv.Itoa(i+1)] = binding{Type: "TEXT", Value: v}
	}
	return bindings
}

// describe compiles a query without running it and returns the types of its columns.
func (s *session) describe(ctx context.Context, sql string, binds []string) (result, error) {
	a, err := s.request(ctx, http.MethodPost, "/queries/v1/query-request", nil, statement{
		SQL: sql, DescribeOnly: true, Submitted: time.Now().UnixMilli(), Bindings: bind(binds),
	})
	return a.Data, err
}

// execute runs a query and waits for its end. When ctx ends first, or the
// service is out of reach, the server is told to stop it. One that takes longer
// than ctx's deadline is fault.SourceCostLimit: another attempt would begin anew,
// and get no further.
func (s *session) execute(ctx context.Context, sql string, binds []string, tag string) (result, error) {
	id := newID()
	submit := statement{
		SQL: sql, Async: true, Submitted: time.Now().UnixMilli(),
		Bindings: bind(binds), Parameters: map[string]string{"QUERY_TAG": tag},
	}
	// The id makes a second submission the same query, should the first answer be lost.
	a, err := s.request(ctx, http.MethodPost, "/queries/v1/query-request", url.Values{"requestId": {id}}, submit)
	query := a.Data.QueryID // empty while it is not known whether the query runs
	pause := firstPause
	for err == nil && !a.finished() {
		path := "/queries/" + url.PathEscape(query) + "/result"
		if pause > firstPause { // the first look comes at once
			if err = wait(ctx, pause); err != nil {
				break
			}
		}
		pause = min(2*pause, maxPause)
		a, err = s.request(ctx, http.MethodGet, path, nil, nil)
	}
	if refusal := (*sf.SnowflakeError)(nil); err != nil && !errors.As(err, &refusal) {
		s.abort(ctx, id, query)
		if query != "" && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fault.Wrap(fault.SourceCostLimit, "the query takes longer than the planning of a run may, and was stopped", err)
		}
	}
	return a.Data, err
}

// finished reports whether the rows are there: an answer in progress has none
// and counts as a success all the same.
func (a answer) finished() bool {
	return a.Success && a.Code != codeInProgress && a.Code != codeInProgressAsyn
}

// abort stops a query, by the request that submitted it or, when the service
// does not find it by that, by SQL. Nobody waits for it any more, so that nothing
// is left to do when both fail: the statement timeout ends the query then.
func (s *session) abort(ctx context.Context, request, query string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	a, err := s.send(ctx, http.MethodPost, "/queries/v1/abort-request", nil, map[string]string{"requestId": request})
	if query != "" && (err != nil || !a.Success) {
		_ = s.exec(ctx, "SELECT SYSTEM$CANCEL_QUERY("+text(query)+")") // the last resort
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/command"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/dialect"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
)

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// A query is a statement that was sent, running or not.
type query struct {
	id, text       string
	user           string
	session        *login
	async          bool
	describe       bool
	started, ended time.Time
	cancel         context.CancelCauseFunc
	done           chan struct{}
	outcome        command.Outcome
	where          command.Where
	chunks         *chunks
	err            *refusal.Error
	expired        bool
}

func (q *query) finished() bool {
	select {
	case <-q.done:
		return true
	default:
		return false
	}
}

// An Entry is a statement in the peer's journal.
type Entry struct {
	QueryID   string        `json:"query_id"`
	Session   int64         `json:"session"`
	User      string        `json:"user"`
	Role      string        `json:"role"`
	Warehouse string        `json:"warehouse"`
	Tag       string        `json:"query_tag"`
	Class     command.Class `json:"class"`
	Text      string        `json:"text"`
	Describe  bool          `json:"describe_only"`
	Async     bool          `json:"async"`
	At        time.Time     `json:"at"`
}

type queryRequest struct {
	Text       string         `json:"sqlText"`
	Async      bool           `json:"asyncExec"`
	Describe   bool           `json:"describeOnly"`
	Parameters map[string]any `json:"parameters"`
	Bindings   map[string]struct {
		Type  string `json:"type"`
		Value any    `json:"value"`
	} `json:"bindings"`
}

// submit starts a query and answers with its result if that is there in time.
// A request that is sent again finds the query that it started.
func (s *Server) submit(w http.ResponseWriter, r *http.Request, l *login) {
	var request queryRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, "bad query request", http.StatusBadRequest)
		return
	}
	key := requestKey(l, r.URL.Query().Get("requestId"))
	s.mu.Lock()
	q := s.requests[key]
	if q == nil {
		q = s.start(l, request)
		s.requests[key] = q
	}
	s.mu.Unlock()
	if q.async {
		s.asyncInProgress(w, q)
		return
	}
	s.await(w, r, q)
}

func requestKey(l *login, id string) string { return strconv.FormatInt(l.ID, 10) + "/" + id }

// start runs a query in the background. The server must be locked.
func (s *Server) start(l *login, request queryRequest) *query {
	ctx, cancel := context.WithCancelCause(s.ctx)
	q := &query{id: queryID(), text: request.Text, user: l.User, session: l, async: request.Async, describe: request.Describe, started: s.now(), cancel: cancel, done: make(chan struct{})}
	s.queries[q.id] = q
	tag := l.Get("QUERY_TAG")
	if v, ok := request.Parameters["QUERY_TAG"].(string); ok {
		tag = v
	}
	at := l.Where()
	s.journal = append(s.journal, Entry{q.id, l.ID, l.User, at.Role, at.Warehouse, tag, command.Classify(q.text), q.text, q.describe, q.async, q.started})
	timeout := l.Timeout()
	if v := text(request.Parameters["STATEMENT_TIMEOUT_IN_SECONDS"]); v != "" {
		if n, err := strconv.Atoi(v); err == nil {
			timeout = n
		}
	}
	binds := map[string]dialect.Value{}
	for k, b := range request.Bindings {
		v := dialect.Value{Type: b.Type}
		if text, ok := b.Value.(string); ok {
			v.Text = &text
		}
		binds[k] = v
	}
	s.running.Go(func() {
		defer cancel(nil)
		if timeout > 0 {
			timer := time.AfterFunc(seconds(timeout), func() { cancel(refusal.TimedOut(timeout)) })
			defer timer.Stop()
		}
		err := s.run(ctx, q, command.Statement{Text: q.text, Binds: binds, Describe: q.describe})
		if cause := context.Cause(ctx); err != nil && cause != nil && errors.Is(err, context.Canceled) {
			err = cause
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		q.ended, q.where = s.now(), l.Where()
		if err != nil {
			q.err = asRefusal(err)
		}
		l.Ran(q.id)
		close(q.done)
	})
	return q
}

// run executes a statement and keeps its rows.
func (s *Server) run(ctx context.Context, q *query, st command.Statement) error {
	if e := s.take(&s.faults.queries); e != nil {
		return e
	}
	if delay := s.delay(); delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	out, err := s.executor.Execute(ctx, q.session.Session, st)
	if err != nil {
		return err
	}
	q.outcome = out
	if out.Rows == nil {
		return nil
	}
	defer out.Rows.Close()
	s.mu.Lock()
	settings := s.settings
	s.mu.Unlock()
	q.chunks, err = pack(ctx, out, settings)
	return err
}

// await answers with the result of a query, or that it is still running.
func (s *Server) await(w http.ResponseWriter, r *http.Request, q *query) {
	s.mu.Lock()
	wait := time.Duration(s.settings.WaitMillis) * time.Millisecond
	s.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-q.done:
		s.finish(w, r, q)
	case <-timer.C:
		if q.async {
			s.asyncInProgress(w, q)
		} else {
			s.inProgress(w, q, "333333", "Query execution in progress.")
		}
	case <-r.Context().Done():
	}
}

func (s *Server) asyncInProgress(w http.ResponseWriter, q *query) {
	s.inProgress(w, q, "333334", "Query execution in progress. Asynchronous execution in progress. Use provided query id to perform query monitoring and management.")
}

func (s *Server) inProgress(w http.ResponseWriter, q *query, code, message string) {
	s.reply(w, answer{Success: true, Code: &code, Message: &message, Data: map[string]any{
		"queryId": q.id, "getResultUrl": "/queries/" + q.id + "/result", "queryAbortsAfterSecs": 300, "progressDesc": nil, "sqlState": nil,
	}})
}

// result answers with the result of any query of the same user.
func (s *Server) result(w http.ResponseWriter, r *http.Request, l *login) {
	q := s.find(l, r.PathValue("id"))
	if q == nil {
		s.refuse(w, refusal.UnknownStatement(r.PathValue("id")), r.PathValue("id"))
		return
	}
	s.await(w, r, q)
}

func (s *Server) find(l *login, id string) *query {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queries[id]; q != nil && q.user == l.User {
		return q
	}
	return nil
}

// abort stops the query that a request started.
func (s *Server) abort(w http.ResponseWriter, r *http.Request, l *login) {
	var request struct {
		RequestID string `json:"requestId"`
		SQLText   string `json:"sqlText"`
		QueryID   string `json:"queryId"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, "bad abort request", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	q := s.requests[requestKey(l, request.RequestID)]
	if q == nil && request.QueryID != "" {
		if other := s.queries[request.QueryID]; other != nil && other.user == l.User {
			q = other
		}
	}
	s.mu.Unlock()
	if q == nil || q.finished() {
		s.refuse(w, refusal.NotExecuting(), "")
		return
	}
	q.cancel(refusal.Cancelled())
	s.reply(w, answer{Success: true})
}

// monitor tells how a query stands.
func (s *Server) monitor(w http.ResponseWriter, r *http.Request, l *login) {
	q := s.find(l, r.PathValue("id"))
	if q == nil {
		s.reply(w, answer{Success: true, Data: map[string]any{"queries": []any{}}})
		return
	}
	status := map[string]any{"id": q.id, "sqlText": q.text, "startTime": q.started.UnixMilli(), "endTime": 0, "status": "RUNNING", "errorCode": "", "errorMessage": "", "stats": map[string]any{}}
	if q.finished() {
		status["endTime"] = q.ended.UnixMilli()
		status["status"] = "SUCCESS"
		if q.err != nil {
			status["status"], status["errorCode"], status["errorMessage"] = "FAILED_WITH_ERROR", q.err.Code, q.err.Message
		} else if q.chunks != nil {
			status["stats"] = map[string]any{"producedRows": q.chunks.rows, "scanBytes": q.chunks.bytes}
		}
	}
	s.reply(w, answer{Success: true, Data: map[string]any{"queries": []any{status}}})
}

// finishedQuery finds a query of a user whose result is there. The server must
// be locked.
func (s *Server) finishedQuery(user, id string) (*query, error) {
	q := s.queries[id]
	switch {
	case q == nil || q.user != user:
		return nil, refusal.UnknownStatement(id)
	case q.expired:
		return nil, refusal.ResultExpired(id)
	case !q.finished() || q.err != nil:
		// No public report was found of the service's code for this.
		return nil, refusal.New("000711", "02000", "Result for query %s is not available", id)
	}
	return q, nil
}

// Result implements command.History.
func (s *Server) Result(user, id string) (command.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.finishedQuery(user, id)
	if err != nil {
		return command.Outcome{}, err
	}
	return q.outcome, nil
}

// Columns implements command.History.
func (s *Server) Columns(user, id string) ([]datatype.Column, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.finishedQuery(user, id)
	if err != nil {
		return nil, err
	}
	return q.outcome.Columns, nil
}

// StartedAt implements command.History.
func (s *Server) StartedAt(id string) (dialect.Instant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queries[id]
	if q == nil {
		return 0, refusal.UnknownStatement(id)
	}
	return dialect.Instant(q.started.UnixNano()), nil
}

package server

import (
	"net/http"
	"slices"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/command"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
)

// faults are what the next requests will meet.
type faults struct {
	logins, queries []*refusal.Error
	chunks          []string
	statuses        []int
	delays          []time.Duration
}

// take removes the next of some planned errors.
func (s *Server) take(planned *[]*refusal.Error) *refusal.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*planned) == 0 {
		return nil
	}
	e := (*planned)[0]
	*planned = (*planned)[1:]
	return e
}

// broken answers a request with the next planned status, if there is one.
func (s *Server) broken(w http.ResponseWriter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults.statuses) == 0 {
		return false
	}
	status := s.faults.statuses[0]
	s.faults.statuses = s.faults.statuses[1:]
	http.Error(w, "", status)
	return true
}

// FailRequests lets the next n requests to the service, chunks apart, fail
// with an HTTP status.
func (s *Server) FailRequests(status, n int) {
	s.plan(func(f *faults) { f.statuses = append(f.statuses, slices.Repeat([]int{status}, n)...) })
}

func (s *Server) delay() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults.delays) == 0 {
		return 0
	}
	d := s.faults.delays[0]
	s.faults.delays = s.faults.delays[1:]
	return d
}

func (s *Server) chunkFault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults.chunks) == 0 {
		return ""
	}
	f := s.faults.chunks[0]
	s.faults.chunks = s.faults.chunks[1:]
	return f
}

// FailLogin lets the next login fail.
func (s *Server) FailLogin(e *refusal.Error) {
	s.plan(func(f *faults) { f.logins = append(f.logins, e) })
}

// FailQuery lets the next query fail.
func (s *Server) FailQuery(e *refusal.Error) {
	s.plan(func(f *faults) { f.queries = append(f.queries, e) })
}

// DelayQuery lets the next query take a while longer.
func (s *Server) DelayQuery(d time.Duration) {
	s.plan(func(f *faults) { f.delays = append(f.delays, d) })
}

// FailChunks lets the next n downloads of chunks go wrong: unavailable,
// forbidden, reset or truncated.
func (s *Server) FailChunks(kind string, n int) {
	s.plan(func(f *faults) {
		f.chunks = append(f.chunks, slices.Repeat([]string{kind}, n)...)
	})
}

// ClearFaults forgets what was planned and did not happen yet.
func (s *Server) ClearFaults() { s.plan(func(f *faults) { *f = faults{} }) }

func (s *Server) plan(change func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
}

// ExpireResult lets the result of a query be gone; it tells whether there is
// such a query.
func (s *Server) ExpireResult(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queries[id]
	if q != nil {
		q.expired = true
	}
	return q != nil
}

// Journal is every statement since the last reset, or those of one class.
func (s *Server) Journal(class command.Class) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Entry{}
	for _, e := range s.journal {
		if class == "" || e.Class == class {
			out = append(out, e)
		}
	}
	return out
}

// ResetJournal forgets the statements so far.
func (s *Server) ResetJournal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = nil
}

// Settings are the server's settings.
func (s *Server) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Change replaces the settings.
func (s *Server) Change(settings Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = settings
}

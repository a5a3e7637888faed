package server

import (
	"net/http"
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
)

func bearer(r *http.Request) string {
	value, ok := strings.CutPrefix(r.Header.Get("Authorization"), `Snowflake Token="`)
	if !ok {
		return ""
	}
	return strings.TrimSuffix(value, `"`)
}

// withSession finds the session of a request's token.
func (s *Server) withSession(next func(http.ResponseWriter, *http.Request, *login)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.broken(w) {
			return
		}
		s.mu.Lock()
		l := s.sessions[bearer(r)]
		var err error
		switch {
		case l == nil:
			err = refusal.InvalidToken()
		case l.closed:
			err = refusal.SessionGone()
		case s.now().After(l.expires):
			err = refusal.SessionExpired()
		}
		s.mu.Unlock()
		if err != nil {
			s.refuse(w, err, "")
			return
		}
		next(w, r, l)
	}
}

// renew gives a session new tokens for its master token.
func (s *Server) renew(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.masters[bearer(r)]
	switch {
	case l == nil:
		s.refuse(w, refusal.InvalidToken(), "")
	case l.closed:
		s.refuse(w, refusal.SessionGone(), "")
	case s.now().After(l.masterExpires):
		s.refuse(w, refusal.MasterExpired(), "")
	default:
		s.issue(l)
		s.reply(w, answer{Success: true, Data: map[string]any{
			"sessionToken": l.token, "validityInSecondsST": s.settings.SessionSeconds, "masterToken": l.master, "validityInSecondsMT": s.settings.MasterSeconds, "sessionId": l.ID,
		}})
	}
}

func (s *Server) heartbeat(w http.ResponseWriter, _ *http.Request, l *login) {
	s.mu.Lock()
	l.masterExpires = s.now().Add(seconds(s.settings.MasterSeconds))
	s.mu.Unlock()
	s.reply(w, answer{Success: true})
}

// closeSession ends a session, and the queries that still run in it with it.
func (s *Server) closeSession(w http.ResponseWriter, r *http.Request, l *login) {
	if r.URL.Query().Get("delete") != "true" {
		http.Error(w, "unknown session request", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	l.closed = true
	for _, q := range s.queries {
		if q.session == l && !q.finished() {
			q.cancel(refusal.Cancelled())
		}
	}
	s.mu.Unlock()
	s.reply(w, answer{Success: true})
}

// ExpireSessions lets the session tokens of a user, or of everybody, expire
// now, and their master tokens too if asked. It returns how many there were.
func (s *Server) ExpireSessions(user string, masters bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, l := range s.sessions {
		if user != "" && l.User != user {
			continue
		}
		n++
		l.expires = s.now().Add(-1)
		if masters {
			l.masterExpires = l.expires
		}
	}
	return n
}

// Package admin is how a test sets the account up and makes things go wrong:
// JSON over HTTP under /_peer/, without authentication. README.md is its
// reference.
package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/command"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/server"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/store"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// An API changes the account and the server.
type API struct {
	World  *world.World
	Store  *store.Store
	Server *server.Server
}

// Routes adds the API's endpoints to a mux.
func (a *API) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /_peer/apply", handle(a.apply))
	mux.HandleFunc("POST /_peer/rows", handle(a.rows))
	mux.HandleFunc("POST /_peer/alter", handle(a.alter))
	mux.HandleFunc("POST /_peer/drop", handle(a.drop))
	mux.HandleFunc("POST /_peer/faults", handle(a.faults))
	mux.HandleFunc("POST /_peer/settings", a.settings)
	mux.HandleFunc("GET /_peer/settings", func(w http.ResponseWriter, _ *http.Request) { reply(w, a.Server.Settings()) })
	mux.HandleFunc("GET /_peer/statements", func(w http.ResponseWriter, _ *http.Request) { reply(w, a.Server.Journal("")) })
	mux.HandleFunc("GET /_peer/mutations", func(w http.ResponseWriter, _ *http.Request) { reply(w, a.Server.Journal(command.Mutating)) })
	mux.HandleFunc("DELETE /_peer/statements", func(w http.ResponseWriter, _ *http.Request) {
		a.Server.ResetJournal()
		reply(w, struct{}{})
	})
}

// handle decodes a request strictly and answers {} or {"error": …}.
func handle[T any](run func(*http.Request, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request T
		if err := decode(r, &request); err != nil {
			fail(w, err)
			return
		}
		if err := run(r, request); err != nil {
			fail(w, err)
			return
		}
		reply(w, struct{}{})
	}
}

func decode(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	return nil
}

func fail(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (a *API) settings(w http.ResponseWriter, r *http.Request) {
	settings := a.Server.Settings()
	if err := decode(r, &settings); err != nil {
		fail(w, err)
		return
	}
	a.Server.Change(settings)
	reply(w, settings)
}

type failure struct {
	Code    string `json:"code"`
	State   string `json:"sql_state"`
	Message string `json:"message"`
}

func (f *failure) refusal() *refusal.Error {
	return &refusal.Error{Code: f.Code, State: f.State, Message: f.Message}
}

type faultRequest struct {
	Login          *failure `json:"login"`
	Query          *failure `json:"query"`
	DelayMillis    int      `json:"delay_ms"`
	Chunks         string   `json:"chunks"`
	Status         int      `json:"http_status"`
	Count          int      `json:"count"`
	ExpireSessions string   `json:"expire_sessions"`
	Masters        bool     `json:"masters"`
	ExpireResult   string   `json:"expire_result"`
	Clear          bool     `json:"clear"`
}

func (a *API) faults(_ *http.Request, f faultRequest) error {
	if f.Clear {
		a.Server.ClearFaults()
	}
	if f.Login != nil {
		a.Server.FailLogin(f.Login.refusal())
	}
	if f.Query != nil {
		a.Server.FailQuery(f.Query.refusal())
	}
	if f.DelayMillis > 0 {
		a.Server.DelayQuery(time.Duration(f.DelayMillis) * time.Millisecond)
	}
	switch f.Chunks {
	case "":
	case "unavailable", "forbidden", "reset", "truncated":
		a.Server.FailChunks(f.Chunks, max(f.Count, 1))
	default:
		return fmt.Errorf("unknown fault %q of chunks", f.Chunks)
	}
	if f.Status != 0 {
		a.Server.FailRequests(f.Status, max(f.Count, 1))
	}
	if f.ExpireSessions != "" {
		user := f.ExpireSessions
		if user == "*" {
			user = ""
		}
		if a.Server.ExpireSessions(user, f.Masters) == 0 {
			return fmt.Errorf("no session of user %s", f.ExpireSessions)
		}
	}
	if f.ExpireResult != "" && !a.Server.ExpireResult(f.ExpireResult) {
		return fmt.Errorf("no query %s", f.ExpireResult)
	}
	return nil
}

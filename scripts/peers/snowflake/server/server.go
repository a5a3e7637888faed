// Package server speaks the service's wire protocol as gosnowflake uses it:
// login and session tokens, queries synchronous and not, results by query id
// in chunks, and aborts. The endpoints and their fields are those of
// gosnowflake/v2 v2.1.0 (restful.go, auth.go, query.go, monitoring.go).
package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/command"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/store"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// Settings are what a test may want other than the service has it.
type Settings struct {
	// InlineRows is how many rows come with the answer itself, ChunkRows how
	// many in each chunk after that.
	InlineRows int `json:"inline_rows"`
	ChunkRows  int `json:"chunk_rows"`
	// Wait is how long a request for a result waits for it before it answers
	// that the query is still running.
	WaitMillis int `json:"wait_ms"`
	// ChunkSeconds is how long the address of a chunk is good.
	ChunkSeconds int `json:"chunk_url_seconds"`
	// SessionSeconds and MasterSeconds are how long tokens are good.
	SessionSeconds int `json:"session_seconds"`
	MasterSeconds  int `json:"master_seconds"`
}

// DefaultSettings are the service's, but for the sizes of chunks, which it
// counts in bytes.
func DefaultSettings() Settings {
	return Settings{InlineRows: 1000, ChunkRows: 20000, WaitMillis: 45000, ChunkSeconds: 6 * 3600, SessionSeconds: 3600, MasterSeconds: 4 * 3600}
}

// A Server is the wire side of one account.
type Server struct {
	world    *world.World
	executor *command.Executor
	log      *slog.Logger
	key      []byte
	ctx      context.Context

	mu       sync.Mutex
	settings Settings
	faults   faults
	sessions map[string]*login // by session token
	masters  map[string]*login
	lastID   int64
	queries  map[string]*query
	requests map[string]*query
	journal  []Entry
	running  sync.WaitGroup
}

// New returns a server of an account. Queries run until ctx ends.
func New(ctx context.Context, w *world.World, st *store.Store, e engine.Engine, log *slog.Logger) *Server {
	s := &Server{
		world: w, log: log, ctx: ctx, key: []byte(token()), settings: DefaultSettings(),
		sessions: map[string]*login{}, masters: map[string]*login{}, queries: map[string]*query{}, requests: map[string]*query{},
	}
	s.executor = &command.Executor{World: w, Store: st, Engine: e, History: s}
	return s
}

// Executor runs the server's statements.
func (s *Server) Executor() *command.Executor { return s.executor }

// Wait returns when no query runs any more.
func (s *Server) Wait() { s.running.Wait() }

// Routes adds the protocol's endpoints to a mux.
func (s *Server) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /session/v1/login-request", s.logIn)
	mux.HandleFunc("POST /session/token-request", s.renew)
	mux.HandleFunc("POST /session/heartbeat", s.withSession(s.heartbeat))
	mux.HandleFunc("POST /session", s.withSession(s.closeSession))
	mux.HandleFunc("POST /queries/v1/query-request", s.withSession(s.submit))
	mux.HandleFunc("POST /queries/v1/abort-request", s.withSession(s.abort))
	mux.HandleFunc("GET /queries/{id}/result", s.withSession(s.result))
	mux.HandleFunc("GET /monitoring/queries/{id}", s.withSession(s.monitor))
	mux.HandleFunc("GET /results/{id}/{chunk}", s.chunk)
	mux.HandleFunc("POST /telemetry/send", func(w http.ResponseWriter, _ *http.Request) { s.reply(w, answer{Success: true}) })
}

// An answer is the frame of every response.
type answer struct {
	Data    any     `json:"data"`
	Code    *string `json:"code"`
	Message *string `json:"message"`
	Success bool    `json:"success"`
}

func (s *Server) reply(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(a); err != nil {
		s.log.Debug("client went away", slog.Any("error", err))
	}
}

// refuse answers with an error, as the service does: with status 200.
func (s *Server) refuse(w http.ResponseWriter, err error, queryID string) {
	e := asRefusal(err)
	data := map[string]any{"internalError": false, "errorCode": e.Code, "age": 0, "sqlState": e.State, "queryId": queryID, "line": -1, "pos": -1, "type": "COMPILATION"}
	s.reply(w, answer{Data: data, Code: &e.Code, Message: &e.Message})
}

// asRefusal is the error that the client gets to see; what is no refusal is a
// fault of the peer and says so.
func asRefusal(err error) *refusal.Error {
	if e, ok := errors.AsType[*refusal.Error](err); ok {
		return e
	}
	return refusal.New("000603", "XX000", "SQL execution internal error (of this peer): %v", err)
}

func token() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails, says its documentation
	return hex.EncodeToString(b)
}

// queryID makes an id in the service's format.
func queryID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return fmt.Sprintf("01%x-%x-%x-%x-%x", b[1:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func (s *Server) now() time.Time { return s.world.Now() }

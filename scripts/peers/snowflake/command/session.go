// Package command executes statements: queries, SHOW, DESCRIBE, USE and the
// session's own commands. Everything that would change the account is refused.
package command

import (
	"maps"
	"strconv"
	"strings"
	"sync"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// A Session is what a login opened.
type Session struct {
	ID        int64
	User      string
	Account   string
	mu        sync.Mutex
	role      string
	only      bool // the role cannot be changed
	secondary bool
	warehouse string
	database  string
	schema    string
	params    map[string]string
	lastQuery string
}

// Where a session stands: its current objects, empty for none.
type Where struct{ Role, Warehouse, Database, Schema string }

// Defaults are the parameters that a session starts with, as far as clients
// look at them.
func Defaults() map[string]string {
	return map[string]string{
		"ABORT_DETACHED_QUERY": "false", "AUTOCOMMIT": "true", "BINARY_OUTPUT_FORMAT": "HEX", "CLIENT_MEMORY_LIMIT": "1536", "CLIENT_PREFETCH_THREADS": "4",
		"CLIENT_RESULT_CHUNK_SIZE": "160", "CLIENT_SESSION_KEEP_ALIVE": "false", "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": "3600", "CLIENT_TELEMETRY_ENABLED": "false",
		"CLIENT_TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_LTZ", "DATE_OUTPUT_FORMAT": "YYYY-MM-DD", "GEOGRAPHY_OUTPUT_FORMAT": "GeoJSON", "GO_QUERY_RESULT_FORMAT": "ARROW", "MULTI_STATEMENT_COUNT": "1",
		"QUERY_TAG": "", "ROWS_PER_RESULTSET": "0", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": "0", "STATEMENT_TIMEOUT_IN_SECONDS": "172800", "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
		"TIMESTAMP_LTZ_OUTPUT_FORMAT": "", "TIMESTAMP_TZ_OUTPUT_FORMAT": "", "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ", "TIMEZONE": "America/Los_Angeles",
		"TIME_OUTPUT_FORMAT": "HH24:MI:SS", "TRANSACTION_DEFAULT_ISOLATION_LEVEL": "READ COMMITTED", "USE_CACHED_RESULT": "true", "WEEK_START": "0", "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": "65280",
		"CLIENT_VALIDATE_DEFAULT_PARAMETERS": "true", "CLIENT_REQUEST_MFA_TOKEN": "false", "CLIENT_STORE_TEMPORARY_CREDENTIAL": "false",
	}
}

// NewSession opens a session of a user. A restricted session keeps its role.
func NewSession(id int64, user *world.User, account string, at Where, restricted bool) *Session {
	return &Session{
		ID: id, User: user.Name, Account: account, role: at.Role, warehouse: at.Warehouse, database: at.Database, schema: at.Schema,
		only: restricted, secondary: user.SecondaryRoles && !restricted, params: Defaults(),
	}
}

// Where tells the session's current objects.
func (s *Session) Where() Where {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Where{s.role, s.warehouse, s.database, s.schema}
}

// Held are the roles whose privileges count in the session. The world must be locked.
func (s *Session) Held(w *world.World) world.Roles {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secondary {
		return w.Closure(append(w.RolesOf(s.User), s.role)...)
	}
	return w.Closure(s.role)
}

// secondaryRoles tells whether all roles of the user count.
func (s *Session) secondaryRoles() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secondary
}

// Set sets a parameter; it tells whether there is one of the name.
func (s *Session) Set(name, value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = strings.ToUpper(name)
	if _, ok := s.params[name]; !ok {
		return false
	}
	s.params[name] = value
	return true
}

// Get is a parameter's value.
func (s *Session) Get(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.params[name]
}

// Params are all parameters.
func (s *Session) Params() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.params)
}

// Timeout is how long a statement may run, in seconds; 0 is no limit.
func (s *Session) Timeout() int {
	n, err := strconv.Atoi(s.Get("STATEMENT_TIMEOUT_IN_SECONDS"))
	if err != nil {
		return 0
	}
	return n
}

// Ran notes the session's latest query.
func (s *Session) Ran(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastQuery = id
}

func (s *Session) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastQuery
}

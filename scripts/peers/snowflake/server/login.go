package server

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/command"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// A login is a session with its tokens.
type login struct {
	*command.Session
	token, master          string
	expires, masterExpires time.Time
	closed                 bool
}

type loginRequest struct {
	Data struct {
		Account       string         `json:"ACCOUNT_NAME"`
		User          string         `json:"LOGIN_NAME"`
		Password      string         `json:"PASSWORD"`
		Token         string         `json:"TOKEN"`
		Authenticator string         `json:"AUTHENTICATOR"`
		Provider      string         `json:"PROVIDER"`
		Parameters    map[string]any `json:"SESSION_PARAMETERS"`
	} `json:"data"`
}

func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	var request loginRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, "bad login request", http.StatusBadRequest)
		return
	}
	if s.broken(w) {
		return
	}
	if e := s.take(&s.faults.logins); e != nil {
		s.refuse(w, e, "")
		return
	}
	d := request.Data
	account, _, _ := strings.Cut(strings.ToUpper(d.Account), ".")
	if s.world.Account != "" && account != s.world.Account {
		// The service does not know the host name of an account that does not exist.
		http.Error(w, "", http.StatusNotFound)
		return
	}
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	s.world.RLock()
	defer s.world.RUnlock()
	user, only, err := s.world.Authenticate(world.Credential{Account: d.Account, User: d.User, Password: d.Password, Token: d.Token, Authenticator: d.Authenticator, Provider: d.Provider, Address: address})
	if err != nil {
		s.refuse(w, err, "")
		return
	}
	at, err := s.enter(user, only, r.URL.Query(), d.Parameters["CLIENT_VALIDATE_DEFAULT_PARAMETERS"] == true)
	if err != nil {
		s.refuse(w, err, "")
		return
	}
	s.mu.Lock()
	s.lastID++
	l := &login{Session: command.NewSession(s.lastID, user, account, at, only != "")}
	for k, v := range d.Parameters {
		l.Set(k, text(v))
	}
	s.issue(l)
	settings := s.settings
	s.mu.Unlock()
	s.reply(w, answer{Success: true, Data: map[string]any{
		"token": l.token, "masterToken": l.master, "validityInSeconds": settings.SessionSeconds, "masterValidityInSeconds": settings.MasterSeconds,
		"displayUserName": user.Name, "serverVersion": "9.32.1", "firstLogin": false, "sessionId": l.ID, "healthCheckInterval": 45, "parameters": parameters(l.Session),
		"sessionInfo": map[string]any{"databaseName": orNil(at.Database), "schemaName": orNil(at.Schema), "warehouseName": orNil(at.Warehouse), "roleName": at.Role},
	}})
}

// enter finds the objects that a session starts with: those of the request,
// else the user's defaults. Those that the role may not use are left out, or
// refused where the client asks for that. The world must be locked.
func (s *Server) enter(user *world.User, only string, query map[string][]string, validate bool) (command.Where, error) {
	get := func(name string) string {
		if v := query[name]; len(v) == 1 {
			return fold(v[0])
		}
		return ""
	}
	at := command.Where{Role: get("roleName"), Warehouse: get("warehouse"), Database: get("databaseName"), Schema: get("schemaName")}
	if only != "" {
		if at.Role != "" && at.Role != only {
			return at, refusal.RoleNotGranted(at.Role)
		}
		at.Role = only
	}
	switch {
	case at.Role == "" && user.DefaultRole != "" && s.world.Granted(user.Name, user.DefaultRole):
		at.Role = user.DefaultRole
	case at.Role == "":
		at.Role = "PUBLIC"
	case s.world.Roles[at.Role] == nil || !s.world.Granted(user.Name, at.Role):
		return at, refusal.RoleNotGranted(at.Role)
	}
	asked := at
	if at.Warehouse == "" {
		at.Warehouse = user.DefaultWarehouse
	}
	if at.Database == "" && user.DefaultNamespace != "" {
		at.Database, at.Schema, _ = strings.Cut(user.DefaultNamespace, ".")
	}
	held := s.world.Closure(at.Role)
	if user.SecondaryRoles {
		held = s.world.Closure(append(s.world.RolesOf(user.Name), at.Role)...)
	}
	if at.Warehouse != "" && (s.world.Warehouses[at.Warehouse] == nil || !s.world.Sees(held, world.Target{Kind: "WAREHOUSE", Name: at.Warehouse})) {
		if validate && asked.Warehouse != "" {
			return at, refusal.ObjectNotAuthorized("warehouse")
		}
		at.Warehouse = ""
	}
	if at.Database != "" {
		d := s.world.Databases[at.Database]
		if d == nil || !s.world.Can(held, "USAGE", d.Target()) {
			if validate && asked.Database != "" {
				return at, refusal.ObjectNotAuthorized("database")
			}
			at.Database = ""
		}
	}
	if at.Database == "" {
		at.Schema = ""
	} else if at.Schema == "" {
		at.Schema = "PUBLIC"
	}
	if at.Schema != "" {
		if _, err := s.world.Usable(held, at.Database, at.Schema); err != nil {
			if validate && asked.Schema != "" {
				return at, refusal.ObjectNotAuthorized("schema")
			}
			at.Schema = ""
		}
	}
	return at, nil
}

// fold reads a name of a connection request, which folds as in SQL.
func fold(name string) string {
	tokens, err := sqltext.Split(name)
	if err == nil && len(tokens) == 2 && tokens[0].Identifier() {
		return tokens[0].Name()
	}
	return name
}

// issue gives a session new tokens. The server must be locked.
func (s *Server) issue(l *login) {
	delete(s.sessions, l.token)
	delete(s.masters, l.master)
	now := s.now()
	l.token, l.master = token(), token()
	l.expires = now.Add(time.Duration(s.settings.SessionSeconds) * time.Second)
	l.masterExpires = now.Add(time.Duration(s.settings.MasterSeconds) * time.Second)
	s.sessions[l.token], s.masters[l.master] = l, l
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// parameters are a session's, typed as the service does: true, 4, "UTC".
func parameters(s *command.Session) []map[string]any {
	var out []map[string]any
	for k, v := range s.Params() {
		var value any = v
		if b, err := strconv.ParseBool(v); err == nil && len(v) > 1 {
			value = b
		} else if n, err := strconv.Atoi(v); err == nil {
			value = n
		}
		out = append(out, map[string]any{"name": k, "value": value})
	}
	return out
}

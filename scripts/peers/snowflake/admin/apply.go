package admin

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

type applyRequest struct {
	Roles      []role      `json:"roles"`
	Users      []user      `json:"users"`
	Warehouses []warehouse `json:"warehouses"`
	Databases  []container `json:"databases"`
	Schemas    []container `json:"schemas"`
	Tables     []table     `json:"tables"`
	Grants     []grant     `json:"grants"`
	Revokes    []grant     `json:"revokes"`
}

type role struct {
	Name    string   `json:"name"`
	Comment string   `json:"comment"`
	ToUsers []string `json:"to_users"`
	ToRoles []string `json:"to_roles"`
	// FromUsers and FromRoles lose the role.
	FromUsers []string `json:"from_users"`
	FromRoles []string `json:"from_roles"`
}

type secret struct {
	Value          string `json:"value"`
	Role           string `json:"role"`
	ExpiresSeconds *int   `json:"expires_in_seconds"`
	Disabled       bool   `json:"disabled"`
}

type user struct {
	Name             string   `json:"name"`
	Password         string   `json:"password"`
	PublicKeys       []string `json:"public_keys"`
	PATs             []secret `json:"pats"`
	OAuthTokens      []secret `json:"oauth_tokens"`
	AWSAccessKeys    []string `json:"aws_access_keys"`
	Roles            []string `json:"roles"`
	DefaultRole      string   `json:"default_role"`
	DefaultWarehouse string   `json:"default_warehouse"`
	DefaultNamespace string   `json:"default_namespace"`
	SecondaryRoles   bool     `json:"secondary_roles"`
	Type             string   `json:"type"`
	Disabled         bool     `json:"disabled"`
	Locked           bool     `json:"locked"`
	Blocked          bool     `json:"blocked_by_network_policy"`
	NoPolicy         bool     `json:"no_network_policy"`
}

type warehouse struct {
	Name      string `json:"name"`
	Size      string `json:"size"`
	Suspended bool   `json:"suspended"`
	// AutoResume is true unless said otherwise.
	AutoResume *bool  `json:"auto_resume"`
	Monitor    string `json:"resource_monitor"`
	Exceeded   bool   `json:"quota_exceeded"`
}

type container struct {
	Database  string `json:"database"`
	Name      string `json:"name"`
	Comment   string `json:"comment"`
	Owner     string `json:"owner"`
	Retention *int   `json:"retention_days"`
}

type column struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	NotNull bool   `json:"not_null"`
	Comment string `json:"comment"`
	Default string `json:"default"`
}

func (c column) parse() (datatype.Column, error) {
	t, err := datatype.Parse(c.Type)
	if err != nil {
		return datatype.Column{}, fmt.Errorf("column %s: %w", c.Name, err)
	}
	return datatype.Column{Name: c.Name, Type: t, Nullable: !c.NotNull, Comment: c.Comment, Default: c.Default}, nil
}

type table struct {
	Database       string   `json:"database"`
	Schema         string   `json:"schema"`
	Name           string   `json:"name"`
	Count          int      `json:"count"`
	Kind           string   `json:"kind"`
	Subkind        string   `json:"subkind"`
	Columns        []column `json:"columns"`
	PrimaryKey     []string `json:"primary_key"`
	Query          string   `json:"query"`
	Secure         bool     `json:"secure"`
	Comment        string   `json:"comment"`
	Owner          string   `json:"owner"`
	ClusterBy      string   `json:"cluster_by"`
	ChangeTracking bool     `json:"change_tracking"`
	Rows           [][]any  `json:"rows"`
	Select         string   `json:"select"`
}

type grant struct {
	Privilege string `json:"privilege"`
	On        string `json:"on"`
	Database  string `json:"database"`
	Schema    string `json:"schema"`
	Name      string `json:"name"`
	Future    string `json:"future"`
	To        string `json:"to"`
	Option    bool   `json:"grant_option"`
}

// apply creates what the request names, in the order of its fields. Roles,
// databases and schemas that exist stay; users and warehouses are replaced.
func (a *API) apply(r *http.Request, request applyRequest) error {
	w := a.World
	w.Lock()
	defer w.Unlock()
	for _, x := range request.Roles {
		w.AddRole(x.Name, x.Comment)
	}
	for _, x := range request.Users {
		if err := a.user(x); err != nil {
			return fmt.Errorf("user %s: %w", x.Name, err)
		}
	}
	for _, x := range request.Roles {
		for _, to := range x.ToUsers {
			w.Join(world.Membership{Role: x.Name, Kind: "USER", Grantee: to, By: "USERADMIN"})
		}
		for _, to := range x.ToRoles {
			w.Join(world.Membership{Role: x.Name, Kind: "ROLE", Grantee: to, By: "USERADMIN"})
		}
		for _, from := range x.FromUsers {
			w.Leave(world.Membership{Role: x.Name, Kind: "USER", Grantee: from})
		}
		for _, from := range x.FromRoles {
			w.Leave(world.Membership{Role: x.Name, Kind: "ROLE", Grantee: from})
		}
	}
	for _, x := range request.Warehouses {
		wh := &world.Warehouse{Name: x.Name, Size: x.Size, Suspended: x.Suspended, AutoResume: x.AutoResume == nil || *x.AutoResume, Monitor: x.Monitor, Exceeded: x.Exceeded, Created: w.Now()}
		if wh.Size == "" {
			wh.Size = "X-Small"
		}
		w.Warehouses[x.Name] = wh
	}
	for _, x := range request.Databases {
		if w.Databases[x.Name] != nil {
			continue
		}
		if err := w.AddDatabase(world.Database{Name: x.Name, Comment: x.Comment, Owner: x.Owner, Retention: days(x)}); err != nil {
			return err
		}
		if err := a.Store.AddDatabase(r.Context(), w.Databases[x.Name]); err != nil {
			return err
		}
	}
	for _, x := range request.Schemas {
		if d := w.Databases[x.Database]; d != nil && d.Schemas[x.Name] != nil {
			continue
		}
		if err := w.AddSchema(x.Database, world.Schema{Name: x.Name, Comment: x.Comment, Owner: x.Owner, Retention: days(x)}); err != nil {
			return err
		}
	}
	if err := a.tables(r, request.Tables); err != nil {
		return err
	}
	for _, x := range request.Grants {
		if err := a.grant(x, w.Grant); err != nil {
			return err
		}
	}
	for _, x := range request.Revokes {
		if err := a.grant(x, w.Revoke); err != nil {
			return err
		}
	}
	return nil
}

func days(c container) int {
	if c.Retention == nil {
		return 1
	}
	return *c.Retention
}

func (a *API) user(x user) error {
	u := &world.User{
		Name: x.Name, Type: x.Type, Password: x.Password, AWSKeys: x.AWSAccessKeys, DefaultRole: x.DefaultRole, DefaultWarehouse: x.DefaultWarehouse, DefaultNamespace: x.DefaultNamespace,
		SecondaryRoles: x.SecondaryRoles, Disabled: x.Disabled, Locked: x.Locked, Blocked: x.Blocked, NoPolicy: x.NoPolicy, Created: a.World.Now(),
	}
	if len(x.PublicKeys) > len(u.Keys) {
		return fmt.Errorf("a user has %d public keys at most", len(u.Keys))
	}
	for i, text := range x.PublicKeys {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return fmt.Errorf("public key %d is not PEM", i+1)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return fmt.Errorf("public key %d: %w", i+1, err)
		}
		rsaKey, ok := key.(*rsa.PublicKey)
		if !ok {
			return fmt.Errorf("public key %d is no RSA key", i+1)
		}
		u.Keys[i] = rsaKey
	}
	u.AccessTokens, u.OAuthTokens = a.secrets(x.PATs), a.secrets(x.OAuthTokens)
	a.World.Users[strings.ToUpper(x.Name)] = u
	for _, role := range x.Roles {
		a.World.Join(world.Membership{Role: role, Kind: "USER", Grantee: u.Name, By: "USERADMIN"})
	}
	return nil
}

func (a *API) secrets(list []secret) []world.Secret {
	out := make([]world.Secret, len(list))
	for i, x := range list {
		out[i] = world.Secret{Value: x.Value, Role: x.Role, Disabled: x.Disabled}
		if x.ExpiresSeconds != nil {
			out[i].Expires = a.World.Now().Add(time.Duration(*x.ExpiresSeconds) * time.Second)
		}
	}
	return out
}

// grant finds what a grant is on. ALL TABLES and ALL VIEWS stand for those
// that a schema has now.
func (a *API) grant(x grant, change func(world.Grant)) error {
	if a.World.Roles[x.To] == nil {
		return fmt.Errorf("no role %s", x.To)
	}
	g := world.Grant{Privilege: strings.ToUpper(x.Privilege), Role: x.To, By: "SECURITYADMIN", Option: x.Option, Future: x.Future}
	switch x.On {
	case "ACCOUNT":
		g.On = world.Target{Kind: "ACCOUNT"}
	case "WAREHOUSE":
		if a.World.Warehouses[x.Name] == nil {
			return fmt.Errorf("no warehouse %s", x.Name)
		}
		g.On = world.Target{Kind: "WAREHOUSE", Name: x.Name}
	case "DATABASE":
		d := a.World.Databases[x.Database]
		if d == nil {
			return fmt.Errorf("no database %s", x.Database)
		}
		g.On = d.Target()
	case "SCHEMA", "ALL TABLES", "ALL VIEWS":
		s, err := a.schema(x.Database, x.Schema)
		if err != nil {
			return err
		}
		if x.On == "SCHEMA" {
			g.On = s.Target()
			break
		}
		for _, t := range s.Tables {
			if t.Kind == strings.TrimSuffix(strings.TrimPrefix(x.On, "ALL "), "S") {
				g.On = t.Target()
				change(g)
			}
		}
		return nil
	case "TABLE", "VIEW":
		t, err := a.table(x.Database, x.Schema, x.Name)
		if err != nil {
			return err
		}
		g.On = t.Target()
	default:
		return fmt.Errorf("unknown kind of object %q", x.On)
	}
	change(g)
	return nil
}

func (a *API) schema(database, name string) (*world.Schema, error) {
	if d := a.World.Databases[database]; d != nil && d.Schemas[name] != nil {
		return d.Schemas[name], nil
	}
	return nil, fmt.Errorf("no schema %s.%s", database, name)
}

func (a *API) table(database, schema, name string) (*world.Table, error) {
	s, err := a.schema(database, schema)
	if err != nil {
		return nil, err
	}
	if s.Tables[name] == nil {
		return nil, fmt.Errorf("no table %s", name)
	}
	return s.Tables[name], nil
}

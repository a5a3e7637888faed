package snowflake

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// config is a connection's configuration, with names as the server has them.
type config struct {
	account    string
	endpoint   *url.URL // base of the account's service
	user       string
	role       string
	warehouse  string
	databases  []string
	schemas    [][]string // each alone, or with its database; none is all
	nanoText   bool       // finer than microseconds becomes text
	timeout    time.Duration
	method     string
	secrets    map[string]source.Secret
	settings   map[string]any // as given, for the statements of grants
	connection string         // whose connection it is, for query tags
}

const (
	defaultTimeout = time.Hour
	maxTimeout     = 7 * 24 * time.Hour // Snowflake's own limit
)

func parse(cfg source.Config, endpoints source.Endpoints) (config, error) {
	c := config{
		account:    cfg.Text("account"),
		user:       cfg.Text("user"),
		nanoText:   cfg.Text("nanosecond_timestamps") == "text",
		timeout:    defaultTimeout,
		method:     cfg.Credential.Method,
		secrets:    cfg.Credential.Fields,
		settings:   cfg.Settings,
		connection: cfg.Connection,
	}
	var problems fault.List
	c.role = parseName(cfg, "role", &problems)
	c.warehouse = parseName(cfg, "warehouse", &problems)
	for _, d := range parseNames(cfg, "databases", 1, &problems) {
		if !slices.Contains(c.databases, d[0]) {
			c.databases = append(c.databases, d[0])
		}
	}
	slices.Sort(c.databases)
	if strings.TrimSpace(cfg.Text("schemas")) != "" {
		c.schemas = parseNames(cfg, "schemas", 2, &problems)
	}
	if seconds, ok := cfg.Settings["statement_timeout"].(float64); ok {
		if c.timeout = time.Duration(min(seconds, maxTimeout.Seconds())) * time.Second; seconds < 1 || seconds > maxTimeout.Seconds() {
			problems.Add(fault.SourceInvalidConfig, "settings.statement_timeout", "must be 1 to "+strconv.Itoa(int(maxTimeout/time.Second))+" seconds")
		}
	}
	if c.method == catalog.SnowflakeWorkload && !ownRole(cfg.Workspace, c.secrets["role_arn"].Reveal()) {
		problems.Add(fault.SourceInvalidConfig, "credentials.role_arn", "must be a role without a path, whose name is "+catalog.S3RolePrefix+
			" and the id of this workspace, alone or with a dot and more after it")
	}
	endpoint := cmp.Or(endpoints(source.EndpointSnowflake), "https://"+cmp.Or(cfg.Text("host"), hostOf(c.account)))
	base, err := url.Parse(endpoint)
	if err != nil || base.Host == "" {
		problems.Add(fault.SourceInvalidConfig, "settings.account", "does not make a host name")
	}
	c.endpoint = base
	return c, problems.Err()
}

func parseName(cfg source.Config, setting string, problems *fault.List) string {
	name, err := catalog.SnowflakeName(cfg.Text(setting))
	if err != nil {
		problems.Add(fault.SourceInvalidConfig, "settings."+setting, "must be one name, in double quotes if it is not plain")
	}
	return name
}

func parseNames(cfg source.Config, setting string, parts int, problems *fault.List) [][]string {
	names, err := catalog.SnowflakeNames(cfg.Text(setting))
	if err != nil || slices.ContainsFunc(names, func(n []string) bool { return len(n) > parts }) {
		problems.Add(fault.SourceInvalidConfig, "settings."+setting, "must be names with commas between, in double quotes if they are not plain")
		return nil
	}
	return names
}

// ownRole reports whether a workspace may log in by a role. Nothing in such a
// credential is secret, and the deployment serves all workspaces, so that each
// could name the account, user and role of another: whose a role is stands in
// its name, headwater-<workspace>, with or without a dot and more after it. No
// workspace has a dot in its own name, so that none is the beginning of another.
func ownRole(workspace, arn string) bool {
	_, name, found := strings.Cut(arn, ":role/")
	rest, own := strings.CutPrefix(name, catalog.S3RolePrefix+workspace)
	return found && own && workspace != "" && !strings.Contains(rest, "/") && (rest == "" || rest[0] == '.')
}

// hostOf is the host of an account. An identifier of the form
// organization-account may have underscores, a host name may not. Source:
// "Account identifiers" in the Snowflake documentation.
func hostOf(account string) string {
	host := strings.ToLower(account)
	if strings.Contains(host, "-") {
		host = strings.ReplaceAll(host, "_", "-")
	}
	if _, region, found := strings.Cut(host, "."); found && strings.HasPrefix(region, "cn-") {
		return host + ".snowflakecomputing.cn"
	}
	return host + ".snowflakecomputing.com"
}

// covers reports whether the connection covers a schema.
func (c config) covers(database, schema string) bool {
	if !slices.Contains(c.databases, database) || schema == informationSchema {
		return false
	}
	return len(c.schemas) == 0 || slices.Contains(c.schemasOf(database), schema)
}

// schemasOf are the schemas of a database that the settings name; none is all.
func (c config) schemasOf(database string) []string {
	var schemas []string
	for _, s := range c.schemas {
		if len(s) == 1 {
			schemas = append(schemas, s[0])
		} else if s[0] == database {
			schemas = append(schemas, s[1])
		}
	}
	slices.Sort(schemas)
	return slices.Compact(schemas)
}

// quote writes a name for SQL.
func quote(parts ...string) string { return catalog.SnowflakeQuote(parts...) }

// text writes a literal for SQL. Snowflake reads backslashes in it.
func text(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

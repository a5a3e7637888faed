package snowflake

import (
	"context"
	"crypto/rsa"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// connector logs in. It tries the credentials that the connection has, in
// order, and remembers which one worked.
type connector struct {
	base  sf.Config
	keys  []*rsa.PrivateKey
	oauth *oauth

	mu   sync.Mutex
	last int // the key that worked last
}

var _ driver.Connector = (*connector)(nil)

// sdkRetries is none: the portable layer retries, and sooner than the SDK,
// which takes 0 for a number of its own.
const sdkRetries = -1

func newConnector(c config, transport http.RoundTripper, tokens sf.TokenAccessor, client *http.Client) (*connector, error) {
	port, err := strconv.Atoi(portOf(c.endpoint))
	if err != nil {
		return nil, fault.Field(fault.SourceInvalidConfig, "settings.host", "has no valid port")
	}
	k := &connector{base: sf.Config{
		Account: c.account, User: c.user, Role: parameter(c.role), Warehouse: parameter(c.warehouse),
		Protocol: c.endpoint.Scheme, Host: c.endpoint.Hostname(), Port: port,
		Params: parameters(c), Application: "Headwater", Transporter: transport, TokenAccessor: tokens,
		MaxRetryCount: sdkRetries,
		// Whether the role may use the warehouse is the matter of a check of its own.
		ValidateDefaultParameters:      sf.ConfigBoolFalse,
		ClientStoreTemporaryCredential: sf.ConfigBoolFalse, ClientRequestMfaToken: sf.ConfigBoolFalse,
		DisableQueryContextCache: true,
	}}
	switch c.method {
	case "key_pair":
		k.base.Authenticator = sf.AuthTypeJwt
		k.keys, err = privateKeys(c.secrets)
	case "oauth":
		k.base.Authenticator = sf.AuthTypeOAuth
		k.oauth, err = newOAuth(client, c.endpoint, c.secrets)
	case "programmatic_access_token":
		k.base.Authenticator, k.base.Token = sf.AuthTypePat, c.secrets["token"].Reveal()
	case catalog.SnowflakeWorkload:
		k.base.Authenticator, k.base.WorkloadIdentityProvider = sf.AuthTypeWorkloadIdentityFederation, "AWS"
		k.base.WorkloadIdentityImpersonationPath = []string{c.secrets["role_arn"].Reveal()}
	default:
		k.base.Authenticator, k.base.Password = sf.AuthTypeSnowflake, c.secrets["password"].Reveal()
	}
	return k, err
}

// Driver is the SDK's.
func (k *connector) Driver() driver.Driver { return sf.SnowflakeDriver{} }

// Connect logs in.
func (k *connector) Connect(ctx context.Context) (driver.Conn, error) {
	switch {
	case k.oauth != nil:
		return k.connectOAuth(ctx)
	case len(k.keys) > 0:
		return k.connectKeys(ctx)
	}
	return k.login(ctx, k.base)
}

// connectKeys tries the key that worked last, then the other one. When both are
// refused it is the first key's refusal that counts.
func (k *connector) connectKeys(ctx context.Context) (driver.Conn, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var first error
	for i := range k.keys {
		n := (k.last + i) % len(k.keys)
		cfg := k.base
		cfg.PrivateKey = k.keys[n]
		conn, err := k.login(ctx, cfg)
		if err == nil {
			k.last = n
			return conn, nil
		}
		if first == nil {
			first = err
		}
		if !refusedCredential(err) {
			return nil, err
		}
	}
	return nil, first
}

// connectOAuth refreshes a refused token once.
func (k *connector) connectOAuth(ctx context.Context) (driver.Conn, error) {
	for attempt := 0; ; attempt++ {
		token, err := k.oauth.token(ctx)
		if err != nil {
			return nil, err
		}
		cfg := k.base
		cfg.Token = token.Reveal()
		conn, err := k.login(ctx, cfg)
		if err == nil || attempt > 0 || !refusedCredential(err) || !k.oauth.renewable(token) {
			return conn, err
		}
	}
}

func (*connector) login(ctx context.Context, cfg sf.Config) (driver.Conn, error) {
	conn, err := sf.NewConnector(sf.SnowflakeDriver{}, cfg).Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := leaveSecondaryRoles(ctx, conn); err != nil {
		_ = conn.Close() // that it is of no use is known
		return nil, fmt.Errorf("leaving secondary roles: %w", err)
	}
	return conn, nil
}

// leaveSecondaryRoles makes the session's role the only one that counts: the
// user's others would let queries read what the role may not. Where the
// statement is refused, as to tokens of an OAuth server outside, none may be active.
func leaveSecondaryRoles(ctx context.Context, conn driver.Conn) error {
	_, err := conn.(driver.ExecerContext).ExecContext(ctx, "USE SECONDARY ROLES NONE", nil)
	if _, refused := errors.AsType[*sf.SnowflakeError](err); !refused {
		return err
	}
	rows, unknown := conn.(driver.QueryerContext).QueryContext(ctx, "SELECT CURRENT_SECONDARY_ROLES()", nil)
	if unknown != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what was read of it counts
	value := make([]driver.Value, 1)
	if rows.Next(value) != nil {
		return err
	}
	var active struct {
		Roles *string `json:"roles"`
	}
	text, _ := value[0].(string)
	if json.Unmarshal([]byte(text), &active) != nil || active.Roles == nil || *active.Roles != "" {
		return err
	}
	return nil
}

// refusedCredential reports whether a login failed for the credential itself,
// so that another one may work.
func refusedCredential(err error) bool {
	var refusal *sf.SnowflakeError
	if !errors.As(err, &refusal) {
		return false
	}
	code := codes[refusal.Number]
	return code == fault.SourceAuthentication || code == fault.SourceExpired
}

// parameters are those of the session. They undo what an account may have set
// and what would change results: names that ignore case, rows that are cut off,
// formats of text.
func parameters(c config) map[string]*string {
	params := map[string]*string{}
	for name, value := range map[string]string{
		"TIMEZONE":                       "UTC",
		"QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
		"ROWS_PER_RESULTSET":             "0",
		"BINARY_INPUT_FORMAT":            "HEX",
		"DATE_INPUT_FORMAT":              "AUTO",
		"TIME_INPUT_FORMAT":              "AUTO",
		"TIMESTAMP_INPUT_FORMAT":         "AUTO",
		"GEOGRAPHY_OUTPUT_FORMAT":        "GeoJSON",
		"GEOMETRY_OUTPUT_FORMAT":         "GeoJSON",
		"GO_QUERY_RESULT_FORMAT":         "ARROW",
		"CLIENT_TELEMETRY_ENABLED":       "false",
		"STATEMENT_TIMEOUT_IN_SECONDS":   strconv.Itoa(int(c.timeout / time.Second)),
	} {
		params[name] = &value
	}
	return params
}

// tokens holds the session's tokens, for the SDK and for the requests that the
// driver makes itself.
type tokens struct {
	renewing sync.Mutex

	mu              sync.Mutex
	session, master string
	id              int64
}

var _ sf.TokenAccessor = (*tokens)(nil)

// GetTokens returns the tokens, empty before the first login.
func (t *tokens) GetTokens() (session, master string, id int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.session, t.master, t.id
}

// SetTokens replaces the tokens.
func (t *tokens) SetTokens(session, master string, id int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.session, t.master, t.id = session, master, id
}

// Lock lets one renewal go on at a time.
func (t *tokens) Lock() error {
	t.renewing.Lock()
	return nil
}

// Unlock ends a renewal.
func (t *tokens) Unlock() { t.renewing.Unlock() }

package peer_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

func TestLogin(t *testing.T) {
	h := seeded(t)
	first, firstPEM := keyPair(t)
	second, secondPEM := keyPair(t)
	stranger, _ := keyPair(t)
	h.admin("apply", fmt.Sprintf(`{"users": [
		{"name": "KEYED", "public_keys": [%s, %s], "roles": ["READER"], "default_role": "READER"},
		{"name": "TOKENS", "roles": ["READER", "OTHER"], "default_role": "OTHER",
			"pats": [{"value": "pat"}, {"value": "narrow", "role": "READER"}, {"value": "old", "expires_in_seconds": -1}, {"value": "off", "disabled": true}],
			"oauth_tokens": [{"value": "oauth"}, {"value": "stale", "expires_in_seconds": -1}]},
		{"name": "FREE", "pats": [{"value": "pat"}], "no_network_policy": true},
		{"name": "OFF", "password": "pw", "disabled": true}, {"name": "LOCKED", "password": "pw", "locked": true}, {"name": "FAR", "password": "pw", "blocked_by_network_policy": true}]}`, quoted(t, firstPEM), quoted(t, secondPEM)))
	key := func(k *rsa.PrivateKey) func(*sf.Config) {
		return func(c *sf.Config) { c.User, c.Password, c.Authenticator, c.PrivateKey = "keyed", "", sf.AuthTypeJwt, k }
	}
	token := func(kind sf.AuthType, user, value string) func(*sf.Config) {
		return func(c *sf.Config) { c.User, c.Password, c.Authenticator, c.Token = user, "", kind, value }
	}
	password := func(user, pw string) func(*sf.Config) {
		return func(c *sf.Config) { c.User, c.Password = user, pw }
	}
	for _, test := range []struct {
		name   string
		change func(*sf.Config)
		code   int
		role   string
	}{
		{"password", nil, 0, "READER"},
		{"wrong password", password("loader", "no"), 390100, ""},
		{"unknown user", password("nobody", "pw"), 390100, ""},
		{"disabled", password("off", "pw"), 390101, ""},
		{"locked", password("locked", "pw"), 390102, ""},
		{"network policy", password("far", "pw"), 390422, ""},
		{"first key", key(first), 0, "READER"},
		{"second key", key(second), 0, "READER"},
		{"other key", key(stranger), 390144, ""},
		{"oauth", token(sf.AuthTypeOAuth, "tokens", "oauth"), 0, "OTHER"},
		{"oauth unknown", token(sf.AuthTypeOAuth, "tokens", "x"), 390303, ""},
		{"oauth expired", token(sf.AuthTypeOAuth, "tokens", "stale"), 390318, ""},
		{"pat", token(sf.AuthTypePat, "tokens", "pat"), 0, "OTHER"},
		{"pat of one role", token(sf.AuthTypePat, "tokens", "narrow"), 0, "READER"},
		{"pat unknown", token(sf.AuthTypePat, "tokens", "x"), 394400, ""},
		{"pat expired", token(sf.AuthTypePat, "tokens", "old"), 394400, ""},
		{"pat disabled", token(sf.AuthTypePat, "tokens", "off"), 394400, ""},
		{"pat without network policy", token(sf.AuthTypePat, "free", "pat"), 390432, ""},
		{"role not granted", func(c *sf.Config) { c.Role = "OTHER" }, 390189, ""},
		{"role unknown", func(c *sf.Config) { c.Role = "NONE" }, 390189, ""},
		{"role public", func(c *sf.Config) { c.Role = "public" }, 0, "PUBLIC"},
		{"warehouse not granted", func(c *sf.Config) { c.Warehouse = "HIDDEN" }, 390201, ""},
		{"database not granted", func(c *sf.Config) { c.Database = "SECRET" }, 390201, ""},
		{"schema unknown", func(c *sf.Config) { c.Database, c.Schema = "D", "X" }, 390201, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := rows(t, h.open(test.change), t.Context(), "select current_role()")
			if n, _ := code(err); n != test.code {
				t.Fatalf("code %d, want %d: %v", n, test.code, err)
			}
			if err == nil && got[0][0] != test.role {
				t.Errorf("role %s, want %s", got[0][0], test.role)
			}
		})
	}
}

// logIn sends a login request by hand, for what the client would not send.
func (h *harness) logIn(data map[string]any) string {
	h.t.Helper()
	body, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := http.Post(h.url+"/session/v1/login-request", "application/json", strings.NewReader(string(body)))
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		Code    *string
		Success bool
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		h.t.Fatal(err)
	}
	if out.Success {
		return ""
	}
	return *out.Code
}

func TestKeyPairClaims(t *testing.T) {
	h := seeded(t)
	key, pem := keyPair(t)
	h.admin("apply", fmt.Sprintf(`{"users": [{"name": "KEYED", "public_keys": [%s]}]}`, quoted(t, pem)))
	now := time.Now()
	fingerprint := world.Fingerprint(&key.PublicKey)
	for _, test := range []struct {
		name     string
		claims   jwt.MapClaims
		accepted bool
	}{
		{"good", jwt.MapClaims{}, true},
		{"expired", jwt.MapClaims{"iat": now.Add(-2 * time.Hour).Unix(), "exp": now.Add(-time.Hour).Unix()}, false},
		{"too long", jwt.MapClaims{"exp": now.Add(3 * time.Hour).Unix()}, false},
		{"from the future", jwt.MapClaims{"iat": now.Add(time.Hour).Unix(), "exp": now.Add(time.Hour + time.Minute).Unix()}, false},
		{"no expiry", jwt.MapClaims{"exp": nil}, false},
		{"other subject", jwt.MapClaims{"sub": "ACCT.LOADER"}, false},
		{"other account", jwt.MapClaims{"sub": "OTHER.KEYED", "iss": "OTHER.KEYED." + fingerprint}, false},
		{"other fingerprint", jwt.MapClaims{"iss": "ACCT.KEYED.SHA256:AAAA"}, false},
		{"lower case", jwt.MapClaims{"sub": "acct.keyed", "iss": "acct.keyed." + fingerprint}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			claims := jwt.MapClaims{"sub": "ACCT.KEYED", "iss": "ACCT.KEYED." + fingerprint, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
			for k, v := range test.claims {
				claims[k] = v
				if v == nil {
					delete(claims, k)
				}
			}
			token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
			if err != nil {
				t.Fatal(err)
			}
			want := "390144"
			if test.accepted {
				want = ""
			}
			if got := h.logIn(map[string]any{"ACCOUNT_NAME": "acct", "AUTHENTICATOR": "SNOWFLAKE_JWT", "TOKEN": token}); got != want {
				t.Errorf("code %q, want %q", got, want)
			}
		})
	}
}

func TestWorkloadIdentity(t *testing.T) {
	h := seeded(t)
	h.admin("apply", `{"users": [{"name": "ROBOT", "aws_access_keys": ["AKIAROBOT"]}]}`)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAROBOT")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "eu-west-1")
	robot := func(c *sf.Config) {
		c.User, c.Password, c.Authenticator, c.WorkloadIdentityProvider = "", "", sf.AuthTypeWorkloadIdentityFederation, "AWS"
	}
	if got, err := rows(t, h.open(robot), t.Context(), "select current_user()"); err != nil || got[0][0] != "ROBOT" {
		t.Errorf("got %v, %v", got, err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIASTRANGER")
	if _, err := rows(t, h.open(robot), t.Context(), "select 1"); err == nil {
		t.Error("a stranger's key was accepted")
	}
	plain := base64.StdEncoding.EncodeToString([]byte(`{"url": "https://sts.evil.example/?Action=GetCallerIdentity", "method": "POST", "headers": {}}`))
	if got := h.logIn(map[string]any{"ACCOUNT_NAME": "acct", "AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "AWS", "TOKEN": plain}); got == "" {
		t.Error("an attestation for another host was accepted")
	}
}

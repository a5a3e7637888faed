package snowflake_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/snowflake"
)

// results are the outcomes of the checks, by name.
func results(t *testing.T, endpoints source.Endpoints, cfg source.Config) map[string]source.CheckResult {
	t.Helper()
	found := map[string]source.CheckResult{}
	for _, r := range check(t, endpoints, cfg) {
		found[r.Name] = r
	}
	return found
}

func check(t *testing.T, endpoints source.Endpoints, cfg source.Config) []source.CheckResult {
	t.Helper()
	list, err := open(t, endpoints, cfg).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func open(t testing.TB, endpoints source.Endpoints, cfg source.Config) *source.Source {
	t.Helper()
	s, err := source.Open(t.Context(), snowflake.New(endpoints), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// failing are the checks that fail, and their codes.
func failing(list []source.CheckResult) map[string]fault.Code {
	found := map[string]fault.Code{}
	for _, r := range list {
		if r.Outcome == source.Fail {
			found[r.Name] = fault.Code(r.Code)
		}
	}
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const passphrase = "open sesame"

// Every way to log in works, keys encrypted by OpenSSL in every usual way
// included, and as the wanted role.
func TestLogins(t *testing.T) {
	s := start(t)
	fill(t, s)
	s.admin(t, "apply", object{"users": []object{{
		"name": user, "password": password, "roles": []string{role},
		"public_keys":     []string{read(t, "public.pem"), publicPEM(rsaKeys()[1])},
		"pats":            []object{{"value": "canary-pat", "role": role}, {"value": "canary-old-pat", "role": role, "expires_in_seconds": -1}},
		"oauth_tokens":    []object{{"value": "canary-access", "role": role}, {"value": "canary-old", "role": role, "expires_in_seconds": -1}},
		"aws_access_keys": []string{"AKIAHEADWATERTEST001"},
	}}})
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAHEADWATERWORKER1")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "canary/aws")
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ENDPOINT_URL_STS", assumable(t, "AKIAHEADWATERTEST001"))

	key := func(file string) source.Config {
		return by("key_pair", map[string]source.Secret{"private_key": source.Secret(read(t, file)), "passphrase": passphrase})
	}
	stranger := source.Secret(privatePEM(rsaKeys()[2]))
	for name, test := range map[string]struct {
		config source.Config
		code   fault.Code // of the login; empty when it works
	}{
		"key, AES-256":          {config: key("aes-256-cbc.p8")},
		"key, AES-256 and SHA1": {config: key("aes-256-cbc-sha1.p8")},
		"key, AES-128":          {config: key("aes-128-cbc.p8")},
		"key, 3DES":             {config: key("des3.p8")},
		"key, second at server": {config: by("key_pair", map[string]source.Secret{"private_key": source.Secret(privatePEM(rsaKeys()[1]))})},
		"keys, first refused": {config: by("key_pair", map[string]source.Secret{
			"private_key": stranger, "second_private_key": source.Secret(read(t, "des3.p8")), "second_passphrase": passphrase,
		})},
		"keys, both refused": {config: by("key_pair", map[string]source.Secret{"private_key": stranger, "second_private_key": stranger}), code: fault.SourceAuthentication},
		"password":           {config: by("password", map[string]source.Secret{"password": password})},
		"token":              {config: by("programmatic_access_token", map[string]source.Secret{"token": "canary-pat"})},
		"token, expired":     {config: by("programmatic_access_token", map[string]source.Secret{"token": "canary-old-pat"}), code: fault.SourceAuthentication},
		"access token":       {config: by("oauth", map[string]source.Secret{"access_token": "canary-access"})},
		"access token, old":  {config: by("oauth", map[string]source.Secret{"access_token": "canary-old"}), code: fault.SourceExpired},
		"workload":           {config: by("workload_identity", map[string]source.Secret{"role_arn": ownRole})},
	} {
		t.Run(name, func(t *testing.T) {
			list := check(t, s.endpoints, test.config)
			got := failing(list)
			if test.code == "" && len(got) > 0 || test.code != "" && (len(got) != 1 || got["snowflake.authenticate"] != test.code) {
				t.Errorf("failing checks: %v, want authenticate with %q", got, test.code)
			}
			for _, r := range list {
				for _, secret := range test.config.Credential.Fields {
					if text, _ := json.Marshal(r); len(secret) > 8 && strings.Contains(string(text), secret.Reveal()) {
						t.Errorf("%s holds a secret", r.Name)
					}
				}
			}
		})
	}
}

// ownRole is a role of the workspace that the connection is in.
const ownRole = "arn:aws:iam::123456789012:role/headwater-acme.snowflake"

// assumable is AWS's token service, which lets ownRole alone be assumed.
func assumable(t *testing.T, key string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("Action") != "AssumeRole" || r.FormValue("RoleArn") != ownRole {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>`+
			`<AccessKeyId>%s</AccessKeyId><SecretAccessKey>canary/role</SecretAccessKey><SessionToken>canary/session</SessionToken>`+
			`<Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, key, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A workspace logs in by its own roles only: their names say whose they are.
func TestRolesOfWorkspaces(t *testing.T) {
	const account = "arn:aws:iam::123456789012:role/"
	driver := snowflake.New(source.NoEndpoints)
	for _, test := range []struct {
		workspace, role string
		own             bool
	}{
		{"acme", account + "headwater-acme", true},
		{"acme", account + "headwater-acme.snowflake", true},
		{"acme-eu", account + "headwater-acme-eu.snowflake", true},
		{"acme", "arn:aws-us-gov:iam::123456789012:role/headwater-acme.", true},
		{"acme", account + "headwater-acme-eu", false},
		{"acme", account + "headwater-acme-eu.snowflake", false},
		{"acme-eu", account + "headwater-acme", false},
		{"acme", account + "headwater-ACME", false},
		{"acme", account + "headwater-other.acme", false},
		{"acme", account + "headwater-snowflake", false},
		{"acme", account + "team/headwater-acme", false},
		{"acme", account + "headwater-acme.x/Admin", false},
		{"acme", account + "headwater-acme/Admin", false},
		{"acme", "arn:aws:iam::123456789012:user/headwater-acme", false},
		{"acme", "", false},
		{"", account + "headwater-", false},
		{"", account + "headwater-.x", false},
	} {
		cfg := by("workload_identity", map[string]source.Secret{"role_arn": source.Secret(test.role)})
		cfg.Workspace = test.workspace
		session, err := driver.Open(t.Context(), cfg)
		if session != nil {
			_ = session.Close()
		}
		e, _ := fault.As(err)
		switch {
		case test.own && err != nil:
			t.Errorf("%s as %s: %v", test.workspace, test.role, err)
		case !test.own && (e == nil || e.Code != fault.SourceInvalidConfig || e.Field != "credentials.role_arn"):
			t.Errorf("%s as %s: got %v, want %s", test.workspace, test.role, err, fault.SourceInvalidConfig)
		}
	}
}

// A key that cannot be read is refused by the field that is at fault, before
// anything is sent, and nothing of it is shown.
func TestKeysThatCannotBeRead(t *testing.T) {
	driver := snowflake.New(source.NoEndpoints)
	for name, test := range map[string]struct {
		fields map[string]source.Secret
		field  string
	}{
		"no PEM":           {map[string]source.Secret{"private_key": "canary"}, "credentials.private_key"},
		"public key":       {map[string]source.Secret{"private_key": source.Secret(read(t, "public.pem"))}, "credentials.private_key"},
		"elliptic":         {map[string]source.Secret{"private_key": source.Secret(read(t, "ec.p8"))}, "credentials.private_key"},
		"scrypt":           {map[string]source.Secret{"private_key": source.Secret(read(t, "scrypt.p8")), "passphrase": passphrase}, "credentials.private_key"},
		"PBES1":            {map[string]source.Secret{"private_key": source.Secret(read(t, "pbes1.p8")), "passphrase": passphrase}, "credentials.private_key"},
		"no passphrase":    {map[string]source.Secret{"private_key": source.Secret(read(t, "des3.p8"))}, "credentials.passphrase"},
		"wrong passphrase": {map[string]source.Secret{"private_key": source.Secret(read(t, "aes-256-cbc.p8")), "passphrase": "canary"}, "credentials.passphrase"},
		"second key at fault": {map[string]source.Secret{
			"private_key": source.Secret(privatePEM(rsaKeys()[0])), "second_private_key": source.Secret(read(t, "des3.p8")), "second_passphrase": "canary",
		}, "credentials.second_passphrase"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := driver.Open(t.Context(), by("key_pair", test.fields))
			e, ok := fault.As(err)
			if !ok || e.Code != fault.SourceInvalidConfig || e.Field != test.field {
				t.Fatalf("got %v, want %s about %s", err, fault.SourceInvalidConfig, test.field)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error holds the value: %v", err)
			}
		})
	}
}

// tokenEndpoint is the account's, in front of the peer: it gives one access
// token for one refresh token of one client.
type tokenEndpoint struct {
	access string
	asked  int
}

func (e *tokenEndpoint) serve(t *testing.T, s *service) source.Endpoints {
	t.Helper()
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth/token-request" {
			proxy.ServeHTTP(w, r)
			return
		}
		e.asked++
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("client:"+url.QueryEscape("canary client+secret")))
		if r.Header.Get("Authorization") != basic {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
			return
		}
		if r.FormValue("grant_type") != "refresh_token" || r.FormValue("refresh_token") != "canary/refresh" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"data":null,"success":false,"code":"390318","message":"OAuth refresh token expired. canary"}`))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": e.access, "token_type": "Bearer", "expires_in": 599})
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return func(name string) string {
		if name == source.EndpointSnowflake {
			return server.URL
		}
		return ""
	}
}

// Access tokens are refreshed at the account's own endpoint: at first, and when
// Snowflake takes one no more.
func TestOAuthRefresh(t *testing.T) {
	s := start(t)
	fill(t, s)
	s.admin(t, "apply", object{"users": []object{{
		"name": user, "roles": []string{role},
		"oauth_tokens": []object{{"value": "canary-fresh", "role": role}, {"value": "canary-old", "role": role, "expires_in_seconds": -1}},
	}}})
	fields := func(more map[string]source.Secret) source.Config {
		all := map[string]source.Secret{"refresh_token": "canary/refresh", "client_id": "client", "client_secret": "canary client+secret"}
		maps.Copy(all, more)
		return by("oauth", all)
	}
	for name, test := range map[string]struct {
		config source.Config
		code   fault.Code
		asked  int
	}{
		"no access token":        {config: fields(nil), asked: 1},
		"access token, taken":    {config: fields(map[string]source.Secret{"access_token": "canary-fresh"}), asked: 0},
		"access token, expired":  {config: fields(map[string]source.Secret{"access_token": "canary-old"}), asked: 1},
		"access token, unknown":  {config: fields(map[string]source.Secret{"access_token": "canary-none"}), asked: 1},
		"refresh token, expired": {config: fields(map[string]source.Secret{"refresh_token": "canary/old"}), code: fault.SourceExpired, asked: 1},
		"client, wrong secret":   {config: fields(map[string]source.Secret{"client_secret": "canary none"}), code: fault.SourceAuthentication, asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := &tokenEndpoint{access: "canary-fresh"}
			list := check(t, e.serve(t, s), test.config)
			if got := failing(list)["snowflake.authenticate"]; got != test.code {
				t.Errorf("authenticate: %q, want %q", got, test.code)
			}
			if e.asked != test.asked {
				t.Errorf("%d tokens were asked for, want %d", e.asked, test.asked)
			}
			if text, _ := json.Marshal(list); strings.Contains(string(text), "canary") {
				t.Errorf("the report holds a secret: %s", text)
			}
		})
	}
}

// Only what the token endpoint itself says of a refresh token ends it. What
// stands in its way, or answers in its place, does not, and gets no token.
func TestOAuthTroubles(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for name, test := range map[string]struct {
		status int
		body   string
		check  string
		code   fault.Code
	}{
		"revoked":            {http.StatusBadRequest, `{"error":"invalid_grant"}`, "snowflake.authenticate", fault.SourceExpired},
		"unknown client":     {http.StatusUnauthorized, `{"error":"invalid_client"}`, "snowflake.authenticate", fault.SourceAuthentication},
		"Snowflake's own":    {http.StatusBadRequest, `{"data":null,"success":false,"code":"390303"}`, "snowflake.authenticate", fault.SourceAuthentication},
		"too fast":           {http.StatusTooManyRequests, ``, "snowflake.reach", fault.SourceRateLimited},
		"down":               {http.StatusBadGateway, `{"error":"invalid"}`, "snowflake.reach", fault.SourceUnavailable},
		"broken":             {http.StatusOK, `{"access_token":"can`, "snowflake.reach", fault.SourceUnavailable},
		"portal":             {http.StatusOK, `<html>`, "snowflake.reach", fault.SourceUnavailable},
		"empty":              {http.StatusOK, `{}`, "snowflake.reach", fault.SourceUnavailable},
		"firewall":           {http.StatusForbidden, `<html>`, "snowflake.reach", fault.SourceNetwork},
		"proxy":              {http.StatusProxyAuthRequired, ``, "snowflake.reach", fault.SourceNetwork},
		"redirect":           {http.StatusTemporaryRedirect, ``, "snowflake.reach", fault.SourceNetwork},
		"something else":     {http.StatusBadRequest, `<html>`, "snowflake.reach", fault.SourceNetwork},
		"nobody knows":       {http.StatusUnauthorized, ``, "snowflake.reach", fault.SourceNetwork},
		"not such a request": {http.StatusBadRequest, `{"error":"invalid_request"}`, "snowflake.reach", fault.SourceNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", other.URL)
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			cfg := by("oauth", map[string]source.Secret{"refresh_token": "canary/refresh", "client_id": "client", "client_secret": "canary/secret"})
			list := check(t, func(string) string { return server.URL }, cfg)
			if got := failing(list); len(got) != 1 || got[test.check] != test.code {
				t.Errorf("failing checks: %v, want %s with %s", got, test.check, test.code)
			}
			if text, _ := json.Marshal(list); strings.Contains(string(text), "canary") {
				t.Errorf("the report holds a secret: %s", text)
			}
		})
	}
	if elsewhere.Load() > 0 {
		t.Error("the refresh token went elsewhere")
	}
}

// OAuth needs one of its two tokens, and a refresh token its client.
func TestOAuthFields(t *testing.T) {
	driver := snowflake.New(source.NoEndpoints)
	for name, test := range map[string]struct {
		fields map[string]source.Secret
		field  string
	}{
		"nothing":   {map[string]source.Secret{"client_id": "x"}, "credentials.refresh_token"},
		"no client": {map[string]source.Secret{"refresh_token": "canary"}, "credentials.client_id"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := driver.Open(t.Context(), by("oauth", test.fields))
			if e, ok := fault.As(err); !ok || e.Code != fault.SourceInvalidConfig || e.Field != test.field {
				t.Errorf("got %v, want %s", err, test.field)
			}
		})
	}
}

// A network policy shows as such, with the address that Snowflake saw in what to paste.
func TestNetworkPolicy(t *testing.T) {
	s := start(t)
	fill(t, s)
	for name, test := range map[string]struct {
		user object
		want string
	}{
		"blocked":       {object{"blocked_by_network_policy": true}, "VALUE_LIST = ('127.0.0.1')"},
		"none required": {object{"no_network_policy": true, "pats": []object{{"value": "canary-pat", "role": role}}}, "SET NETWORK_POLICY"},
	} {
		t.Run(name, func(t *testing.T) {
			test.user["name"], test.user["roles"], test.user["public_keys"] = user, []string{role}, []string{publicPEM(rsaKeys()[0])}
			s.admin(t, "apply", object{"users": []object{test.user}})
			cfg := config()
			if test.user["pats"] != nil {
				cfg = by("programmatic_access_token", map[string]source.Secret{"token": "canary-pat"})
			}
			got := results(t, s.endpoints, cfg)["snowflake.network_policy"]
			if got.Outcome != source.Fail || got.Code != string(fault.SourceNetwork) || got.Remedy == nil || !strings.Contains(got.Remedy.Snippet, test.want) {
				t.Errorf("got %+v, remedy %+v", got, got.Remedy)
			}
		})
	}
}

// What is no Snowflake is not taken for one, and each fault is told apart.
func TestReach(t *testing.T) {
	for name, test := range map[string]struct {
		serve http.HandlerFunc
		code  fault.Code
	}{
		"unknown account": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, fault.SourceNotFound},
		"no such path":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, fault.SourceNotFound},
		"down":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, fault.SourceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.serve)
			defer server.Close()
			list := check(t, func(string) string { return server.URL }, config())
			if got := failing(list); len(got) != 1 || got["snowflake.reach"] != test.code {
				t.Errorf("failing checks: %v, want reach with %s", got, test.code)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		list := check(t, func(string) string { return server.URL }, config())
		if got := failing(list); len(got) != 1 || got["snowflake.reach"] != fault.SourceNetwork {
			t.Errorf("failing checks: %v", got)
		}
	})
}

// A proxy that lets nothing through is told from one that could not get through.
func TestProxyThatRefuses(t *testing.T) {
	for status, want := range map[int]fault.Code{
		http.StatusProxyAuthRequired: fault.SourceNetwork, http.StatusForbidden: fault.SourceNetwork, http.StatusBadGateway: fault.SourceUnavailable,
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		to, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: snowflake.Through(to)}
		resp, err := client.Get("https://acme-main.snowflakecomputing.com/")
		if err == nil {
			_ = resp.Body.Close()
		}
		if fault.CodeOf(err) != want {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
		client.CloseIdleConnections()
		proxy.Close()
	}
}

// The SDK's log, which would name statements and the addresses of results, says
// nothing, and nothing is kept in files.
func TestTheSDKIsSilent(t *testing.T) {
	s := start(t)
	fill(t, s)
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "TMPDIR", "SF_TEMPORARY_CREDENTIAL_CACHE_DIR"} {
		t.Setenv(name, home)
	}
	var said bytes.Buffer
	sf.GetLogger().SetOutput(&said)
	defer sf.GetLogger().SetOutput(os.Stderr)
	src := open(t, s.endpoints, config())
	p := plan(t, src, source.PlanRequest{})
	s.admin(t, "faults", object{"chunks": "unavailable", "count": 1})
	if _, err := ids(t, src, p, p.Splits[0], nil); err != nil {
		t.Fatal(err)
	}
	check(t, s.endpoints, by("password", map[string]source.Secret{"password": "canary"}))
	if said.Len() > 0 {
		t.Errorf("it said:\n%s", said.String())
	}
	kept, err := os.ReadDir(home)
	if err != nil || len(kept) > 0 {
		t.Errorf("files are kept: %v, %v", kept, err)
	}
}

package authorizer_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/authorizer"
	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
)

const audience = "https://headwater.example"

// forger is an issuer under our own control: it can break every rule that a real provider keeps.
type forger struct {
	*httptest.Server
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	public  atomic.Pointer[jose.JSONWebKeySet] // nil: the key endpoint fails
	fetched atomic.Int32
	issuer  *authorizer.Issuer
	now     time.Time
}

func newForger(t *testing.T) *forger {
	t.Helper()
	f := &forger{now: now}
	var err error
	if f.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if f.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": f.URL, "jwks_uri": f.URL + "/jwks", "id_token_signing_alg_values_supported": []string{"none", "HS256", "RS256"}})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		f.fetched.Add(1)
		set := f.public.Load()
		if set == nil {
			http.Error(w, "down", http.StatusInternalServerError)
			return
		}
		answer(w, set)
	})
	f.Server = httptest.NewServer(mux)
	f.publish(f.key(f.rsa.Public(), "rsa", "RS256"), f.key(f.ec.Public(), "ec", "ES256"))
	f.issuer = authorizer.NewIssuer(f.URL, audience, "workspace", func() time.Time { return f.now })
	t.Cleanup(func() {
		f.issuer.Client.CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
		f.Close()
	})
	return f
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (f *forger) key(public crypto.PublicKey, id, algorithm string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: public, KeyID: id, Algorithm: algorithm, Use: "sig"}
}

func (f *forger) publish(keys ...jose.JSONWebKey) { f.public.Store(&jose.JSONWebKeySet{Keys: keys}) }

// claims are good ones, changed: a nil value removes a claim.
func (f *forger) claims(change map[string]any) []byte {
	all := map[string]any{
		"iss": f.URL, "aud": audience, "sub": "user-7", "workspace": "acme", "scope": "openid connections:read lake:read admin",
		"iat": f.now.Unix(), "exp": f.now.Add(time.Minute).Unix(),
	}
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	text, _ := json.Marshal(all)
	return text
}

func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, claims []byte) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", id).WithType("at+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTokens(t *testing.T) {
	f := newForger(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(f.rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	rs := func(change map[string]any) string { return sign(t, jose.RS256, f.rsa, "rsa", f.claims(change)) }
	raw := base64.RawURLEncoding.EncodeToString
	good := rs(nil)
	parts := strings.Split(good, ".")
	at := func(d time.Duration) int64 { return f.now.Add(d).Unix() }

	for name, test := range map[string]struct {
		token string
		allow bool
	}{
		"RS256":                       {good, true},
		"ES256":                       {sign(t, jose.ES256, f.ec, "ec", f.claims(nil)), true},
		"several audiences":           {rs(map[string]any{"aud": []string{"other", audience}}), true},
		"expired within the skew":     {rs(map[string]any{"exp": at(-59 * time.Second)}), true},
		"not yet, within the skew":    {rs(map[string]any{"nbf": at(59 * time.Second), "iat": at(59 * time.Second)}), true},
		"expired":                     {rs(map[string]any{"exp": at(-61 * time.Second)}), false},
		"never expires":               {rs(map[string]any{"exp": nil}), false},
		"not yet":                     {rs(map[string]any{"nbf": at(61 * time.Second)}), false},
		"nbf is text":                 {rs(map[string]any{"nbf": "now"}), false},
		"issued in the future":        {rs(map[string]any{"iat": at(61 * time.Second)}), false},
		"another issuer":              {rs(map[string]any{"iss": "https://evil.example"}), false},
		"issuer with a slash":         {rs(map[string]any{"iss": f.URL + "/"}), false},
		"no issuer":                   {rs(map[string]any{"iss": nil}), false},
		"another audience":            {rs(map[string]any{"aud": "https://other.example"}), false},
		"no audience":                 {rs(map[string]any{"aud": nil}), false},
		"no subject":                  {rs(map[string]any{"sub": nil}), false},
		"no workspace":                {rs(map[string]any{"workspace": nil}), false},
		"workspace with a separator":  {rs(map[string]any{"workspace": "acme#CON"}), false},
		"several workspaces":          {rs(map[string]any{"workspace": []string{"acme", "other"}}), false},
		"unknown key":                 {sign(t, jose.RS256, f.rsa, "nobody", f.claims(nil)), false},
		"a stranger under a known id": {sign(t, jose.RS256, stranger, "rsa", f.claims(nil)), false},
		"a key of another kind":       {sign(t, jose.ES256, f.ec, "rsa", f.claims(nil)), false},
		"PS256 with the known key":    {sign(t, jose.PS256, f.rsa, "rsa", f.claims(nil)), false},
		"HS256 with the public PEM":   {sign(t, jose.HS256, publicPEM, "rsa", f.claims(nil)), false},
		"HS256 with the public DER":   {sign(t, jose.HS256, der, "rsa", f.claims(nil)), false},
		"none":                        {raw([]byte(`{"alg":"none","kid":"rsa"}`)) + "." + parts[1] + ".", false},
		"none, signature kept":        {raw([]byte(`{"alg":"none","kid":"rsa"}`)) + "." + parts[1] + "." + parts[2], false},
		"RS256 without a signature":   {parts[0] + "." + parts[1] + ".", false},
		"changed claims":              {parts[0] + "." + raw(f.claims(map[string]any{"workspace": "other"})) + "." + parts[2], false},
		"embedded key": {func() string {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: stranger}, &jose.SignerOptions{EmbedJWK: true})
			if err != nil {
				t.Fatal(err)
			}
			signed, err := signer.Sign(f.claims(nil))
			if err != nil {
				t.Fatal(err)
			}
			text, _ := signed.CompactSerialize()
			return text
		}(), false},
		"garbage": {"a.b.c", false},
		"long":    {good + strings.Repeat("A", 20000), false},
	} {
		t.Run(name, func(t *testing.T) {
			answer, _, err := decide(t, authorizer.Authorizer{Keys: keys{}, Tokens: f.issuer}, "Bearer "+test.token)
			if err != nil || answer.IsAuthorized != test.allow {
				t.Fatalf("%+v, %v", answer, err)
			}
			want := map[string]any{"workspace_id": "acme", "subject": "user-7", "permissions": "connections:read lake:read"}
			if !test.allow {
				want = nil
			}
			if diff := cmp.Diff(want, answer.Context); diff != "" {
				t.Errorf("context (-want +got):\n%s", diff)
			}
		})
	}
}

func (f *forger) ask(t *testing.T, token string) (caller.Caller, error) {
	t.Helper()
	return f.issuer.Caller(t.Context(), token)
}

func TestKeysAreCached(t *testing.T) {
	f := newForger(t)
	for range 5 {
		if _, err := f.ask(t, sign(t, jose.RS256, f.rsa, "rsa", f.claims(nil))); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.fetched.Load(); n != 1 {
		t.Errorf("keys were fetched %d times", n)
	}
	// A stranger's key ids must not make us hammer the provider.
	for range 20 {
		if _, err := f.ask(t, sign(t, jose.RS256, f.rsa, "nobody", f.claims(nil))); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("unknown key: %v", err)
		}
	}
	if n := f.fetched.Load(); n != 1 {
		t.Errorf("keys were fetched %d times", n)
	}
}

func TestRotatedKeys(t *testing.T) {
	f := newForger(t)
	old := func() string { return sign(t, jose.RS256, f.rsa, "rsa", f.claims(nil)) }
	if _, err := f.ask(t, old()); err != nil {
		t.Fatal(err)
	}
	f.publish(f.key(f.ec.Public(), "new", "ES256"))
	f.now = f.now.Add(11 * time.Second)
	if _, err := f.ask(t, sign(t, jose.ES256, f.ec, "new", f.claims(nil))); err != nil {
		t.Errorf("a new key is not taken: %v", err)
	}
	if _, err := f.ask(t, old()); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("a withdrawn key is still taken: %v", err)
	}
}

func TestWithdrawnKeyGoesByItself(t *testing.T) {
	f := newForger(t)
	if _, err := f.ask(t, sign(t, jose.RS256, f.rsa, "rsa", f.claims(nil))); err != nil {
		t.Fatal(err)
	}
	f.publish(f.key(f.ec.Public(), "ec", "ES256"))
	f.now = f.now.Add(11 * time.Minute)
	if _, err := f.ask(t, sign(t, jose.RS256, f.rsa, "rsa", f.claims(nil))); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("a withdrawn key is still taken: %v", err)
	}
}

func TestProviderIsDown(t *testing.T) {
	f := newForger(t)
	token := func() string { return sign(t, jose.RS256, f.rsa, "rsa", f.claims(nil)) }
	f.public.Store(nil)
	if _, err := f.ask(t, token()); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("without any key: %v", err)
	}
	f.publish(f.key(f.rsa.Public(), "rsa", "RS256"))
	if _, err := f.ask(t, token()); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	f.public.Store(nil)
	f.now = f.now.Add(30 * time.Minute)
	if _, err := f.ask(t, token()); err != nil {
		t.Errorf("known keys, half an hour old: %v", err)
	}
	f.now = f.now.Add(2 * time.Hour)
	if _, err := f.ask(t, token()); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("known keys, hours old: %v", err)
	}
}

func TestDiscoveryIsTriedAgain(t *testing.T) {
	f := newForger(t)
	token := sign(t, jose.RS256, f.rsa, "rsa", f.claims(nil))
	good := f.issuer.URL
	f.issuer.URL = "http://127.0.0.1:1"
	if _, _, err := decide(t, authorizer.Authorizer{Keys: keys{}, Tokens: f.issuer}, "Bearer "+token); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("unreachable: %v", err)
	}
	f.issuer.URL = good
	if _, err := f.ask(t, token); err != nil {
		t.Errorf("reachable again: %v", err)
	}
}

// Whatever stands in the header, it is an answer, and never a yes.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"", "Bearer ", "Bearer a.b.c", "Bearer hwk_x", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		answer, _, err := decide(t, authorizer.Authorizer{Keys: keys{}}, header)
		if err != nil || answer.IsAuthorized {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

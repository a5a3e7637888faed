package world

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
)

// A User can log in.
type User struct {
	Name, Type, Comment, Email          string
	Password                            string
	Keys                                [2]*rsa.PublicKey
	AccessTokens, OAuthTokens           []Secret
	AWSKeys                             []string
	DefaultRole, DefaultWarehouse       string
	DefaultNamespace                    string
	SecondaryRoles                      bool
	Disabled, Locked, Blocked, NoPolicy bool
	Created                             time.Time
}

// A Secret is a token that a user may log in with.
type Secret struct {
	Value string
	// Role, if set, is the only role that the token can take.
	Role     string
	Expires  time.Time
	Disabled bool
}

func find(secrets []Secret, value string) (Secret, bool) {
	for _, s := range secrets {
		if subtle.ConstantTimeCompare([]byte(s.Value), []byte(value)) == 1 {
			return s, true
		}
	}
	return Secret{}, false
}

func (s Secret) expired(now time.Time) bool { return !s.Expires.IsZero() && now.After(s.Expires) }

// Fingerprint is how the service names a public key.
func Fingerprint(key *rsa.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return "SHA256:" + base64.StdEncoding.EncodeToString(sum[:])
}

// A Credential is what a login request proves a user with.
type Credential struct {
	Account, User, Password, Token, Authenticator, Provider string
	// Address is where the request came from.
	Address string
}

// Authenticate finds the user that a credential proves, and the role that it
// is restricted to, if any.
func (w *World) Authenticate(c Credential) (user *User, role string, err error) {
	user, role, err = w.prove(c)
	if err != nil {
		return nil, "", err
	}
	switch {
	case user.Disabled:
		return nil, "", refusal.UserDisabled()
	case user.Locked:
		return nil, "", refusal.UserLocked()
	case user.Blocked:
		return nil, "", refusal.NetworkPolicy(c.Address)
	}
	return user, role, nil
}

func (w *World) prove(c Credential) (*User, string, error) {
	user := w.Users[strings.ToUpper(c.User)]
	switch strings.ToUpper(c.Authenticator) {
	case "", "SNOWFLAKE", "USERNAME_PASSWORD_MFA":
		if user == nil || user.Password == "" || subtle.ConstantTimeCompare([]byte(user.Password), []byte(c.Password)) != 1 {
			return nil, "", refusal.WrongPassword()
		}
		return user, "", nil
	case "SNOWFLAKE_JWT":
		user, err := w.proveKey(c)
		return user, "", err
	case "OAUTH":
		return w.proveOAuth(c)
	case "PROGRAMMATIC_ACCESS_TOKEN":
		if user == nil {
			return nil, "", refusal.InvalidPAT()
		}
		s, ok := find(user.AccessTokens, c.Token)
		if !ok || s.Disabled || s.expired(w.Now()) {
			return nil, "", refusal.InvalidPAT()
		}
		if user.NoPolicy {
			return nil, "", refusal.NetworkPolicyRequired()
		}
		return user, s.Role, nil
	case "WORKLOAD_IDENTITY":
		user, err := w.proveAttestation(c)
		return user, "", err
	}
	return nil, "", refusal.UnsupportedAuthenticator()
}

// proveOAuth looks the token up at every user: the token says whose it is. A
// login name that comes with it has to agree.
func (w *World) proveOAuth(c Credential) (*User, string, error) {
	for _, u := range w.Users {
		s, ok := find(u.OAuthTokens, c.Token)
		switch {
		case !ok:
		case s.expired(w.Now()):
			return nil, "", refusal.ExpiredOAuth()
		case s.Disabled, c.User != "" && strings.ToUpper(c.User) != u.Name:
			return nil, "", refusal.InvalidOAuth()
		default:
			return u, s.Role, nil
		}
	}
	return nil, "", refusal.InvalidOAuth()
}

// proveKey checks a key pair token: who it is from and about, its signature by
// either of the user's keys, the fingerprint that it names and its times.
func (w *World) proveKey(c Credential) (*User, error) {
	invalid := refusal.InvalidJWT("5f0d9f5e-0000-4000-8000-000000000000")
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(time.Minute), jwt.WithTimeFunc(w.Now))
	var claims jwt.RegisteredClaims
	var user *User
	_, err := parser.ParseWithClaims(c.Token, &claims, func(*jwt.Token) (any, error) {
		account, name, _ := strings.Cut(claims.Subject, ".")
		issued, fingerprint, _ := strings.Cut(claims.Issuer, ".SHA256:")
		expected := w.Account
		if expected == "" {
			expected, _, _ = strings.Cut(strings.ToUpper(c.Account), ".")
		}
		user = w.Users[name]
		if user == nil || issued != claims.Subject || account != expected {
			return nil, invalid
		}
		for _, key := range user.Keys {
			if key != nil && Fingerprint(key) == "SHA256:"+fingerprint {
				return key, nil
			}
		}
		return nil, invalid
	})
	if err != nil || claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > time.Hour {
		return nil, invalid
	}
	return user, nil
}

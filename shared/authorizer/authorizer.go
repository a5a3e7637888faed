// Package authorizer decides who makes a request, before API Gateway lets it
// through: an API key, or a JWT of the configured OpenID provider.
package authorizer

import (
	"context"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
)

// Tokens knows who a JWT was issued to. A token that does not count is fault.Unauthenticated.
type Tokens interface {
	Caller(ctx context.Context, token string) (caller.Caller, error)
}

// Authorizer answers API Gateway's question.
type Authorizer struct {
	Keys   caller.Keys
	Tokens Tokens // nil: only API keys are accepted
	Now    func() time.Time
	Log    *slog.Logger
}

// Authorize answers an HTTP API's authorizer event, payload 2.0, with a simple
// response. The context carries workspace_id, subject and permissions.
//
// No is an answer; not knowing is an error. When the table or the provider does not
// answer, API Gateway gets an error and the caller a 500, which is worth another
// try, and not the 403 of a bad key, which is not.
func (a *Authorizer) Authorize(ctx context.Context, e events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
	var no events.APIGatewayV2CustomAuthorizerSimpleResponse
	who, err := a.caller(ctx, authorization(e.Headers))
	if fault.CodeOf(err) == fault.Unauthenticated {
		a.Log.InfoContext(ctx, "refused", "reason", err.Error())
		return no, nil
	}
	if err != nil {
		return no, fmt.Errorf("identifying caller: %w", err)
	}
	return events.APIGatewayV2CustomAuthorizerSimpleResponse{
		IsAuthorized: true,
		Context: map[string]any{
			"workspace_id": who.WorkspaceID, "subject": who.Subject, "permissions": strings.Join(who.Permissions, " "),
		},
	}, nil
}

func (a *Authorizer) caller(ctx context.Context, header string) (caller.Caller, error) {
	scheme, credential, _ := strings.Cut(header, " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer") || credential == "":
		return caller.Caller{}, refused("no bearer credential")
	case caller.IsKey(credential):
		return a.keyHolder(ctx, credential)
	case a.Tokens == nil:
		return caller.Caller{}, refused("not an API key, and no OpenID provider is configured")
	}
	return a.Tokens.Caller(ctx, credential)
}

// keyHolder finds the key by its hash: the time that takes says nothing about
// keys, for who can choose a hash's prefix cannot choose its pre-image. The
// comparison takes the same time whatever is stored.
func (a *Authorizer) keyHolder(ctx context.Context, text string) (caller.Caller, error) {
	hash := caller.Hash(text)
	key, err := a.Keys.Key(ctx, hash)
	switch {
	case err != nil:
		return caller.Caller{}, err
	case subtle.ConstantTimeCompare([]byte(key.Hash), []byte(hash)) != 1:
		return caller.Caller{}, refused("the key's item has another hash")
	case key.Expired(a.Now()):
		return caller.Caller{}, refused("the key has expired")
	case !IsWorkspace(key.WorkspaceID):
		return caller.Caller{}, refused("the key names no workspace")
	}
	return key.Caller(), nil
}

var workspace = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// IsWorkspace reports whether text can name a workspace. Workspaces are parts of
// item keys, object keys and secret names, so nothing in one may separate.
func IsWorkspace(text string) bool { return workspace.MatchString(text) }

// authorization returns the Authorization header; API Gateway gives names in lower case.
func authorization(headers map[string]string) string {
	for name, value := range headers {
		if strings.EqualFold(name, "Authorization") {
			return value
		}
	}
	return ""
}

func refused(reason string) error { return fault.New(fault.Unauthenticated, reason) }

package snowflake

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// oauth is where access tokens come from: the one that was given, as long as
// Snowflake takes it, then the account's own token endpoint. Source: "Snowflake
// OAuth for custom clients" in the Snowflake documentation.
type oauth struct {
	http     *http.Client
	endpoint *url.URL
	id       string
	secret   source.Secret
	refresh  source.Secret

	mu     sync.Mutex
	access source.Secret
}

// newOAuth reads the fields of a credential.
func newOAuth(client *http.Client, base *url.URL, fields map[string]source.Secret) (*oauth, error) {
	o := &oauth{
		http: client, endpoint: base.JoinPath("oauth", "token-request"),
		id: fields["client_id"].Reveal(), secret: fields["client_secret"],
		refresh: fields["refresh_token"], access: fields["access_token"],
	}
	switch {
	case o.refresh == "" && o.access == "":
		return nil, fault.Field(fault.SourceInvalidConfig, "credentials.refresh_token", "a refresh token or an access token is needed")
	case o.refresh != "" && o.id == "":
		return nil, fault.Field(fault.SourceInvalidConfig, "credentials.client_id", "a refresh token works with its client only")
	}
	return o, nil
}

// token returns an access token that has not been refused.
func (o *oauth) token(ctx context.Context) (source.Secret, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.access != "" {
		return o.access, nil
	}
	access, err := o.exchange(ctx)
	if err != nil {
		return "", fmt.Errorf("refreshing the access token: %w", err)
	}
	o.access = access
	return access, nil
}

// renewable reports whether there can be another token than the refused one,
// and forgets that one.
func (o *oauth) renewable(refused source.Secret) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.access == refused {
		o.access = ""
	}
	return o.access != "" || o.refresh != ""
}

const tokenTimeout = 20 * time.Second

// exchange asks the token endpoint. Its errors hold neither token nor secret.
func (o *oauth) exchange(ctx context.Context) (source.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.refresh.Reveal()}}
	if o.secret == "" {
		form.Set("client_id", o.id)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.endpoint.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if o.secret != "" {
		req.SetBasicAuth(url.QueryEscape(o.id), url.QueryEscape(o.secret.Reveal()))
	}
	client := *o.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // or the token would go along
	resp, err := client.Do(req)
	if err != nil {
		return "", withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }() // what was read of it counts
	var granted grant
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&granted); err != nil {
		granted = grant{} // the status has to do
	}
	if resp.StatusCode == http.StatusOK && granted.AccessToken != "" {
		return source.Secret(granted.AccessToken), nil
	}
	return "", granted.refusal(resp.StatusCode)
}

// grant is an answer of the token endpoint.
type grant struct {
	AccessToken string `json:"access_token"`
	Error       string `json:"error"` // RFC 6749, section 5.2
	Code        string `json:"code"`  // Snowflake's own form of a refusal
}

// refusal is why there is no token. Only what the endpoint itself says of the
// grant or of the client is taken for that: a proxy, a gateway or a portal that
// answers instead says nothing about the credential, which stays good.
func (g grant) refusal(status int) error {
	said := fmt.Errorf("the token endpoint answered %d", status)
	number, _ := strconv.Atoi(g.Code) // 0 is no code
	switch class := codes[number]; {
	case g.Error == "invalid_grant", class == fault.SourceExpired:
		return fault.Wrap(fault.SourceExpired, "the refresh token has expired or was revoked", said)
	case g.Error == "invalid_client", g.Error == "unauthorized_client":
		return fault.Wrap(fault.SourceAuthentication, "the OAuth integration does not accept the client", fmt.Errorf("%w: %s", said, g.Error))
	case class != "":
		return fault.Wrap(class, messages[class], fmt.Errorf("%w: %06d", said, number))
	case status == http.StatusTooManyRequests:
		return fault.Wrap(fault.SourceRateLimited, messages[fault.SourceRateLimited], said)
	case status == http.StatusOK, status >= http.StatusInternalServerError:
		return fault.Wrap(fault.SourceUnavailable, messages[fault.SourceUnavailable], said)
	}
	return fault.Wrap(fault.SourceNetwork, "something other than Snowflake's token endpoint answers: look for a proxy or a firewall on the way", said)
}

package google

import (
	"net/http"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
)

// classify tells a credential that was never good from one that is not any more.
// Sources: RFC 6749 section 5.2, RFC 8693 section 2.2.2, "OAuth 2.0 errors" of Google's identity platform.
func (r *Refusal) classify() *fault.Error {
	switch {
	case r.Status == http.StatusTooManyRequests, r.Code == "rate_limit_exceeded":
		return fault.New(fault.SourceRateLimited, messages[fault.SourceRateLimited])
	case r.Status >= 500, r.Code == "internal_failure", r.Code == "temporarily_unavailable":
		return fault.New(fault.SourceUnavailable, messages[fault.SourceUnavailable])
	}
	switch r.Code {
	case "invalid_grant":
		return r.grant()
	case "invalid_rapt":
		return fault.New(fault.SourceExpired, "the organization wants the user to sign in again")
	case "invalid_client", "deleted_client", "disabled_client":
		return fault.New(fault.SourceAuthentication, "Google does not accept the OAuth client: its id or secret is wrong, or it was deleted")
	case "invalid_target":
		return fault.New(fault.SourceAuthentication, "the workload identity pool or its provider does not exist, or is disabled")
	case "unauthorized_client":
		return fault.New(fault.SourceAuthentication, "Google does not let this identity in: the provider's attribute condition, or the account, refuses it")
	case "access_denied", "admin_policy_enforced", "org_internal":
		return fault.New(fault.SourcePermission, "the organization does not let this application in")
	case "invalid_scope":
		return fault.New(fault.SourcePermission, "the user's consent does not cover what is needed: its scopes are too narrow")
	}
	return fault.New(fault.SourceAuthentication, messages[fault.SourceAuthentication])
}

func (r *Refusal) grant() *fault.Error {
	says := func(words string) bool { return strings.Contains(r.Description, words) }
	switch {
	case r.Subtype != "":
		return fault.New(fault.SourceExpired, "the organization wants the user to sign in again")
	case says("expired or revoked"):
		return fault.New(fault.SourceExpired, "the user's consent was taken back, or has expired")
	case says("account not found"), says("Account has been deleted"), says("disabled"):
		return fault.New(fault.SourceAuthentication, "the account does not exist, or is disabled")
	case says("Invalid JWT Signature"):
		return fault.New(fault.SourceAuthentication, "Google does not know the key: it was deleted or disabled, or is of another account")
	case says("timeframe"):
		return fault.New(fault.SourceAuthentication, "Headwater's clock differs too much from Google's")
	case says("AWS"), says("aws"):
		return fault.New(fault.SourceAuthentication, "AWS does not confirm Headwater's identity to Google")
	}
	return fault.New(fault.SourceAuthentication, messages[fault.SourceAuthentication])
}

package google

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
)

// reasons are what Google's APIs call their refusals. Sources: "Error messages"
// of BigQuery, "HTTP status and error codes" of Cloud Storage's JSON API, and
// google.api.ErrorReason, whose names are in capitals.
var reasons = map[string]fault.Code{
	"authError":                     fault.SourceAuthentication,
	"required":                      fault.SourceAuthentication, // of 401; see byReason
	"CREDENTIALS_MISSING":           fault.SourceAuthentication,
	"ACCESS_TOKEN_TYPE_UNSUPPORTED": fault.SourceAuthentication,
	"ACCOUNT_STATE_INVALID":         fault.SourceAuthentication,
	"ACCESS_TOKEN_EXPIRED":          fault.SourceExpired,
	"SESSION_COOKIE_INVALID":        fault.SourceExpired,

	"accessDenied":                        fault.SourcePermission,
	"forbidden":                           fault.SourcePermission,
	"insufficientPermissions":             fault.SourcePermission,
	"accessNotConfigured":                 fault.SourcePermission,
	"billingNotEnabled":                   fault.SourcePermission,
	"BILLING_DISABLED":                    fault.SourcePermission,
	"SERVICE_DISABLED":                    fault.SourcePermission,
	"CONSUMER_SUSPENDED":                  fault.SourcePermission,
	"CONSUMER_INVALID":                    fault.SourcePermission,
	"USER_PROJECT_DENIED":                 fault.SourcePermission,
	"IAM_PERMISSION_DENIED":               fault.SourcePermission,
	"ACCESS_TOKEN_SCOPE_INSUFFICIENT":     fault.SourcePermission,
	"RESOURCE_USAGE_RESTRICTION_VIOLATED": fault.SourcePermission,
	"LOCATION_ORG_POLICY_VIOLATED":        fault.SourcePermission,
	"ORG_RESTRICTION_VIOLATION":           fault.SourcePermission,
	"SECURITY_POLICY_VIOLATED":            fault.SourceNetwork,

	"notFound":        fault.SourceNotFound,
	"conditionNotMet": fault.SourceChanged,

	"rateLimitExceeded":       fault.SourceRateLimited,
	"userRateLimitExceeded":   fault.SourceRateLimited,
	"RATE_LIMIT_EXCEEDED":     fault.SourceRateLimited,
	"quotaExceeded":           fault.SourceQuota,
	"dailyLimitExceeded":      fault.SourceQuota,
	"RESOURCE_QUOTA_EXCEEDED": fault.SourceQuota,

	"backendError":  fault.SourceUnavailable,
	"internalError": fault.SourceUnavailable,
}

// Classify maps what Google's clients, token endpoints and the network return,
// nil when it is none of these or may mean different things to different
// services, such as a 400: the driver knows better, and asks here last.
func Classify(err error) *fault.Error {
	if known, ok := fault.As(err); ok {
		return fault.Field(known.Code, known.Field, known.Message)
	}
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal.classify()
	}
	if a, ok := answerOf(err); ok {
		if code := a.classify(); code != "" {
			return fault.New(code, a.message(code))
		}
		return nil
	}
	return byNetwork(err)
}

// Permission is the permission that an API says is missing, "" when it names none.
func Permission(err error) string {
	a, _ := answerOf(err)
	return a.permission()
}

// Reasons are an API's own names for its refusal, such as "quotaExceeded", nil
// when err is none: for what only a driver can classify.
func Reasons(err error) []string {
	a, _ := answerOf(err)
	return a.reasons
}

// Status is the HTTP status of an API's refusal, that of the same meaning over
// gRPC, and 0 when err is none.
func Status(err error) int {
	a, _ := answerOf(err)
	return a.status
}

func (a answer) classify() fault.Code {
	switch {
	case a.perimeter(), a.addressFilter():
		return fault.SourceNetwork
	case a.unreachable(), a.status/100 == 3: // no API here redirects: something on the way does
		return fault.SourceNetwork
	case slices.Contains(a.reasons, "RATE_LIMIT_EXCEEDED") && strings.Contains(a.metadata["quota_limit"], "PerDay"):
		return fault.SourceQuota
	}
	if code := a.byReason(); code != "" {
		return code
	}
	switch {
	case a.status == http.StatusUnauthorized:
		return fault.SourceAuthentication
	case a.status == http.StatusForbidden:
		return fault.SourcePermission
	case a.status == http.StatusNotFound:
		return fault.SourceNotFound
	case a.status == http.StatusPreconditionFailed:
		return fault.SourceChanged
	case a.status == http.StatusTooManyRequests:
		return fault.SourceRateLimited
	case a.status == http.StatusRequestTimeout, a.status >= 500 && a.status != http.StatusNotImplemented:
		return fault.SourceUnavailable
	}
	return ""
}

// byReason takes the last reason that is known: Google's own, where there is
// one, stands after the older and coarser.
func (a answer) byReason() fault.Code {
	for _, reason := range slices.Backward(a.reasons) {
		code, ok := reasons[reason]
		if ok && (reason != "required" || a.status == http.StatusUnauthorized) {
			return code
		}
	}
	return ""
}

// perimeter reports a refusal by VPC Service Controls.
func (a answer) perimeter() bool {
	return slices.Contains(a.reasons, "SECURITY_POLICY_VIOLATED") || slices.Contains(a.violations, "VPC_SERVICE_CONTROLS") ||
		a.says("vpcServiceControlsUniqueId")
}

// addressFilter reports a refusal by a bucket's IP filter.
func (a answer) addressFilter() bool {
	return a.status == http.StatusForbidden && a.says("IP filter", "IP filtering")
}

// unreachable reports a connection that gRPC could not make: it keeps only the
// text of what will not go away by itself.
func (a answer) unreachable() bool {
	return a.status == http.StatusServiceUnavailable && a.says("no such host", "connection refused", "x509: ", "tls: ", "produced zero addresses")
}

// Messages that a remedy tells apart.
const (
	perimeterRefuses = "a VPC Service Controls perimeter refuses the request"
	// FilterRefuses is that a bucket's IP filter does not let the deployment in.
	FilterRefuses = "the bucket's IP filter does not let Headwater's addresses in"
)

var perimeterID = regexp.MustCompile(`vpcServiceControlsUniqueId(?:entifier)?: ([A-Za-z0-9_-]+)`)

// message says what an answer means. It holds names of Google's, never of a row.
func (a answer) message(code fault.Code) string {
	switch code {
	case fault.SourcePermission:
		return a.denial()
	case fault.SourceNetwork:
		switch {
		case a.addressFilter():
			return FilterRefuses
		case !a.perimeter():
			return messages[code]
		}
		id := a.metadata["uid"]
		if m := perimeterID.FindStringSubmatch(a.text); m != nil {
			id = m[1]
		}
		if id == "" {
			return perimeterRefuses
		}
		return perimeterRefuses + "; its identifier is " + id
	}
	return messages[code]
}

func (a answer) denial() string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(a.reasons, n) })
	}
	switch service := a.metadata["service"]; {
	case has("SERVICE_DISABLED", "accessNotConfigured"):
		if service == "" {
			service = "an API that is needed"
		}
		return service + " is not enabled in the project"
	case has("BILLING_DISABLED", "billingNotEnabled"):
		return "billing is not enabled in the project"
	case has("CONSUMER_SUSPENDED", "CONSUMER_INVALID"):
		return "the project is suspended, or there is none with this id"
	case has("ACCESS_TOKEN_SCOPE_INSUFFICIENT") || a.says("insufficient authentication scopes"):
		return "the user's consent does not cover what is needed: its scopes are too narrow"
	case has("USER_PROJECT_DENIED"):
		return "the credential lacks serviceusage.services.use on the project that is to be billed"
	case has("RESOURCE_USAGE_RESTRICTION_VIOLATED", "LOCATION_ORG_POLICY_VIOLATED", "ORG_RESTRICTION_VIOLATION") || a.says("constraints/"):
		return "a policy of the organization refuses the request"
	}
	if name := a.permission(); name != "" {
		return "the credential lacks " + name
	}
	return messages[fault.SourcePermission]
}

var messages = map[fault.Code]string{
	fault.SourceAuthentication: "Google does not accept the credential",
	fault.SourceExpired:        "the credential has expired or was revoked",
	fault.SourcePermission:     "Google denied the request",
	fault.SourceNotFound:       "Google knows nothing of this name",
	fault.SourceChanged:        "what is read was replaced or removed since it was planned",
	fault.SourceQuota:          "a quota is used up",
	fault.SourceRateLimited:    "Google asks to slow down",
	fault.SourceUnavailable:    "Google did not answer properly",
	fault.SourceNetwork:        "no connection to Google could be made",
}

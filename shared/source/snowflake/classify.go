package snowflake

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
)

// codes are the error numbers of the service and of the SDK. Sources: the error
// tables of gosnowflake and of Snowflake's JDBC and Python connectors, the
// troubleshooting pages of the Snowflake documentation, and reports of what the
// service was seen to answer.
var codes = map[int]fault.Code{
	390100: fault.SourceAuthentication, // incorrect user name or password
	390101: fault.SourceAuthentication, // user disabled
	390102: fault.SourceAuthentication, // user locked
	390103: fault.SourceAuthentication,
	390104: fault.SourceAuthentication, // session token not found
	390106: fault.SourceExpired,        // password expired
	390110: fault.SourceAuthentication, // invalid parameter for login
	390120: fault.SourceAuthentication, // MFA wanted
	390127: fault.SourceAuthentication,
	390139: fault.SourceAuthentication, // the account does not take this way of logging in
	390144: fault.SourceAuthentication, // JWT: unknown key, wrong user or account, wrong clock
	390191: fault.SourceAuthentication, // user identity
	390195: fault.SourceAuthentication,
	390303: fault.SourceAuthentication, // invalid OAuth access token
	390304: fault.SourceAuthentication, // OAuth: user
	390309: fault.SourceAuthentication, // OAuth: another user than the token's
	390318: fault.SourceExpired,        // OAuth access token expired
	394300: fault.SourceAuthentication, // JWT: user not found
	394301: fault.SourceAuthentication, // JWT: public key
	394302: fault.SourceAuthentication,
	394303: fault.SourceAuthentication,
	394304: fault.SourceAuthentication, // JWT: fingerprint
	394305: fault.SourceAuthentication,
	394400: fault.SourceAuthentication, // programmatic access token invalid
	394401: fault.SourceExpired,        // programmatic access token expired
	394402: fault.SourceAuthentication, // programmatic access token disabled
	390111: fault.SourceUnavailable,    // session gone
	390112: fault.SourceUnavailable,    // session token expired
	390113: fault.SourceUnavailable,    // master token not found
	390114: fault.SourceUnavailable,    // master token expired
	390115: fault.SourceUnavailable,    // master token invalid
	390186: fault.SourcePermission,     // role not listed in the token
	390189: fault.SourcePermission,     // role not granted
	390201: fault.SourcePermission,     // object of the login request
	390317: fault.SourcePermission,     // OAuth: another role than the token's
	390403: fault.SourceNetwork,
	390420: fault.SourceNetwork, // network policy
	390421: fault.SourceNetwork,
	390422: fault.SourceNetwork,
	390432: fault.SourceNetwork,        // a network policy is required
	390433: fault.SourceNetwork,        // the token's network policy
	251004: fault.SourceAuthentication, // the SDK could not read a key

	260007: fault.SourceUnavailable, // login: 502, 503, 504
	260008: fault.SourceNotFound,    // login: 401, 403: no such account behind the host
	261000: fault.SourceUnavailable,
	261001: fault.SourceUnavailable,
	261004: fault.SourceNotFound, // login: any other status, as 404 of an unknown account

	2:      fault.SourceUnsupported,
	8:      fault.SourceInvalidQuery, // several statements
	601:    fault.SourceUnavailable,
	602:    fault.SourceUnavailable,
	603:    fault.SourceUnavailable, // incident
	604:    fault.SourceChanged,     // stopped by somebody
	606:    fault.SourcePermission,  // no warehouse that the role may use and that runs
	607:    fault.SourceUnavailable,
	608:    fault.SourcePermission, // warehouse cannot be resumed
	610:    fault.SourceRateLimited,
	625:    fault.SourceUnavailable,
	630:    fault.SourceCostLimit, // statement timeout
	631:    fault.SourceCostLimit,
	707:    fault.SourceReadExpired, // time travel beyond the retention
	708:    fault.SourceReadExpired,
	709:    fault.SourceReadExpired, // statement not found
	710:    fault.SourceReadExpired, // result expired
	712:    fault.SourceReadExpired,
	713:    fault.SourceReadExpired,
	904:    fault.SourceChanged, // column is not there
	1001:   fault.SourceInvalidQuery,
	1003:   fault.SourceInvalidQuery, // syntax
	2003:   fault.SourceNotFound,     // no such table, or nothing granted on it
	2043:   fault.SourceNotFound,     // no such object, or nothing granted on it
	2037:   fault.SourceChanged,
	2057:   fault.SourceChanged, // a view whose columns no longer fit
	3001:   fault.SourcePermission,
	3003:   fault.SourcePermission,
	3007:   fault.SourcePermission,
	3013:   fault.SourcePermission,
	3041:   fault.SourcePermission,
	3540:   fault.SourcePermission,
	90073:  fault.SourceQuota, // the resource monitor's quota is used up
	90082:  fault.SourceQuota,
	90083:  fault.SourceInvalidConfig,
	90105:  fault.SourcePermission, // no current database
	90106:  fault.SourcePermission, // no current schema
	90109:  fault.SourceQuota,      // account suspended
	391861: fault.SourceRateLimited,
}

var messages = map[fault.Code]string{
	fault.SourceAuthentication: "Snowflake does not accept the credential",
	fault.SourceExpired:        "the credential has expired",
	fault.SourcePermission:     "the role lacks a privilege",
	fault.SourceNotFound:       "it does not exist, or the role has no privilege on it",
	fault.SourceNetwork:        "a network policy of the account does not admit this deployment",
	fault.SourceUnavailable:    "Snowflake did not answer properly",
	fault.SourceRateLimited:    "Snowflake asks to slow down",
	fault.SourceQuota:          "a quota of the account is used up",
	fault.SourceCostLimit:      "the query ran longer than the statement timeout",
	fault.SourceReadExpired:    "Snowflake no longer keeps the result of the query",
	fault.SourceChanged:        "the table is not as it was when the run was planned",
	fault.SourceInvalidQuery:   "Snowflake does not accept the query",
	fault.SourceInvalidConfig:  "the warehouse does not run queries as it is set up",
	fault.SourceUnsupported:    "Snowflake does not do this",
}

// Classify maps an error of the service, of the SDK or of the network; nil when
// it is none of these.
func (Driver) Classify(err error) *fault.Error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	if refusal, ok := errors.AsType[*sf.SnowflakeError](err); ok {
		return ofRefusal(refusal)
	}
	if status, ok := errors.AsType[*httpError](err); ok {
		return ofStatus(status.Status)
	}
	if store, ok := errors.AsType[*linkError](err); ok {
		return fault.New(fault.SourceNetwork, "the store of results at "+store.Host+" refuses this network")
	}
	return ofNetwork(err)
}

func ofRefusal(refusal *sf.SnowflakeError) *fault.Error {
	code, known := codes[refusal.Number]
	if !known {
		code, known = ofState(refusal.SQLState)
	}
	if !known {
		return nil
	}
	message := messages[code]
	if stopped(refusal) {
		message = "the query was stopped at Snowflake"
	}
	if code == fault.SourceInvalidQuery && aboutData(refusal) {
		message = "the query fails on a value of the data, which Snowflake's query history shows"
	}
	if code == fault.SourcePermission && (refusal.Number == 606 || refusal.Number == 608) {
		message = "no warehouse runs that the role may use"
	}
	if code == fault.SourcePermission && refusal.Number == 390189 {
		message = "the role does not exist, or is not granted to the user"
	}
	if refusal.Number == 260008 || refusal.Number == 261004 {
		message = "no account answers at this host"
	}
	return fault.New(code, message)
}

// stopped reports whether somebody at Snowflake ended the query. It is not
// begun again by itself: whoever stops one does not want to do so many times.
func stopped(refusal *sf.SnowflakeError) bool {
	return refusal.Number == 604 || refusal.SQLState == stateStopped && codes[refusal.Number] == ""
}

const stateStopped = "57014"

// ofState is by the class of the SQLSTATE.
func ofState(state string) (fault.Code, bool) {
	switch {
	case state == "42501":
		return fault.SourcePermission, true
	case state == "42S02" || state == "02000":
		return fault.SourceNotFound, true
	case state == stateStopped:
		return fault.SourceChanged, true
	case state == "57P03":
		return fault.SourceUnavailable, true
	case state == "0A000":
		return fault.SourceUnsupported, true
	case state == "28000":
		return fault.SourceAuthentication, true
	case strings.HasPrefix(state, "42"), strings.HasPrefix(state, "22"):
		return fault.SourceInvalidQuery, true
	case strings.HasPrefix(state, "08"):
		return fault.SourceUnavailable, true
	}
	return "", false
}

func ofStatus(status int) *fault.Error {
	switch {
	case status == http.StatusTooManyRequests:
		return fault.New(fault.SourceRateLimited, messages[fault.SourceRateLimited])
	case status >= http.StatusInternalServerError:
		return fault.New(fault.SourceUnavailable, messages[fault.SourceUnavailable])
	case status == http.StatusUnauthorized:
		return fault.New(fault.SourceAuthentication, messages[fault.SourceAuthentication])
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return fault.New(fault.SourceNotFound, "no account answers at this host")
	}
	return nil
}

// ofNetwork tells what will not go away by itself (no such host, refused) from
// a connection that broke or was slow.
func ofNetwork(err error) *fault.Error {
	var dns *net.DNSError
	var dial *net.OpError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return fault.New(fault.SourceNetwork, "the host's certificate is not valid")
	case errors.As(err, &dns) && !dns.IsTemporary:
		return fault.New(fault.SourceNetwork, "there is no host of this account: check the account identifier")
	case errors.As(err, &dial) && dial.Op == "dial":
		return fault.New(fault.SourceNetwork, "no connection to Snowflake could be made")
	case errors.Is(err, context.DeadlineExceeded):
		return nil
	case errors.As(err, &timeout), errors.As(err, &dial),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fault.New(fault.SourceUnavailable, "the connection to Snowflake broke")
	case strings.Contains(err.Error(), "Hanging?"): // how the SDK ends its attempts
		return fault.New(fault.SourceUnavailable, messages[fault.SourceUnavailable])
	}
	return nil
}

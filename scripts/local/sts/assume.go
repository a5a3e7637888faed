package sts

import (
	"cmp"
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

// Limits of AssumeRole, by the AWS STS API reference.
const (
	maxPolicy       = 2048
	defaultDuration = 3600
	minDuration     = 900
	maxDuration     = 43200
)

type assumed struct {
	XMLName xml.Name `xml:"AssumeRoleResponse"`
	Xmlns   string   `xml:"xmlns,attr"`
	Result  struct {
		AssumedRoleUser struct{ Arn, AssumedRoleId string }
		Credentials     struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }
	} `xml:"AssumeRoleResult"`
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

// assume gives a session of a role, if the caller's own policy and the role's
// trust policy both allow it, which is what AWS wants between accounts.
func (s *server) assume(w http.ResponseWriter, caller string, form url.Values) {
	arn, name := form.Get("RoleArn"), form.Get("RoleSessionName")
	seconds, err := strconv.Atoi(cmp.Or(form.Get("DurationSeconds"), strconv.Itoa(defaultDuration)))
	sessionName, policy := regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`), regexp.MustCompile(`^[\t\n\r\x20-\x{FF}]*$`)
	if err != nil || seconds < minDuration || seconds > maxDuration || !sessionName.MatchString(name) ||
		utf8.RuneCountInString(form.Get("Policy")) > maxPolicy || !policy.MatchString(form.Get("Policy")) {
		refuse(w, http.StatusBadRequest, "ValidationError", "A parameter does not satisfy its constraint.")
		return
	}
	var session *access.Policy
	if text := form.Get("Policy"); text != "" {
		if session, err = access.ParsePolicy(text); err != nil {
			refuse(w, http.StatusBadRequest, "MalformedPolicyDocument", err.Error())
			return
		}
	}
	role, exists := s.roles.role(arn)
	who := s.arn(caller)
	switch denied := "User: " + who + " is not authorized to perform: sts:AssumeRole on resource: " + arn; {
	case !s.ring.Meets(caller, access.Need{Action: "sts:AssumeRole", Resource: arn}):
		refuse(w, http.StatusForbidden, "AccessDenied", denied+" because no identity-based policy allows the sts:AssumeRole action")
	case !exists || !role.trust.Allows(request(who, form)):
		refuse(w, http.StatusForbidden, "AccessDenied", denied)
	default:
		answer(w, s.session(role, session, arn, name, time.Duration(seconds)*time.Second))
	}
}

// request is what a trust policy decides on. What the caller does not send is not in its context.
func request(who string, form url.Values) access.Request {
	r := access.Request{Principal: who, Action: "sts:AssumeRole", Context: map[string]string{
		"aws:PrincipalArn": who, "sts:RoleSessionName": form.Get("RoleSessionName"),
	}}
	if form.Has("ExternalId") {
		r.Context["sts:ExternalId"] = form.Get("ExternalId")
	}
	return r
}

// session makes a key that lives for a while.
func (s *server) session(r role, limit *access.Policy, arn, name string, lasts time.Duration) assumed {
	account, path, _ := strings.Cut(strings.Replace(arn, ":iam::", ":sts::", 1), ":role/")
	key := access.Key{
		ID: "ASIA" + rand.Text()[:16], Secret: rand.Text() + rand.Text(), Token: "FwoGZXIvYXdz" + rand.Text() + "+" + rand.Text() + "/=",
		Expires: time.Now().Add(lasts), ARN: account + ":assumed-role/" + path + "/" + name, Policy: r.policy, Session: limit,
	}
	s.ring.Sweep()
	s.ring.Put(key)
	out := assumed{Xmlns: namespace, RequestID: ulid.Make().String()}
	out.Result.AssumedRoleUser.Arn, out.Result.AssumedRoleUser.AssumedRoleId = key.ARN, "AROA"+key.ID[4:]+":"+name
	out.Result.Credentials.AccessKeyId, out.Result.Credentials.SecretAccessKey = key.ID, key.Secret
	out.Result.Credentials.SessionToken, out.Result.Credentials.Expiration = key.Token, key.Expires.UTC().Format(time.RFC3339)
	return out
}

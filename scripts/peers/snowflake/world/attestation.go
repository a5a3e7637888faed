package world

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
)

var (
	stsHost       = regexp.MustCompile(`^sts\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)
	authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/\d{8}/[a-z0-9-]+/sts/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=[0-9a-f]{64}$`)
)

// proveAttestation takes a signed GetCallerIdentity request for what it looks
// like. The service would send it to AWS; here the access key in it says which
// user it is.
func (w *World) proveAttestation(c Credential) (*User, error) {
	if c.Provider != "AWS" {
		return nil, refusal.InvalidAttestation()
	}
	raw, err := base64.StdEncoding.DecodeString(c.Token)
	if err != nil {
		return nil, refusal.InvalidAttestation()
	}
	var request struct {
		URL     string            `json:"url"`
		Method  string            `json:"method"`
		Headers map[string]string `json:"headers"`
	}
	if json.Unmarshal(raw, &request) != nil || request.Method != http.MethodPost {
		return nil, refusal.InvalidAttestation()
	}
	headers := map[string]string{}
	for k, v := range request.Headers {
		headers[strings.ToLower(k)] = v
	}
	u, err := url.Parse(request.URL)
	if err != nil || u.Scheme != "https" || !stsHost.MatchString(u.Host) || u.Query().Get("Action") != "GetCallerIdentity" {
		return nil, refusal.InvalidAttestation()
	}
	signed := authorization.FindStringSubmatch(headers["authorization"])
	if signed == nil || headers["x-snowflake-audience"] != "snowflakecomputing.com" || !slices.Contains(strings.Split(signed[2], ";"), "x-snowflake-audience") {
		return nil, refusal.InvalidAttestation()
	}
	at, err := time.Parse("20060102T150405Z", headers["x-amz-date"])
	if err != nil || w.Now().Sub(at).Abs() > 15*time.Minute {
		return nil, refusal.InvalidAttestation()
	}
	for _, user := range w.Users {
		if slices.Contains(user.AWSKeys, signed[1]) {
			return user, nil
		}
	}
	return nil, refusal.InvalidAttestation()
}

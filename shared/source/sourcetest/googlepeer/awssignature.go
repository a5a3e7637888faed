package googlepeer

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// emptySHA256 is the payload hash of a request without a body.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// signedBy reports whether this is a GetCallerIdentity request for the audience,
// signed with the key within the last quarter of an hour. It does what AWS does
// when Google sends the request on: it signs the request again and compares.
func (c callerIdentity) signedBy(ctx context.Context, key AWSKey, audience string, now time.Time) bool {
	if _, ok := c.askedOf(audience); !ok {
		return false
	}
	headers := c.header()
	given := headers.Get("Authorization")
	at, err := time.Parse("20060102T150405Z", headers.Get("X-Amz-Date"))
	if err != nil || now.Sub(at).Abs() > 15*time.Minute || headers.Get("X-Amz-Security-Token") != key.SessionToken {
		return false
	}
	scope, names := field(given, "Credential="), strings.Split(field(given, "SignedHeaders="), ";")
	parts := strings.Split(scope, "/")
	if len(parts) != 5 || parts[0] != key.AccessKeyID || parts[3] != "sts" {
		return false
	}
	again, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, http.NoBody)
	if err != nil {
		return false
	}
	for _, name := range names {
		if name != "host" && name != "x-amz-date" && name != "x-amz-security-token" {
			again.Header.Set(name, headers.Get(name))
		}
	}
	credentials := aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey, SessionToken: key.SessionToken}
	err = v4.NewSigner().SignHTTP(ctx, credentials, again, emptySHA256, "sts", parts[2], at)
	return err == nil && field(again.Header.Get("Authorization"), "Signature=") == field(given, "Signature=")
}

// askedOf reports whether this asks STS who the caller is, for the audience.
func (c callerIdentity) askedOf(audience string) (target *url.URL, ok bool) {
	target, err := url.Parse(c.URL)
	if err != nil || c.Method != http.MethodPost || target.Scheme != "https" || !regionalSTS(target.Host) ||
		target.Query().Get("Action") != "GetCallerIdentity" || target.Query().Get("Version") != "2011-06-15" {
		return nil, false
	}
	headers := c.header()
	signed := strings.Split(field(headers.Get("Authorization"), "SignedHeaders="), ";")
	return target, headers.Get("X-Goog-Cloud-Target-Resource") == audience && slices.Contains(signed, "x-goog-cloud-target-resource")
}

func (c callerIdentity) header() http.Header {
	headers := http.Header{}
	for _, h := range c.Headers {
		headers.Set(h.Key, h.Value)
	}
	return headers
}

func regionalSTS(host string) bool {
	return host == "sts.amazonaws.com" || strings.HasPrefix(host, "sts.") && strings.HasSuffix(host, ".amazonaws.com")
}

// field returns the value of a field of an Authorization header.
func field(authorization, name string) string {
	_, after, _ := strings.Cut(authorization, name)
	value, _, _ := strings.Cut(after, ",")
	return strings.TrimSpace(value)
}

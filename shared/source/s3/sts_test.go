package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// newSTS serves GetCallerIdentity to the given keys, and verifies signatures
// by signing again. Other keys get the answers that STS gives.
func newSTS(t *testing.T, secrets map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), "Action=GetCallerIdentity") {
			w.WriteHeader(http.StatusNotImplemented)
			return
		}
		key, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
		secret, known := secrets[key]
		switch {
		case !known:
			refuse(w, "InvalidClientTokenId", "The security token included in the request is invalid.")
		case !signedWith(t, r, body, key, secret):
			refuse(w, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
		default:
			fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
				`<Arn>arn:aws:iam::123456789012:user/%s</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, key)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func refuse(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>`, code, message)
}

// signedWith signs the request's signed headers again and compares.
func signedWith(t *testing.T, r *http.Request, body []byte, key, secret string) bool {
	t.Helper()
	got := r.Header.Get("Authorization")
	again, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return false
	}
	_, signed, _ := strings.Cut(got, "SignedHeaders=")
	signed, _, _ = strings.Cut(signed, ",")
	for h := range strings.SplitSeq(signed, ";") {
		if v := r.Header.Values(h); len(v) > 0 {
			again.Header[http.CanonicalHeaderKey(h)] = v
		}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return false
	}
	sum := r.Header.Get("X-Amz-Content-Sha256")
	if sum == "" {
		sum = sha256Hex(body)
	}
	if err := v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, again, sum, "sts", region, at); err != nil {
		t.Error(err)
		return false
	}
	return again.Header.Get("Authorization") == got
}

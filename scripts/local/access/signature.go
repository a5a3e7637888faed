package access

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// What can be wrong with a request's signature. Each service says it in its own words.
var (
	ErrUnsigned   = errors.New("the request is not signed")
	ErrMalformed  = errors.New("the authorization header is malformed")
	ErrUnknownKey = errors.New("the access key is unknown")
	ErrMismatch   = errors.New("the signature does not match")
	ErrSkewed     = errors.New("the request time is too far from the server's")
	ErrToken      = errors.New("the security token is not that of the access key")
	ErrExpired    = errors.New("the security token has expired")
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	maxSkew    = 15 * time.Minute
)

// Signature is what a Signature Version 4 authorization header says.
type Signature struct {
	KeyID, Region, Service string
	headers                []string
	signature              string
}

// Parse reads the authorization header of a request; presigned URLs are not supported and count as unsigned.
func Parse(r *http.Request) (Signature, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return Signature{}, ErrUnsigned
	}
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return Signature{}, ErrMalformed
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || fields["SignedHeaders"] == "" || fields["Signature"] == "" {
		return Signature{}, ErrMalformed
	}
	return Signature{
		KeyID: scope[0], Region: scope[2], Service: scope[3],
		headers: strings.Split(fields["SignedHeaders"], ";"), signature: fields["Signature"],
	}, nil
}

// Verify signs the request again with the key's secret and compares. The payload hash is what the caller signed: for S3 the
// value of x-amz-content-sha256, elsewhere the hash of the body. It does not look at the body.
func (r *Ring) Verify(req *http.Request, payloadHash string) (Signature, error) {
	sig, err := Parse(req)
	if err != nil {
		return sig, err
	}
	key, ok := r.Key(sig.KeyID)
	if !ok {
		return sig, ErrUnknownKey
	}
	at, err := time.Parse(timeFormat, req.Header.Get("X-Amz-Date"))
	if err != nil {
		return sig, ErrMalformed
	}
	if d := time.Since(at); d > maxSkew || d < -maxSkew {
		return sig, ErrSkewed
	}
	again := signedPart(req, sig.headers)
	credentials := aws.Credentials{AccessKeyID: sig.KeyID, SecretAccessKey: key.Secret, SessionToken: req.Header.Get("X-Amz-Security-Token")}
	err = v4.NewSigner().SignHTTP(req.Context(), credentials, again, payloadHash, sig.Service, sig.Region, at, func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = sig.Service == "s3"
	})
	if err != nil {
		return sig, ErrMalformed
	}
	want, err := Parse(again)
	if err != nil || !slices.Equal(want.headers, sig.headers) ||
		subtle.ConstantTimeCompare([]byte(want.signature), []byte(sig.signature)) != 1 {
		return sig, ErrMismatch
	}
	switch {
	case req.Header.Get("X-Amz-Security-Token") != key.Token:
		return sig, ErrToken
	case key.expired():
		return sig, ErrExpired
	}
	return sig, nil
}

// signedPart is the request reduced to what its signature covers.
func signedPart(req *http.Request, headers []string) *http.Request {
	out := &http.Request{Method: req.Method, URL: req.URL, Host: req.Host, Header: http.Header{}}
	url := *req.URL
	url.Host = req.Host
	out.URL = &url
	for _, h := range headers {
		switch h {
		case "host":
		case "content-length":
			out.ContentLength, _ = strconv.ParseInt(req.Header.Get("Content-Length"), 10, 64)
			if out.ContentLength == 0 {
				out.ContentLength = req.ContentLength
			}
		default:
			key := textproto.CanonicalMIMEHeaderKey(h)
			if values := req.Header.Values(key); len(values) > 0 {
				out.Header[key] = values
			}
		}
	}
	return out
}

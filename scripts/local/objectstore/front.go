package objectstore

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

// front stands before gofakes3, which would accept any signature, and decides in the order in which S3 does: who, what
// is there, may they, do the conditions hold.
type front struct {
	ring   *access.Ring
	region string
	disk   *disk
	next   http.Handler
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, refusal := f.authenticate(r)
	if refusal != nil {
		refuse(w, r, *refusal)
		return
	}
	want := parse(r)
	if want.bucket != "" {
		w.Header().Set("X-Amz-Bucket-Region", f.region)
	}
	if refusal := f.authorize(key, want, r); refusal != nil {
		refuse(w, r, *refusal)
		return
	}
	if refusal := f.preconditions(want, r); refusal != nil {
		refuse(w, r, *refusal)
		return
	}
	if err := decodeBody(r); err != nil {
		refuse(w, r, failure{status: http.StatusBadRequest, Code: "InvalidRequest", Message: err.Error()})
		return
	}
	f.next.ServeHTTP(w, r)
}

func (f *front) authenticate(r *http.Request) (string, *failure) {
	sig, err := access.Parse(r)
	if err == nil {
		if _, known := f.ring.Secret(sig.KeyID); known && (sig.Region != f.region || sig.Service != "s3") {
			return "", &failure{
				status: http.StatusBadRequest, Code: "AuthorizationHeaderMalformed", Region: f.region,
				Message: "The authorization header is malformed; the region is wrong; expecting '" + f.region + "'",
			}
		}
		_, err = f.ring.Verify(r, r.Header.Get("X-Amz-Content-Sha256"))
	}
	switch {
	case err == nil:
		return sig.KeyID, nil
	case errors.Is(err, access.ErrUnsigned):
		denied := accessDenied()
		return "", &denied
	case errors.Is(err, access.ErrUnknownKey):
		return "", &failure{
			status: http.StatusForbidden, Code: "InvalidAccessKeyId",
			Message: "The AWS Access Key Id you provided does not exist in our records.",
		}
	case errors.Is(err, access.ErrExpired):
		return "", &failure{status: http.StatusBadRequest, Code: "ExpiredToken", Message: "The provided token has expired."}
	case errors.Is(err, access.ErrToken):
		return "", &failure{status: http.StatusBadRequest, Code: "InvalidToken", Message: "The provided token is malformed or otherwise invalid."}
	case errors.Is(err, access.ErrMismatch):
		return "", &failure{
			status: http.StatusForbidden, Code: "SignatureDoesNotMatch",
			Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		}
	case errors.Is(err, access.ErrSkewed):
		return "", &failure{
			status: http.StatusForbidden, Code: "RequestTimeTooSkewed",
			Message: "The difference between the request time and the current time is too large.",
		}
	default:
		return "", &failure{status: http.StatusBadRequest, Code: "AuthorizationHeaderMalformed", Message: "The authorization header is malformed."}
	}
}

func (f *front) authorize(key string, want request, r *http.Request) *failure {
	exists, _ := f.disk.BucketExists(want.bucket)
	if !exists && want.bucket != "" && want.action != "s3:CreateBucket" {
		return &failure{
			status: http.StatusNotFound, Code: "NoSuchBucket", Resource: "/" + want.bucket,
			Message: "The specified bucket does not exist",
		}
	}
	denied := accessDenied()
	keys := []string{want.key}
	if r.Method == http.MethodPost && r.URL.Query().Has("delete") {
		var err error
		if keys, err = deletedKeys(r); err != nil {
			return &failure{status: http.StatusBadRequest, Code: "MalformedXML", Message: "The XML you provided was not well-formed."}
		}
	}
	if slices.ContainsFunc(keys, func(k string) bool { return !f.ring.Allows(key, want.action, want.bucket, k) }) {
		return &denied
	}
	if want.unsupported != "" {
		return &failure{status: http.StatusNotImplemented, Code: "NotImplemented", Message: "The laptop stack does not know the sub-resource " + want.unsupported + "."}
	}
	if source := r.Header.Get("X-Amz-Copy-Source"); source != "" {
		bucket, object, _ := strings.Cut(strings.TrimPrefix(source, "/"), "/")
		if !f.ring.Allows(key, "s3:GetObject", bucket, object) {
			return &denied
		}
	}
	if want.action != "s3:GetObject" {
		return nil
	}
	if _, err := f.disk.lookup(want.bucket, want.key); err != nil {
		if !f.ring.Allows(key, "s3:ListBucket", want.bucket, want.key) {
			return &denied // who may not list does not learn that the key is missing
		}
		return &failure{
			status: http.StatusNotFound, Code: "NoSuchKey", Resource: "/" + want.bucket + "/" + want.key,
			Message: "The specified key does not exist.",
		}
	}
	return nil
}

// preconditions holds the conditions of a read, which gofakes3 has wrong.
func (f *front) preconditions(want request, r *http.Request) *failure {
	match := r.Header.Get("If-Match")
	if want.action != "s3:GetObject" || match == "" || match == "*" {
		return nil
	}
	e, err := f.disk.lookup(want.bucket, want.key)
	if err != nil {
		return nil // the answer is that the key is missing
	}
	if strings.Trim(match, `"`) != strings.Trim(gofakes3.FormatETag(e.MD5), `"`) {
		return &failure{
			status: http.StatusPreconditionFailed, Code: "PreconditionFailed",
			Message: "At least one of the pre-conditions you specified did not hold",
		}
	}
	return nil
}

// Package sts is AWS STS on the wire, as far as GetCallerIdentity and AssumeRole:
// trust policies, external IDs, session policies and temporary credentials.
package sts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/oklog/ulid/v2"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

const (
	namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	maxBody   = 1 << 20
)

// Handler serves the keys of the ring. Those that are not sessions of a role are users of the account, named like their key.
func Handler(ring *access.Ring, account string, roles *Roles) http.Handler {
	return &server{ring: ring, account: account, roles: roles}
}

type server struct {
	ring    *access.Ring
	account string
	roles   *Roles
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large.")
		return
	}
	sum := sha256.Sum256(body)
	sig, err := s.ring.Verify(r, hex.EncodeToString(sum[:]))
	if err != nil {
		refuseSignature(w, err)
		return
	}
	form, err := url.ParseQuery(r.URL.RawQuery + "&" + string(body))
	if err != nil {
		refuse(w, http.StatusBadRequest, "MalformedQueryString", "The query string is malformed.")
		return
	}
	switch action := form.Get("Action"); action {
	case "GetCallerIdentity":
		answer(w, s.identity(sig.KeyID))
	case "AssumeRole":
		s.assume(w, sig.KeyID, form)
	default:
		refuse(w, http.StatusNotImplemented, "NotImplemented", "The laptop stack does not know the action "+action+".")
	}
}

type response struct {
	XMLName xml.Name `xml:"GetCallerIdentityResponse"`
	Xmlns   string   `xml:"xmlns,attr"`
	Result  struct {
		Arn     string
		UserId  string
		Account string
	} `xml:"GetCallerIdentityResult"`
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

// arn is who a key belongs to.
func (s *server) arn(key string) string {
	if k, _ := s.ring.Key(key); k.ARN != "" {
		return k.ARN
	}
	return "arn:aws:iam::" + s.account + ":user/" + strings.ToLower(key)
}

func (s *server) identity(key string) response {
	out := response{Xmlns: namespace, RequestID: ulid.Make().String()}
	out.Result.Arn = s.arn(key)
	out.Result.Account = strings.Split(out.Result.Arn, ":")[4]
	out.Result.UserId = "AIDA" + key
	return out
}

func refuseSignature(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, access.ErrUnsigned):
		refuse(w, http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
	case errors.Is(err, access.ErrExpired):
		refuse(w, http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired")
	case errors.Is(err, access.ErrUnknownKey), errors.Is(err, access.ErrToken):
		refuse(w, http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	case errors.Is(err, access.ErrMismatch):
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	case errors.Is(err, access.ErrSkewed):
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired.")
	default:
		refuse(w, http.StatusBadRequest, "IncompleteSignature", "The authorization header is malformed.")
	}
}

type failure struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Xmlns   string   `xml:"xmlns,attr"`
	Error   struct {
		Type    string
		Code    string
		Message string
	}
	RequestID string `xml:"RequestId"`
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	out := failure{Xmlns: namespace, RequestID: ulid.Make().String()}
	out.Error.Type, out.Error.Code, out.Error.Message = "Sender", code, message
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(out)
}

func answer(w http.ResponseWriter, out any) {
	w.Header().Set("Content-Type", "text/xml")
	_ = xml.NewEncoder(w).Encode(out)
}

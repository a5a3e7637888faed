package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
)

const maxGuarded = 16 << 20

// Needs says which permissions a request takes. The body is the request's.
type Needs func(r *http.Request, body []byte) []Need

// Guard lets only signed requests reach a service that speaks JSON, and only with keys that have the permissions they take.
func Guard(ring *Ring, needs Needs, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxGuarded))
		if err != nil {
			refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The request is too large.")
			return
		}
		sum := sha256.Sum256(body)
		sig, err := ring.Verify(r, hex.EncodeToString(sum[:]))
		var lacking []Need
		if err == nil {
			lacking = slices.DeleteFunc(needs(r, body), func(n Need) bool { return ring.Meets(sig.KeyID, n) })
		}
		switch {
		case len(lacking) > 0:
			refuse(w, http.StatusBadRequest, "AccessDeniedException", "The caller is not authorized to perform: "+lacking[0].Action+
				" on resource: "+lacking[0].Resource+" because no identity-based policy allows the "+lacking[0].Action+" action")
		case err == nil:
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		case errors.Is(err, ErrUnsigned):
			refuse(w, http.StatusBadRequest, "MissingAuthenticationTokenException", "Missing Authentication Token")
		case errors.Is(err, ErrExpired):
			refuse(w, http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired")
		case errors.Is(err, ErrUnknownKey), errors.Is(err, ErrToken):
			refuse(w, http.StatusBadRequest, "UnrecognizedClientException", "The security token included in the request is invalid.")
		case errors.Is(err, ErrMismatch):
			refuse(w, http.StatusBadRequest, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
		case errors.Is(err, ErrSkewed):
			refuse(w, http.StatusBadRequest, "InvalidSignatureException", "Signature expired.")
		default:
			refuse(w, http.StatusBadRequest, "IncompleteSignatureException", "The authorization header is malformed.")
		}
	})
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}

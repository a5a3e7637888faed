package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

const maxGuarded = 16 << 20

// Guard lets only signed requests of keys that may do everything reach a service that speaks JSON. A customer's key, which
// is good for S3 and STS, opens none of them.
func Guard(ring *Ring, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxGuarded))
		if err != nil {
			refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The request is too large.")
			return
		}
		sum := sha256.Sum256(body)
		sig, err := ring.Verify(r, hex.EncodeToString(sum[:]))
		switch {
		case err == nil && !ring.Allows(sig.KeyID, "*", "*", ""):
			refuse(w, http.StatusBadRequest, "AccessDeniedException", "The access key is not authorized to perform this action.")
		case err == nil:
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		case errors.Is(err, ErrUnsigned):
			refuse(w, http.StatusBadRequest, "MissingAuthenticationTokenException", "Missing Authentication Token")
		case errors.Is(err, ErrUnknownKey):
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

package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/strictjson"
)

// maxBody is the largest body, in bytes.
const maxBody = 1 << 20

// Body is the type of an operation's body. The zero Body is that of an
// operation without one; an empty JSON object is let pass for it too.
type Body struct{ of reflect.Type }

// BodyOf returns the Body of type T.
func BodyOf[T any]() Body { return Body{reflect.TypeFor[T]()} }

// check reads the body, holds it against its type, and puts it back for the handler.
func (b Body) check(w http.ResponseWriter, r *http.Request) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return fault.New(fault.BodyTooLarge, "")
	case err != nil:
		return fault.New(fault.MalformedBody, "the body ended early")
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	of := b.of
	if of == nil {
		if len(text) == 0 {
			return nil
		}
		of = reflect.TypeFor[struct{}]()
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return fault.New(fault.MediaType, "")
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return fault.New(fault.MediaType, "the body must not be compressed")
	}
	return strictjson.Decode(text, reflect.New(of).Interface())
}

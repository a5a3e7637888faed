// Package strictjson decodes JSON that others send: what encoding/json lets
// pass in silence is refused here, by field, and no value is ever repeated.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/fault"
)

// maxDepth is how deep objects and arrays may nest.
const maxDepth = 32

// Decode reads the one JSON value that data holds into v, a pointer.
//
// The error is a *fault.Error or a fault.List. What is not one JSON value in
// UTF-8, nests too deep or repeats a key is fault.MalformedBody. After that every
// problem is reported at once, by JSON path ("mapping[2].target"):
//
//   - fault.UnknownField: the struct has no such field; the case of letters counts;
//   - fault.MissingField: the struct's field has neither omitempty nor omitzero;
//   - fault.InvalidRequest: a value of another type, or null.
//
// A type with its own UnmarshalJSON takes any value that it accepts.
func Decode(data []byte, v any) error {
	if err := wellFormed(data); err != nil {
		return err
	}
	w := walker{dec: json.NewDecoder(bytes.NewReader(data))}
	w.dec.UseNumber()
	if err := w.value("", reflect.TypeOf(v).Elem(), 0); err != nil {
		return err
	}
	if err := w.problems.Err(); err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fault.Wrap(fault.InvalidRequest, "a field has a value that cannot be read", err)
	}
	return nil
}

func wellFormed(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return fault.New(fault.MalformedBody, "there is no JSON")
	}
	if !utf8.Valid(data) {
		return fault.New(fault.MalformedBody, "the JSON is not valid UTF-8")
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fault.New(fault.MalformedBody, fmt.Sprintf("the JSON is broken at byte %d", syntax.Offset))
	case err != nil:
		return fault.Wrap(fault.MalformedBody, "the JSON cannot be read", err)
	}
	return nil
}

package strictjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"

	"github.com/headwaterhq/headwater/shared/fault"
)

// walker holds a JSON value against a Go type, token by token. Its methods
// return an error only for what ends the walk.
type walker struct {
	dec      *json.Decoder
	problems fault.List
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// value reads the next value; t is what it should be, nil takes anything.
func (w *walker) value(path string, t reflect.Type, depth int) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && reflect.PointerTo(t).Implements(unmarshaler) {
		return w.opaque(path, t)
	}
	if t != nil && t.Kind() == reflect.Interface {
		t = nil
	}
	token, err := w.dec.Token()
	if err != nil {
		return fault.Wrap(fault.MalformedBody, "the JSON cannot be read", err)
	}
	switch token {
	case json.Delim('{'), json.Delim('['):
		if depth == maxDepth {
			return fault.Field(fault.MalformedBody, path, fmt.Sprintf("nests deeper than %d", maxDepth))
		}
		if token == json.Delim('{') {
			return w.object(path, t, depth+1)
		}
		return w.array(path, t, depth+1)
	}
	w.scalar(path, t, token)
	return nil
}

// opaque lets a type judge its own value.
func (w *walker) opaque(path string, t reflect.Type) error {
	var raw json.RawMessage
	if err := w.dec.Decode(&raw); err != nil {
		return fault.Wrap(fault.MalformedBody, "the JSON cannot be read", err)
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
		w.problems.Add(fault.InvalidRequest, path, "is not in the form that this field takes")
	}
	return nil
}

func (w *walker) object(path string, t reflect.Type, depth int) error {
	var known map[string]field
	var element reflect.Type
	switch {
	case t == nil:
	case t.Kind() == reflect.Struct:
		known = fieldsOf(t)
	case t.Kind() == reflect.Map:
		element = t.Elem()
	default:
		w.problems.Add(fault.InvalidRequest, path, "must be "+name(t))
		t = nil
	}
	seen := map[string]bool{}
	for w.dec.More() {
		key, err := w.dec.Token()
		if err != nil {
			return fault.Wrap(fault.MalformedBody, "the JSON cannot be read", err)
		}
		text, _ := key.(string)
		at := join(path, text)
		if seen[text] {
			return fault.Field(fault.MalformedBody, at, "appears twice")
		}
		seen[text] = true
		expected := element
		if known != nil {
			f, ok := known[text]
			if !ok {
				w.problems.Add(fault.UnknownField, at, "is not a field that is known here")
			}
			expected = f.typ
		}
		if err := w.value(at, expected, depth); err != nil {
			return err
		}
	}
	for _, f := range ordered(t, known) {
		if f.required && !seen[f.name] {
			w.problems.Add(fault.MissingField, join(path, f.name), "is required")
		}
	}
	return w.end()
}

func (w *walker) array(path string, t reflect.Type, depth int) error {
	var element reflect.Type
	switch {
	case t == nil:
	case t.Kind() == reflect.Slice:
		element = t.Elem()
	default:
		w.problems.Add(fault.InvalidRequest, path, "must be "+name(t))
	}
	for i := 0; w.dec.More(); i++ {
		if err := w.value(path+"["+strconv.Itoa(i)+"]", element, depth); err != nil {
			return err
		}
	}
	return w.end()
}

// end reads the closing bracket.
func (w *walker) end() error {
	if _, err := w.dec.Token(); err != nil {
		return fault.Wrap(fault.MalformedBody, "the JSON cannot be read", err)
	}
	return nil
}

func (w *walker) scalar(path string, t reflect.Type, token json.Token) {
	if number, ok := token.(json.Number); ok && t == nil {
		if _, err := number.Float64(); err != nil {
			w.problems.Add(fault.InvalidRequest, path, "is a number out of range")
		}
		return
	}
	if t == nil {
		return
	}
	ok := false
	switch token := token.(type) {
	case string:
		ok = t.Kind() == reflect.String
	case bool:
		ok = t.Kind() == reflect.Bool
	case json.Number:
		ok = fits(token, t)
	}
	if !ok {
		w.problems.Add(fault.InvalidRequest, path, "must be "+name(t))
	}
}

func fits(n json.Number, t reflect.Type) bool {
	var err error
	switch {
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		_, err = strconv.ParseInt(n.String(), 10, t.Bits())
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		_, err = strconv.ParseUint(n.String(), 10, t.Bits())
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		_, err = strconv.ParseFloat(n.String(), t.Bits())
	default:
		return false
	}
	return err == nil
}

// name says what a value must be, in JSON's words.
func name(t reflect.Type) string {
	switch k := t.Kind(); {
	case k == reflect.String:
		return "a string"
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.Slice:
		return "an array"
	case k == reflect.Float32 || k == reflect.Float64:
		return "a number"
	case k == reflect.Struct || k == reflect.Map:
		return "an object"
	}
	return "a whole number"
}

// plain is a name that is safe to repeat. Anything else may be a value that
// slipped into a key's place.
var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)

func join(path, key string) string {
	if !plain.MatchString(key) {
		key = "?"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

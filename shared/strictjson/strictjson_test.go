package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/strictjson"
)

type part struct {
	Source string   `json:"source"`
	Tags   []string `json:"tags,omitempty"`
}

type base struct {
	ID string `json:"id"`
}

type whole struct {
	base
	Base   string            `json:"-"`
	Name   string            `json:"name"`
	Count  *int32            `json:"count,omitempty"`
	Ratio  float64           `json:"ratio,omitzero"`
	Open   bool              `json:"open,omitempty"`
	Parts  []part            `json:"parts,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Any    map[string]any    `json:"any,omitempty"`
	At     time.Time         `json:"at,omitzero"`
	Raw    json.RawMessage   `json:"raw,omitempty"`
	Small  uint8             `json:"small,omitempty"`
	hidden string            //nolint:unused // it must not be found
	Plain  string            `json:",omitempty"`
}

func TestDecode(t *testing.T) {
	const text = `{"id":"i","name":"n","count":3,"ratio":0.5,"open":true,"parts":[{"source":"a","tags":["x"]},{"source":"b"}],
		"labels":{"k":"v"},"any":{"a":[1,{"b":null}]},"at":"2026-05-01T12:00:00Z","raw":{"free":[1]},"small":255,"Plain":"p"}`
	var got whole
	if err := strictjson.Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	var want whole
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(whole{}, base{})); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestProblemsByPath(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want map[string]fault.Code
	}{
		"all at once": {`{"nome":"x","parts":[{"source":1,"tgas":[]},{"tags":["a",2]}],"labels":{"k":false}}`, map[string]fault.Code{
			"nome": fault.UnknownField, "parts[0].source": fault.InvalidRequest, "parts[0].tgas": fault.UnknownField,
			"parts[1].tags[1]": fault.InvalidRequest, "parts[1].source": fault.MissingField, "labels.k": fault.InvalidRequest,
			"id": fault.MissingField, "name": fault.MissingField,
		}},
		"letters' case":     {`{"id":"i","NAME":"n"}`, map[string]fault.Code{"NAME": fault.UnknownField, "name": fault.MissingField}},
		"hidden field":      {`{"id":"i","name":"n","Base":"x","hidden":"y"}`, map[string]fault.Code{"Base": fault.UnknownField, "hidden": fault.UnknownField}},
		"null":              {`{"id":"i","name":null,"count":null}`, map[string]fault.Code{"name": fault.InvalidRequest, "count": fault.InvalidRequest}},
		"fraction":          {`{"id":"i","name":"n","count":1.5}`, map[string]fault.Code{"count": fault.InvalidRequest}},
		"out of range":      {`{"id":"i","name":"n","count":2147483648,"small":256}`, map[string]fault.Code{"count": fault.InvalidRequest, "small": fault.InvalidRequest}},
		"negative unsigned": {`{"id":"i","name":"n","small":-1}`, map[string]fault.Code{"small": fault.InvalidRequest}},
		"number too large":  {`{"id":"i","name":"n","ratio":1e999,"any":{"x":1e999}}`, map[string]fault.Code{"ratio": fault.InvalidRequest, "any.x": fault.InvalidRequest}},
		"time":              {`{"id":"i","name":"n","at":"yesterday"}`, map[string]fault.Code{"at": fault.InvalidRequest}},
		"object for array":  {`{"id":"i","name":"n","parts":{"source":"a"}}`, map[string]fault.Code{"parts": fault.InvalidRequest}},
		"array for object":  {`{"id":"i","name":"n","labels":["a"]}`, map[string]fault.Code{"labels": fault.InvalidRequest}},
		"text for object":   {`{"id":"i","name":"n","labels":"a"}`, map[string]fault.Code{"labels": fault.InvalidRequest}},
		"array for text":    {`{"id":"i","name":["n"]}`, map[string]fault.Code{"name": fault.InvalidRequest}},
		"repeated":          {`{"id":"i","id":"i","name":"n"}`, map[string]fault.Code{"id": fault.MalformedBody}},
		"repeated, escaped": {`{"id":"i","\u0069d":"i","name":"n"}`, map[string]fault.Code{"id": fault.MalformedBody}},
		"repeated in a map": {`{"any":{"a":{"b":1,"b":2}}}`, map[string]fault.Code{"any.a.b": fault.MalformedBody}},
		"key is no name":    {`{"id":"i","name":"n","a b":1}`, map[string]fault.Code{"?": fault.UnknownField}},
		"whole value":       {`"text"`, map[string]fault.Code{"": fault.InvalidRequest}},
		"empty":             {``, map[string]fault.Code{"": fault.MalformedBody}},
		"two values":        {`{} {}`, map[string]fault.Code{"": fault.MalformedBody}},
		"broken":            {`{"id":`, map[string]fault.Code{"": fault.MalformedBody}},
		"not UTF-8":         {"{\"id\":\"\xff\"}", map[string]fault.Code{"": fault.MalformedBody}},
		"deep":              {`{"any":{"a":` + strings.Repeat("[", 33) + strings.Repeat("]", 33) + `}}`, map[string]fault.Code{"any.a" + strings.Repeat("[0]", 30): fault.MalformedBody}},
		"very deep":         {strings.Repeat("[", 100000), map[string]fault.Code{"": fault.MalformedBody}},
	} {
		t.Run(name, func(t *testing.T) {
			var v whole
			err := strictjson.Decode([]byte(test.text), &v)
			if diff := cmp.Diff(test.want, codes(err)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(whole{}, v, cmp.AllowUnexported(whole{}, base{})); diff != "" {
				t.Errorf("a refused value was decoded:\n%s", diff)
			}
		})
	}
}

// codes are an error's codes by field.
func codes(err error) map[string]fault.Code {
	var list fault.List
	if !errors.As(err, &list) {
		e, ok := fault.As(err)
		if !ok {
			return nil
		}
		list = fault.List{e}
	}
	out := map[string]fault.Code{}
	for _, e := range list {
		out[e.Field] = e.Code
	}
	return out
}

// What is taken, encoding/json takes too; what is refused has a code; and no value is repeated.
func FuzzDecode(f *testing.F) {
	f.Add(`{"id":"i","name":"n","parts":[{"source":"a"}]}`)
	f.Add(`{"id":"i","name":"n","count":1e2}`)
	f.Add(`{"any":{"a":[[[1,true,null,"x"]]]},"at":"2026-05-01T12:00:00Z"}`)
	f.Add(`[{"id"`)
	f.Fuzz(func(t *testing.T, text string) {
		var strict, loose whole
		if err := strictjson.Decode([]byte(text), &strict); err != nil {
			if len(codes(err)) == 0 {
				t.Errorf("no code: %v", err)
			}
			return
		}
		if err := json.Unmarshal([]byte(text), &loose); err != nil {
			t.Errorf("taken, but encoding/json says %v", err)
		}
	})
}

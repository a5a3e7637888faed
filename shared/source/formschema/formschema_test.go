package formschema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/formschema"
)

// every is a platform with every kind of field, which the catalog need not have.
var every = source.Spec{
	Platform: "every", Title: "Every",
	Settings: []source.Field{
		{Name: "name", Required: true, Pattern: `[a-z]+|x1`, Example: "abc", MaxLength: 8},
		{Name: "path", Pattern: `/[^\n]*`, Example: "/a"},
		{Name: "mode", Allowed: []string{"fast", "slow"}, Default: "slow"},
		{Name: "level", Allowed: []string{"low", "high"}, Required: true},
		{Name: "rows", Kind: source.Integer, Default: "100", Example: "7"},
		{Name: "strict", Kind: source.Boolean, Default: "true", Required: true},
		{Name: "text", MaxLength: 4, Multiline: true},
		{Name: "made", Generated: true},
	},
	Auth: []source.AuthMethod{
		{Name: "key", Title: "Key", Fields: []source.Field{
			{Name: "id", Required: true, Pattern: `[A-Z]{2}`, Example: "AB"},
			{Name: "secret", Required: true, Secret: true, MaxLength: 6, Multiline: true},
			{Name: "pass", Secret: true},
		}},
		{Name: "old", Deprecated: true, Fields: []source.Field{{Name: "token", Required: true, Secret: true}}},
	},
}

func specs() []source.Spec { return append(catalog.Specs(), every) }

// A value conforms to the schema exactly if Validate takes it.
func TestVerdictIsThatOfValidate(t *testing.T) {
	for _, spec := range specs() {
		settings := compile(t, formschema.Settings(spec))
		for _, method := range spec.Auth {
			credential := compile(t, formschema.Credential(method))
			t.Run(spec.Platform+"/"+method.Name, func(t *testing.T) {
				good := map[string]int{}
				rapid.Check(t, func(t *rapid.T) {
					cfg := source.Config{Settings: object(spec.Settings, false).Draw(t, "settings")}
					cfg.Credential = source.Credential{Method: method.Name, Fields: map[string]source.Secret{}}
					given := object(method.Fields, true).Draw(t, "credential")
					for name, value := range given {
						cfg.Credential.Fields[name] = source.Secret(value.(string))
					}
					given["method"] = method.Name
					_, err := spec.Validate(cfg.Settings, cfg.Credential)
					problem := ""
					if err != nil {
						problem = err.Error()
					}
					for about, verdict := range map[string]error{"settings": settings.Validate(cfg.Settings), "credentials": credential.Validate(given)} {
						if refused := strings.Contains(problem, about+"."); refused != (verdict != nil) {
							t.Errorf("%s: Validate says %q, the schema %v\n%#v %#v", about, problem, verdict, cfg.Settings, given)
						}
						if verdict == nil {
							good[about]++
						}
					}
				})
				if good["settings"] == 0 || good["credentials"] == 0 {
					t.Errorf("none of what was tried was good: %v", good)
				}
			})
		}
	}
}

// object draws good and bad objects: mostly whole and right, so that both occur.
func object(fields []source.Field, text bool) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		out := map[string]any{}
		for _, f := range fields {
			if f.Generated || !f.Required && rapid.Bool().Draw(t, "without "+f.Name) {
				continue
			}
			if rapid.IntRange(0, 9).Draw(t, f.Name+" goes wrong") > 0 {
				out[f.Name] = right(t, f)
			} else if value := wrong(t, f, text); value != absent {
				out[f.Name] = value
			}
		}
		if rapid.IntRange(0, 19).Draw(t, "one more") == 0 {
			out["no_such_field"] = "x"
		}
		return out
	})
}

const absent = "\x00absent"

func right(t *rapid.T, f source.Field) any {
	switch {
	case f.Kind == source.Boolean:
		return rapid.Bool().Draw(t, f.Name)
	case f.Kind == source.Integer:
		return float64(rapid.Int32().Draw(t, f.Name))
	case len(f.Allowed) > 0:
		return rapid.SampledFrom(f.Allowed).Draw(t, f.Name)
	case f.Pattern != "":
		return f.Example
	}
	return rapid.StringN(1, min(f.Limit(), 20), -1).Draw(t, f.Name)
}

func wrong(t *rapid.T, f source.Field, text bool) any {
	values := []any{"", absent, "\x01\x02", "é", strings.Repeat("é", f.Limit()), strings.Repeat("a", f.Limit()+1), f.Example + "\n", "zzz"}
	if !text {
		values = append(values, true, 1.5, 1e300, float64(1<<53), float64(1<<53-1), -1.0, []any{}, map[string]any{}, nil)
	}
	return rapid.SampledFrom(values).Draw(t, "wrong "+f.Name)
}

func compile(t *testing.T, s formschema.Schema) *jsonschema.Schema {
	t.Helper()
	s.Dialect = formschema.Dialect
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("form.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("form.json")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return compiled
}

func TestSchemaOfEveryKindOfField(t *testing.T) {
	for name, test := range map[string]struct {
		got  formschema.Schema
		want string
	}{
		"settings": {formschema.Settings(every), `{"type":"object","additionalProperties":false,"required":["name","level","strict"],"properties":{
			"name":{"type":"string","pattern":"^(?:[a-z]+|x1)$","minLength":1,"maxLength":8,"examples":["abc"]},
			"path":{"type":"string","pattern":"^(?:/[^\\n]*)?$","maxLength":1024,"examples":["/a"]},
			"mode":{"type":"string","enum":["fast","slow"],"default":"slow"},
			"level":{"type":"string","enum":["low","high"]},
			"rows":{"type":"integer","minimum":-9007199254740991,"maximum":9007199254740991,"default":100,"examples":[7]},
			"strict":{"type":"boolean","default":true},
			"text":{"type":"string","maxLength":4,"x-multiline":true}}}`},
		"credential": {formschema.Credential(every.Auth[0]), `{"title":"Key","type":"object","additionalProperties":false,"required":["method","id","secret"],"properties":{
			"method":{"type":"string","enum":["key"]},
			"id":{"type":"string","pattern":"^(?:[A-Z]{2})$","minLength":1,"maxLength":1024,"examples":["AB"]},
			"secret":{"type":"string","minLength":1,"maxLength":6,"writeOnly":true,"x-multiline":true},
			"pass":{"type":"string","maxLength":1024,"writeOnly":true}}}`},
		"deprecated": {formschema.Credential(every.Auth[1]), `{"type":"object","additionalProperties":false,"required":["method","token"],"properties":{
			"method":{"type":"string","enum":["old"]},
			"token":{"type":"string","minLength":1,"maxLength":1024,"writeOnly":true}},"deprecated":true}`},
	} {
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(test.want)); err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		encoder := json.NewEncoder(&got)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(test.got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), strings.TrimSpace(got.String())); diff != "" {
			t.Errorf("%s, in the order of the form (-want +got):\n%s", name, diff)
		}
		var read formschema.Schema
		if err := json.Unmarshal(got.Bytes(), &read); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(read); err != nil || string(again) != mustMarshal(t, test.got) {
			t.Errorf("%s, read back: %s, %v", name, again, err)
		}
	}
}

func mustMarshal(t *testing.T, s formschema.Schema) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A browser that takes a schema's pattern decides as Validate does.
func TestPatternsInABrowser(t *testing.T) {
	browser := goja.New()
	for _, spec := range specs() {
		for _, f := range spec.Settings {
			if f.Pattern == "" || f.Generated {
				continue
			}
			schema := formschema.Settings(source.Spec{Settings: []source.Field{f}})
			t.Run(spec.Platform+"/"+f.Name, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					text := near(f).Draw(t, "text")
					if f.Required && text == "" {
						return // minLength says so
					}
					if err := errors.Join(browser.Set("pattern", schema.Properties[0].Pattern), browser.Set("text", text)); err != nil {
						t.Fatal(err)
					}
					verdict, err := browser.RunString(`new RegExp(pattern, "u").test(text)`)
					if err != nil {
						t.Fatal(err)
					}
					want := text == "" || regexp.MustCompile(`^(?:`+f.Pattern+`)$`).MatchString(text)
					if verdict.ToBoolean() != want {
						t.Errorf("%q: the browser says %t, Validate %t", text, verdict.ToBoolean(), want)
					}
				})
			})
		}
	}
}

// near draws texts at the edge of what a field takes: its example, with something in it that is odd.
func near(f source.Field) *rapid.Generator[string] {
	odd := rapid.SampledFrom([]string{"", "", "\u00a0", "\v", "\n", "\r", " ", "\u2028", "é", "😀", ",", ".", "\x00", "-", "_", "\"", "A", "1"})
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 9).Draw(t, "anything") == 0 {
			return strings.ToValidUTF8(rapid.StringN(0, 10, -1).Draw(t, "text"), "")
		}
		letters := []rune(f.Example)
		at := rapid.IntRange(0, len(letters)).Draw(t, "at")
		return string(letters[:at]) + odd.Draw(t, "odd") + string(letters[at:])
	})
}

// A browser validates with the same patterns as we do.
func TestPatternsArePortable(t *testing.T) {
	for _, spec := range specs() {
		fields := slices.Clone(spec.Settings)
		for _, m := range spec.Auth {
			fields = append(fields, m.Fields...)
		}
		for _, f := range fields {
			if !formschema.Portable(f.Pattern) {
				t.Errorf("%s.%s: %s means something else in ECMA-262", spec.Platform, f.Name, f.Pattern)
			}
		}
	}
	for _, pattern := range []string{`a.b`, `[a\s]`, `\S+`, `(?i)a`, `(?P<n>a)`, `\pL`, `[[:alpha:]]`, `a\z`, `(?:a(?s:b))`} {
		if formschema.Portable(pattern) {
			t.Errorf("%s is held to be portable", pattern)
		}
	}
	if !formschema.Portable(fmt.Sprintf(`(?:%s)(?:b\.)`, `[a-z.]{2}`)) {
		t.Error("a group is held not to be portable")
	}
}

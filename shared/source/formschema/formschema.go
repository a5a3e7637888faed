// Package formschema makes JSON Schemas (2020-12) of a platform's settings and
// credentials from its Spec: what a dashboard renders a form from, and what the
// API's contract says. A value conforms to the schema exactly if Spec.Validate
// takes it.
package formschema

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
)

// Dialect is the value of a document's $schema.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// Schema is the JSON Schema of one object.
type Schema struct {
	Dialect              string     `json:"$schema,omitempty"`
	Title                string     `json:"title,omitempty"`
	Description          string     `json:"description,omitempty"`
	Type                 string     `json:"type"` // "object"
	AdditionalProperties bool       `json:"additionalProperties"`
	Required             []string   `json:"required,omitempty"`
	Properties           Properties `json:"properties"`
	Deprecated           bool       `json:"deprecated,omitempty"`
}

// Properties are by name, and marshal in their order: that of the form.
type Properties []Property

// Property is one field of the object.
type Property struct {
	Name        string   `json:"-"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        string   `json:"type"`
	Enum        []string `json:"enum,omitempty"`
	Pattern     string   `json:"pattern,omitempty"` // ECMA-262
	MinLength   int      `json:"minLength,omitempty"`
	MaxLength   int      `json:"maxLength,omitempty"` // characters
	Minimum     int64    `json:"minimum,omitempty"`
	Maximum     int64    `json:"maximum,omitempty"`
	Default     any      `json:"default,omitempty"`
	Examples    []any    `json:"examples,omitempty"`
	WriteOnly   bool     `json:"writeOnly,omitempty"` // a secret
	Multiline   bool     `json:"x-multiline,omitempty"`
}

// Settings is the schema of a platform's settings, without those that
// Headwater makes itself.
func Settings(s source.Spec) Schema {
	return object(s.Settings, nil)
}

// Credential is the schema of a credential of one method: its fields beside
// "method", which names it.
func Credential(m source.AuthMethod) Schema {
	schema := object(m.Fields, []Property{{Name: "method", Type: "string", Enum: []string{m.Name}}})
	schema.Title, schema.Description, schema.Deprecated = m.Title, m.Description, m.Deprecated
	return schema
}

func object(fields []source.Field, first []Property) Schema {
	schema := Schema{Type: "object", Properties: first}
	for _, p := range first {
		schema.Required = append(schema.Required, p.Name)
	}
	for _, f := range fields {
		if f.Generated {
			continue
		}
		schema.Properties = append(schema.Properties, property(f))
		if f.Required {
			schema.Required = append(schema.Required, f.Name)
		}
	}
	return schema
}

func property(f source.Field) Property {
	p := Property{
		Name: f.Name, Title: f.Title, Description: f.Description, Type: "string",
		WriteOnly: f.Secret, Multiline: f.Multiline, Default: f.DefaultValue(),
	}
	switch f.Kind {
	case source.Boolean:
		p.Type = "boolean"
	case source.Integer:
		p.Type, p.Minimum, p.Maximum = "integer", -source.MaxInteger, source.MaxInteger
	default:
		p.Enum, p.Pattern = f.Allowed, pattern(f)
		if len(f.Allowed) > 0 {
			break
		}
		if p.MaxLength = f.Limit(); f.Required {
			p.MinLength = 1
		}
	}
	if f.Example != "" {
		p.Examples = []any{f.Parse(f.Example)}
	}
	return p
}

// pattern holds for the whole value. What is optional may be empty. White space
// is RE2's: in ECMA-262 it is far more.
func pattern(f source.Field) string {
	if f.Pattern == "" {
		return ""
	}
	whole := "^(?:" + strings.ReplaceAll(f.Pattern, `\s`, `[\t\n\f\r ]`) + ")"
	if !f.Required {
		whole += "?"
	}
	return whole + "$"
}

// Portable reports whether a pattern means the same in RE2, which validates, and
// in ECMA-262, in which JSON Schemas are written: it has neither flags, nor the
// classes and anchors that only one of them knows, nor a dot, which leaves out
// other line ends in each.
func Portable(pattern string) bool {
	bare := class.ReplaceAllString(escape.ReplaceAllString(pattern, ""), "")
	return !strings.Contains(strings.ReplaceAll(pattern, "(?:", ""), "(?") && !spaceInClass.MatchString(pattern) && !strings.Contains(bare, ".") &&
		!slices.ContainsFunc([]string{`\A`, `\z`, `\Q`, `\C`, `\a`, `\p`, `\P`, `\S`, `\x{`, "[[:", "[^[:"}, func(only string) bool {
			return strings.Contains(pattern, only)
		})
}

var (
	escape       = regexp.MustCompile(`\\.`)
	class        = regexp.MustCompile(`\[[^\]]*\]`)
	spaceInClass = regexp.MustCompile(`\[[^\]]*\\s`)
)

// UnmarshalJSON keeps the order.
func (p *Properties) UnmarshalJSON(text []byte) error {
	*p = nil
	decoder := json.NewDecoder(bytes.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var property Property
		if err := decoder.Decode(&property); err != nil {
			return err
		}
		property.Name, _ = name.(string)
		*p = append(*p, property)
	}
	return nil
}

// MarshalJSON keeps the order.
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, property := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(property.Name)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(property)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(body)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

package datatype

import (
	"fmt"
	"strings"
)

// A field is a part of a structured type: of an OBJECT by name, the element of
// an ARRAY, the key and the value of a MAP.
type field struct {
	name     string
	typ      Type
	nullable bool
}

// parseStructured reads what stands between the parentheses of a structured
// type. Field names keep their case, as the keys that they are.
func parseStructured(base Base, inner string) (Type, error) {
	t := Type{Base: base, Inner: inner}
	fields, err := t.fields()
	if err != nil {
		return t, err
	}
	if base == Array && len(fields) != 1 || base == Map && len(fields) != 2 || len(fields) == 0 {
		return t, fmt.Errorf("type %s has the wrong number of parts", strings.ToUpper(string(base)))
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.typ.String()
		if f.name != "" {
			parts[i] = f.name + " " + parts[i]
		}
		if !f.nullable {
			parts[i] += " NOT NULL"
		}
	}
	t.Inner = strings.Join(parts, ", ")
	return t, nil
}

// fields takes Inner apart.
func (t Type) fields() ([]field, error) {
	var out []field
	for _, part := range topLevel(t.Inner) {
		f := field{nullable: true}
		part = strings.TrimSpace(part)
		if n := len(part) - len(" NOT NULL"); n > 0 && strings.EqualFold(part[n:], " NOT NULL") {
			f.nullable, part = false, strings.TrimSpace(part[:n])
		}
		if t.Base == Object {
			end := strings.IndexByte(part, ' ')
			if strings.HasPrefix(part, `"`) {
				end = strings.LastIndexByte(part, '"') + 1
			}
			if end <= 0 || end >= len(part) {
				return nil, fmt.Errorf("a field of type OBJECT without a type")
			}
			f.name, part = part[:end], part[end:]
		}
		var err error
		if f.typ, err = Parse(part); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// topLevel splits at the commas outside parentheses and quotes.
func topLevel(s string) []string {
	var out []string
	depth, start, quoted := 0, 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// showStructured is what SHOW COLUMNS adds to a structured type.
func (t Type) showStructured() string {
	fields, err := t.fields()
	if err != nil {
		return "" // Inner came from parseStructured
	}
	switch t.Base {
	case Array:
		return `,"elementType":` + fields[0].typ.Show(fields[0].nullable)
	case Map:
		return `,"keyType":` + fields[0].typ.Show(false) + `,"valueType":` + fields[1].typ.Show(fields[1].nullable)
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		name := f.name
		if strings.HasPrefix(name, `"`) {
			name = strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
		}
		parts[i] = fmt.Sprintf(`{"fieldName":%q,"fieldType":%s}`, name, f.typ.Show(f.nullable))
	}
	return `,"fields":[` + strings.Join(parts, ",") + "]"
}

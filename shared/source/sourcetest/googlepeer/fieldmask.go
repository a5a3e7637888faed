package googlepeer

import (
	"encoding/json"
	"strings"
)

// mask is a partial response: the fields that a client wants, and those below
// them; none below means everything. Source:
// https://cloud.google.com/bigquery/docs/reference/rest#fields (system parameters).
type mask map[string]mask

// parseMask reads "a,b/c,d(e,f)".
func parseMask(s string) mask {
	m, _ := parseFields(s)
	return m
}

// parseFields reads up to the parenthesis that closes the list.
func parseFields(s string) (m mask, rest string) {
	m = mask{}
	for s != "" && s[0] != ')' {
		i := strings.IndexAny(s, ",/()")
		if i < 0 {
			m[s] = nil
			return m, ""
		}
		name, mark := s[:i], s[i]
		s = s[i+1:]
		switch mark {
		case ',':
			m[name] = nil
		case ')':
			m[name] = nil
			return m, s
		case '(':
			m[name], s = parseFields(s)
			s = strings.TrimPrefix(s, ",")
		case '/':
			var below mask
			below, s = parsePath(s)
			m[name] = below
		}
	}
	return m, strings.TrimPrefix(s, ")")
}

// parsePath reads what follows a slash: one name, and what is below it.
func parsePath(s string) (m mask, rest string) {
	i := strings.IndexAny(s, ",/()")
	if i < 0 {
		return mask{s: nil}, ""
	}
	name, after := s[:i], s[i+1:]
	switch s[i] {
	case '/':
		below, rest := parsePath(after)
		return mask{name: below}, rest
	case '(':
		below, rest := parseFields(after)
		return mask{name: below}, strings.TrimPrefix(rest, ",")
	case ')':
		return mask{name: nil}, s[i:]
	default:
		return mask{name: nil}, after
	}
}

// apply keeps of a value what is wanted.
func (m mask) apply(v any) any {
	if len(m) == 0 {
		return v
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = m.apply(v[i])
		}
	case map[string]any:
		for name := range v {
			below, wanted := m[name]
			if !wanted && !m.all() {
				delete(v, name)
				continue
			}
			v[name] = below.apply(v[name])
		}
	}
	return v
}

func (m mask) all() bool {
	_, all := m["*"]
	return all
}

// partial encodes an answer and keeps what the fields parameter asks for.
func partial(answer any, fields string) any {
	if fields == "" {
		return answer
	}
	var whole any
	if err := json.Unmarshal(mustJSON(answer), &whole); err != nil {
		return answer
	}
	return parseMask(fields).apply(whole)
}

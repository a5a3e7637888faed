package schema

import (
	"regexp"
	"strings"
)

// plain is a part of a name that needs no quotes.
var plain = regexp.MustCompile(`^[\p{L}\p{N}_$*-]+$`)

// Name joins the parts of a table's name (dataset and table; database, schema
// and table) with dots. A part with a dot, a quote or a space in it is in double
// quotes, doubled inside: crm."odd.name".
func Name(parts ...string) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		if quoted[i] = p; !plain.MatchString(p) {
			quoted[i] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
		}
	}
	return strings.Join(quoted, ".")
}

// SplitName returns the parts that Name joined, and false when the name is not
// one that Name makes.
func SplitName(name string) ([]string, bool) {
	var parts []string
	for rest := name; ; {
		part, after, ok := cutPart(rest)
		if !ok {
			return nil, false
		}
		parts = append(parts, part)
		if after == "" {
			return parts, Name(parts...) == name
		}
		if rest, ok = strings.CutPrefix(after, "."); !ok {
			return nil, false
		}
	}
}

// cutPart returns the first part, unquoted, and what follows it.
func cutPart(s string) (part, after string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		if i := strings.IndexByte(s, '.'); i >= 0 {
			return s[:i], s[i:], true
		}
		return s, "", true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		default:
			return b.String(), s[i+1:], true
		}
	}
	return "", "", false
}

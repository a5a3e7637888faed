package catalog

import (
	"errors"
	"strings"
)

// errSnowflakeName is a name, or a list of names, that Snowflake's SQL does not read as one.
var errSnowflakeName = errors.New("not a Snowflake name")

// SnowflakeQuote writes the parts of a name as Snowflake's SQL reads them back
// exactly: in double quotes, so that case, dots and reserved words stand as they are.
func SnowflakeQuote(parts ...string) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
	}
	return strings.Join(quoted, ".")
}

// SnowflakeNames reads a list of names as Snowflake's SQL does: parts are
// joined by dots, names by commas, and what is not in double quotes is in upper case.
func SnowflakeNames(list string) ([][]string, error) {
	var names [][]string
	var name []string
	for rest := strings.TrimSpace(list); ; {
		part, after, err := cutSnowflakeName(rest)
		if err != nil {
			return nil, err
		}
		name = append(name, part)
		after = strings.TrimSpace(after)
		if after == "" {
			return append(names, name), nil
		}
		switch after[0] {
		case ',':
			names, name = append(names, name), nil
		case '.':
		default:
			return nil, errSnowflakeName
		}
		rest = strings.TrimSpace(after[1:])
	}
}

// SnowflakeName reads one name that has no dots but in quotes.
func SnowflakeName(text string) (string, error) {
	names, err := SnowflakeNames(text)
	if err != nil || len(names) != 1 || len(names[0]) != 1 {
		return "", errSnowflakeName
	}
	return names[0][0], nil
}

// cutSnowflakeName returns the part that a list begins with, and what follows it.
func cutSnowflakeName(s string) (part, after string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := 0
		for end < len(s) && plainInSnowflake(s[end], end == 0) {
			end++
		}
		if end == 0 {
			return "", "", errSnowflakeName
		}
		return strings.ToUpper(s[:end]), s[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		case b.Len() == 0:
			return "", "", errSnowflakeName
		default:
			return b.String(), s[i+1:], nil
		}
	}
	return "", "", errSnowflakeName
}

// plainInSnowflake reports whether a byte can stand in a name without quotes.
func plainInSnowflake(c byte, first bool) bool {
	switch {
	case c == '_', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	case c == '$', c >= '0' && c <= '9':
		return !first
	}
	return false
}

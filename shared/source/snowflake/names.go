package snowflake

import (
	"net/url"
	"regexp"
)

// informationSchema is the schema that describes a database, in each of them.
const informationSchema = "INFORMATION_SCHEMA"

var plain = regexp.MustCompile(`^[A-Z_][A-Z0-9_$]*$`)

// parameter writes a name for a login request, which reads it as SQL does.
func parameter(name string) string {
	if plain.MatchString(name) {
		return name
	}
	return quote(name)
}

// portOf is the port of a URL, by its scheme when it names none.
func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}

package sqltext

import (
	"regexp"
	"strconv"
	"strings"
)

// mark ends the readable part of an encoded name. It is not a character that
// names are written with.
const mark = "\u2063"

// Encode turns a Snowflake name into one for an engine that does not tell
// upper from lower case: names that differ in case alone stay different.
func Encode(name string) string {
	if !strings.ContainsAny(name, "abcdefghijklmnopqrstuvwxyz"+mark) {
		return name
	}
	lower := make([]byte, 0, len(name)/4+1)
	for i := 0; i < len(name); i += 4 {
		var nibble int64
		for j := i; j < min(i+4, len(name)); j++ {
			if name[j] >= 'a' && name[j] <= 'z' {
				nibble |= 1 << (j - i)
			}
		}
		lower = strconv.AppendInt(lower, nibble, 16)
	}
	return name + mark + string(lower)
}

// Decode undoes Encode.
func Decode(name string) string {
	if i := strings.LastIndex(name, mark); i >= 0 {
		return name[:i]
	}
	return name
}

// Ident quotes the encoded name for the engine.
func Ident(name string) string { return `"` + strings.ReplaceAll(Encode(name), `"`, `""`) + `"` }

// Literal quotes a string for the engine.
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

var plain = regexp.MustCompile(`^[A-Z_][A-Z0-9_$]*$`)

// Quote writes a name as it would be written in a statement: bare if it can be.
func Quote(name string) string {
	if plain.MatchString(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Path joins names to a qualified one.
func Path(names ...string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Quote(n)
	}
	return strings.Join(quoted, ".")
}

// Like compiles a LIKE pattern of a SHOW command, which ignores case.
func Like(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?is)^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteString(".")
		case '\\':
			if i+1 < len(pattern) {
				i++
				b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
			}
		default:
			j := i
			for j < len(pattern) && !strings.ContainsRune(`%_\`, rune(pattern[j])) {
				j++
			}
			b.WriteString(regexp.QuoteMeta(pattern[i:j]))
			i = j - 1
		}
	}
	b.WriteString("$")
	return regexp.MustCompile(b.String())
}

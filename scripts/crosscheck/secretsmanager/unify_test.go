//go:build crosscheck

package secretsmanager_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// placeholder is what stands in a recording for a value that differs from run to run.
var placeholder = regexp.MustCompile(`<[A-Za-z_-]+[:-]?[0-9]*(idx)?>`)

// bindings are what placeholders stand for in one case: the same at every place.
type bindings map[string]string

// unify holds an answer against a recorded one and says where they differ; empty when they agree.
func (b bindings) unify(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: want an object, got %v", path, got)
		}
		return b.unifyObjects(path, w, g)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: want %v, got %v", path, want, got)
		}
		for i := range w {
			if d := b.unify(fmt.Sprintf("%s[%d]", path, i), w[i], g[i]); d != "" {
				return d
			}
		}
		return ""
	case string:
		if w == "datetime" {
			if _, ok := got.(float64); ok {
				return ""
			}
		}
		if g, ok := got.(string); ok && b.unifyText(w, g) {
			return ""
		}
	default:
		if want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %v, got %v", path, want, got)
}

func (b bindings) unifyObjects(path string, want, got map[string]any) string {
	rest := maps.Clone(got)
	for _, key := range slices.Sorted(maps.Keys(want)) {
		match, ok := "", false
		for _, candidate := range slices.Sorted(maps.Keys(rest)) {
			if match, ok = candidate, b.unifyText(key, candidate); ok {
				break
			}
		}
		if !ok {
			return fmt.Sprintf("%s: %s is missing", path, key)
		}
		if d := b.unify(path+"."+key, want[key], rest[match]); d != "" {
			return d
		}
		delete(rest, match)
	}
	for key := range rest {
		return fmt.Sprintf("%s: %s is not in the recording", path, key)
	}
	return ""
}

// unifyText matches a text with placeholders, and binds those that are new.
func (b bindings) unifyText(want, got string) bool {
	var pattern strings.Builder
	var names []string
	last := 0
	for _, at := range placeholder.FindAllStringIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[last:at[0]]))
		name := want[at[0]:at[1]]
		if bound, ok := b[name]; ok {
			pattern.WriteString(regexp.QuoteMeta(bound))
		} else {
			pattern.WriteString("(.+)")
			names = append(names, name)
		}
		last = at[1]
	}
	pattern.WriteString(regexp.QuoteMeta(want[last:]))
	found := regexp.MustCompile("^" + pattern.String() + "$").FindStringSubmatch(got)
	if found == nil {
		return false
	}
	for i, name := range names {
		for other, value := range b {
			if value == found[i+1] && kindOf(other) == kindOf(name) {
				return false // two placeholders of a kind are two values
			}
		}
		b[name] = found[i+1]
	}
	return true
}

func kindOf(name string) string { return strings.TrimRight(name, "0123456789idx:>-") }

// bytesOf decodes a Python bytes literal into the base64 that was on the wire. What is no literal is on the wire as it is.
func bytesOf(t *testing.T, text string) string {
	t.Helper()
	literal, ok := strings.CutPrefix(text, "b'")
	if !ok {
		return text
	}
	plain, err := strconv.Unquote(`"` + strings.TrimSuffix(literal, "'") + `"`)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString([]byte(plain))
}

package source

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Config is what a session is opened with. Settings are by field name,
// values string, bool or float64 as encoding/json decodes them.
type Config struct {
	Settings   map[string]any
	Credential Credential
	Connection string // id of the connection, for what the platform writes into its audit log; may be empty
	Workspace  string // id of the connection's workspace, for credentials that are bound to one
}

// Text returns a string setting, "" when absent.
func (c Config) Text(name string) string {
	s, _ := c.Settings[name].(string)
	return s
}

// Bool returns a boolean setting, false when absent.
func (c Config) Bool(name string) bool {
	b, _ := c.Settings[name].(bool)
	return b
}

// Credential is an auth method and its fields. It prints as ***.
type Credential struct {
	Method  string
	Fields  map[string]Secret
	Version string // of the stored secret, openly: it says nothing of the fields; empty of one that is not stored
}

// Secret is text that never prints: use Reveal where it must be used.
type Secret string

const mask = "***"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

func (Secret) String() string               { return mask }
func (Secret) GoString() string             { return mask }
func (Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(mask)) }
func (Secret) LogValue() slog.Value         { return slog.StringValue(mask) }
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(mask) }

// MarshalText keeps a Secret masked in XML and the like. JSON does not ask it
// for the keys of a map: a Secret must not be one.
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// Validate holds settings and a credential against the Spec and returns the
// settings with defaults filled in. It reports every problem at once, by field;
// no message holds a value.
func (s Spec) Validate(settings map[string]any, cred Credential) (map[string]any, error) {
	var problems fault.List
	clean := s.validateSettings(settings, &problems)
	method, ok := s.Method(cred.Method)
	switch {
	case cred.Method == "":
		problems.Add(fault.MissingField, "credentials.method", "name one of: "+strings.Join(s.methodNames(), ", "))
	case !ok:
		problems.Add(fault.InvalidRequest, "credentials.method", "must be one of: "+strings.Join(s.methodNames(), ", "))
	default:
		validateCredential(method, cred, &problems)
	}
	return clean, problems.Err()
}

func (s Spec) validateSettings(settings map[string]any, problems *fault.List) map[string]any {
	clean := make(map[string]any, len(settings))
	for name, value := range sorted(settings) {
		field := "settings." + name
		f, ok := find(s.Settings, name)
		switch {
		case !ok && s.isSecret(name):
			problems.Add(fault.SecretMisplaced, field, "this belongs in credentials, where it is encrypted and never shown again")
		case !ok:
			problems.Add(fault.UnknownField, field, s.Title+" has no such setting; it has: "+strings.Join(names(s.Settings), ", "))
		default:
			if msg := f.problem(value); msg != "" {
				problems.Add(fault.InvalidRequest, field, msg)
			} else {
				clean[name] = value
			}
		}
	}
	for _, f := range s.Settings {
		if _, given := settings[f.Name]; given {
			continue
		}
		if f.Required {
			problems.Add(fault.MissingField, "settings."+f.Name, f.Description)
		} else if value := f.DefaultValue(); value != nil {
			clean[f.Name] = value
		}
	}
	return clean
}

func validateCredential(m AuthMethod, cred Credential, problems *fault.List) {
	for name, value := range sorted(cred.Fields) {
		field := "credentials." + name
		if f, ok := find(m.Fields, name); !ok {
			problems.Add(fault.UnknownField, field, "the method has no such field; it has: "+strings.Join(names(m.Fields), ", "))
		} else if msg := f.problem(value.Reveal()); msg != "" {
			problems.Add(fault.InvalidRequest, field, msg)
		}
	}
	for _, f := range m.Fields {
		if _, given := cred.Fields[f.Name]; f.Required && !given {
			problems.Add(fault.MissingField, "credentials."+f.Name, f.Description)
		}
	}
}

// problem says what is wrong with a value, "" when nothing is.
func (f Field) problem(value any) string {
	switch f.Kind {
	case Boolean:
		if _, ok := value.(bool); !ok {
			return "must be true or false"
		}
	case Integer:
		if n, ok := value.(float64); !ok || n != math.Trunc(n) || math.Abs(n) > MaxInteger {
			return "must be a whole number"
		}
	default:
		text, ok := value.(string)
		if !ok {
			return "must be a string"
		}
		return f.textProblem(text)
	}
	return ""
}

// MaxInteger is the largest whole number that every JSON reader keeps.
const MaxInteger = 1<<53 - 1

// defaultLimit is how long a value may be when its field says nothing else.
const defaultLimit = 1024

// Limit is how many characters the value may have.
func (f Field) Limit() int {
	if f.MaxLength == 0 {
		return defaultLimit
	}
	return f.MaxLength
}

// DefaultValue is the default in the type that its kind has in JSON, nil when there is none.
func (f Field) DefaultValue() any {
	if f.Default == "" {
		return nil
	}
	return f.Parse(f.Default)
}

// Parse returns a default or an example of the Spec in the type that its kind
// has in JSON. One that is not of its kind is a programming error and panics.
func (f Field) Parse(text string) any {
	var value any = text
	var err error
	switch f.Kind {
	case Boolean:
		value, err = strconv.ParseBool(text)
	case Integer:
		value, err = strconv.ParseFloat(text, 64)
	}
	if err != nil {
		panic("source: the default or example of " + f.Name + " is not of its kind")
	}
	return value
}

func (f Field) textProblem(text string) string {
	switch {
	case f.Required && text == "":
		return "must not be empty"
	case !utf8.ValidString(text):
		return "must be valid UTF-8"
	case utf8.RuneCountInString(text) > f.Limit():
		return fmt.Sprintf("must be at most %d characters long", f.Limit())
	case len(f.Allowed) > 0 && !slices.Contains(f.Allowed, text):
		return "must be one of: " + strings.Join(f.Allowed, ", ")
	case f.Pattern != "" && text != "" && !regexp.MustCompile(`^(?:`+f.Pattern+`)$`).MatchString(text):
		return "must look like " + f.Example
	}
	return ""
}

func (s Spec) isSecret(name string) bool {
	return slices.ContainsFunc(s.Auth, func(m AuthMethod) bool {
		f, ok := find(m.Fields, name)
		return ok && f.Secret
	})
}

func (s Spec) methodNames() []string {
	methods := make([]string, len(s.Auth))
	for i, m := range s.Auth {
		methods[i] = m.Name
	}
	return methods
}

func find(fields []Field, name string) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

func names(fields []Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

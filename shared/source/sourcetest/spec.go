package sourcetest

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

var name = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// testSpec holds the Spec to what forms and documentation need.
func testSpec(t *testing.T, h Harness) {
	spec := h.Driver.Spec()
	if !name.MatchString(spec.Platform) {
		t.Errorf("platform %q is not a lower-case name", spec.Platform)
	}
	if spec.Title == "" || spec.Description == "" {
		t.Error("the platform lacks a title or a description")
	}
	if !slices.Contains([]string{"data_warehouse", "cloud_storage"}, spec.Category) {
		t.Errorf("category %q is not known", spec.Category)
	}
	if len(spec.Auth) == 0 {
		t.Fatal("no auth method")
	}
	testFields(t, "settings", spec.Settings)
	for _, f := range spec.Settings {
		if f.Secret {
			t.Errorf("settings.%s is secret: secrets belong in credentials", f.Name)
		}
	}
	secret := false
	for _, m := range spec.Auth {
		if !name.MatchString(m.Name) || m.Title == "" || m.Description == "" {
			t.Errorf("auth method %q lacks a proper name, title or description", m.Name)
		}
		testFields(t, m.Name, m.Fields)
		for _, f := range m.Fields {
			secret = secret || f.Secret
			if f.Secret && (f.Example != "" || f.Default != "") {
				t.Errorf("%s.%s is secret and has an example or a default", m.Name, f.Name)
			}
		}
	}
	if !secret {
		t.Error("no auth method has a secret field, so nothing shows that secrets are kept")
	}
}

func testFields(t *testing.T, where string, fields []source.Field) {
	t.Helper()
	seen := map[string]bool{}
	for _, f := range fields {
		at := where + "." + f.Name
		if !name.MatchString(f.Name) || seen[f.Name] {
			t.Errorf("%s: not a lower-case name of its own", at)
		}
		seen[f.Name] = true
		if f.Title == "" || f.Description == "" {
			t.Errorf("%s lacks a title or a description", at)
		}
		re, err := regexp.Compile(`^(?:` + f.Pattern + `)$`)
		if err != nil {
			t.Errorf("%s: pattern: %v", at, err)
			continue
		}
		if f.Pattern != "" && !f.Secret && !re.MatchString(f.Example) {
			t.Errorf("%s: the example %q does not match the pattern", at, f.Example)
		}
		if f.Default != "" && len(f.Allowed) > 0 && !slices.Contains(f.Allowed, f.Default) {
			t.Errorf("%s: the default is not allowed", at)
		}
	}
}

// testConfig derives bad configurations from the Spec; each must be refused
// with the name of the field and without its value.
func testConfig(t *testing.T, h Harness) {
	spec := h.Driver.Spec()
	method, _ := spec.Method(h.Config.Credential.Method)
	if _, err := spec.Validate(h.Config.Settings, h.Config.Credential); err != nil {
		t.Fatalf("the working configuration is refused: %v", err)
	}
	refuse := func(what string, code fault.Code, field string, change func(*source.Config)) {
		t.Run(what, func(t *testing.T) {
			cfg := copyOf(h.Config)
			change(&cfg)
			_, err := spec.Validate(cfg.Settings, cfg.Credential)
			e, ok := fault.As(err)
			if !ok || e.Code != code || e.Field != field {
				t.Fatalf("got %v, want %s about %s", err, code, field)
			}
		})
	}
	for _, f := range spec.Settings {
		at := "settings." + f.Name
		if f.Required {
			refuse("without "+at, fault.MissingField, at, func(c *source.Config) { delete(c.Settings, f.Name) })
		}
		refuse("wrong kind of "+at, fault.InvalidRequest, at, func(c *source.Config) { c.Settings[f.Name] = []any{} })
		if f.Pattern != "" {
			refuse("malformed "+at, fault.InvalidRequest, at, func(c *source.Config) { c.Settings[f.Name] = "\x01\x02" })
		}
	}
	for _, f := range method.Fields {
		at := "credentials." + f.Name
		if f.Required {
			refuse("without "+at, fault.MissingField, at, func(c *source.Config) { delete(c.Credential.Fields, f.Name) })
			refuse("empty "+at, fault.InvalidRequest, at, func(c *source.Config) { c.Credential.Fields[f.Name] = "" })
		}
		if f.Secret {
			refuse(f.Name+" among settings", fault.SecretMisplaced, "settings."+f.Name, func(c *source.Config) { c.Settings[f.Name] = "canary" })
		}
	}
	refuse("unknown setting", fault.UnknownField, "settings.no_such_setting", func(c *source.Config) { c.Settings["no_such_setting"] = "x" })
	refuse("unknown credential", fault.UnknownField, "credentials.no_such_field", func(c *source.Config) { c.Credential.Fields["no_such_field"] = "x" })
	refuse("no method", fault.MissingField, "credentials.method", func(c *source.Config) { c.Credential.Method = "" })
	refuse("unknown method", fault.InvalidRequest, "credentials.method", func(c *source.Config) { c.Credential.Method = "no_such_method" })
}

func copyOf(c source.Config) source.Config {
	c.Settings = maps.Clone(c.Settings)
	c.Credential.Fields = maps.Clone(c.Credential.Fields)
	return c
}

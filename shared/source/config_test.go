package source_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

var spec = source.Spec{
	Platform: "test", Title: "Test",
	Settings: []source.Field{
		{Name: "name", Required: true, Pattern: `[a-z]+`, Example: "abc", MaxLength: 8},
		{Name: "mode", Allowed: []string{"fast", "slow"}, Default: "slow"},
		{Name: "limit", Kind: source.Integer},
		{Name: "strict", Kind: source.Boolean},
		{Name: "deep", Kind: source.Boolean, Default: "true"},
		{Name: "days", Kind: source.Integer, Default: "7"},
	},
	Auth: []source.AuthMethod{
		{Name: "key", Fields: []source.Field{
			{Name: "id", Required: true},
			{Name: "secret", Required: true, Secret: true},
		}},
		{Name: "token", Fields: []source.Field{{Name: "token", Required: true, Secret: true}}},
	},
}

func key(fields map[string]source.Secret) source.Credential {
	return source.Credential{Method: "key", Fields: fields}
}

func TestValidate(t *testing.T) {
	good := key(map[string]source.Secret{"id": "i", "secret": "s3cret"})
	for name, tt := range map[string]struct {
		settings map[string]any
		cred     source.Credential
		want     map[string]any
		problems []string // code and field
	}{
		"defaults are filled in": {
			map[string]any{"name": "abc", "limit": 3.0, "strict": true},
			good,
			map[string]any{"name": "abc", "limit": 3.0, "strict": true, "mode": "slow", "deep": true, "days": 7.0},
			nil,
		},
		"every problem at once": {
			map[string]any{"nmae": "abc", "mode": "medium", "limit": 1.5, "strict": "yes"},
			key(map[string]source.Secret{"secret": "", "other": "x"}), nil,
			[]string{
				"request.invalid settings.limit", "request.invalid settings.mode", "request.unknown_field settings.nmae",
				"request.invalid settings.strict", "request.missing_field settings.name",
				"request.unknown_field credentials.other", "request.invalid credentials.secret", "request.missing_field credentials.id",
			},
		},
		"a secret among the settings": {
			map[string]any{"name": "abc", "secret": "s3cret"},
			good, nil,
			[]string{"connection.secret_misplaced settings.secret"},
		},
		"a secret of another method among the settings": {
			map[string]any{"name": "abc", "token": "s3cret"},
			good, nil,
			[]string{"connection.secret_misplaced settings.token"},
		},
		"a text that is a number": {
			map[string]any{"name": 5.0}, good, nil, []string{"request.invalid settings.name"},
		},
		"a text that does not match": {
			map[string]any{"name": "abc\n"}, good, nil, []string{"request.invalid settings.name"},
		},
		"a text that is too long": {
			map[string]any{"name": "abcdefghi"}, good, nil, []string{"request.invalid settings.name"},
		},
		"a text of as many letters as it may have": {
			map[string]any{"name": "abc"},
			key(map[string]source.Secret{"id": source.Secret(strings.Repeat("é", 1024)), "secret": "s"}),
			map[string]any{"name": "abc", "mode": "slow", "deep": true, "days": 7.0},
			nil,
		},
		"a number that not every reader keeps": {
			map[string]any{"name": "abc", "limit": float64(1 << 53)}, good, nil, []string{"request.invalid settings.limit"},
		},
		"a text that is not UTF-8": {
			map[string]any{"name": "abc"}, key(map[string]source.Secret{"id": "\xff", "secret": "s"}), nil, []string{"request.invalid credentials.id"},
		},
		"no method":      {map[string]any{"name": "abc"}, source.Credential{}, nil, []string{"request.missing_field credentials.method"}},
		"unknown method": {map[string]any{"name": "abc"}, source.Credential{Method: "x"}, nil, []string{"request.invalid credentials.method"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := spec.Validate(tt.settings, tt.cred)
			if diff := cmp.Diff(tt.problems, problems(err)); diff != "" {
				t.Fatalf("problems (-want +got):\n%s", diff)
			}
			if tt.problems == nil {
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("settings (-want +got):\n%s", diff)
				}
				return
			}
			for _, value := range []string{"s3cret", "medium", "1.5"} {
				if strings.Contains(err.Error(), value) {
					t.Errorf("the error holds a value: %v", err)
				}
			}
		})
	}
}

func problems(err error) (all []string) {
	switch e := err.(type) { //nolint:errorlint // Validate returns these types themselves
	case *fault.Error:
		all = append(all, fmt.Sprintf("%s %s", e.Code, e.Field))
	case fault.List:
		for _, p := range e {
			all = append(all, fmt.Sprintf("%s %s", p.Code, p.Field))
		}
	}
	return all
}

func TestSecretNeverPrints(t *testing.T) {
	const canary = "canary-9f8e"
	secret := source.Secret(canary)
	cfg := source.Config{Credential: key(map[string]source.Secret{"secret": secret})}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "secret", secret, "config", cfg, "pointer", &secret, "slice", []source.Secret{secret})
	}
	texts := []string{log.String(), fmt.Sprint(secret, cfg), secret.String(), fmt.Errorf("x: %w %v", fault.New("x", ""), secret).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T"} {
		texts = append(texts, fmt.Sprintf(verb, secret), fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, &cfg), fmt.Sprintf(verb, []source.Secret{secret}))
	}
	for _, v := range []any{secret, &secret, cfg, map[string]source.Secret{"a": secret}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
	}
	for _, text := range texts {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("a secret was printed: %s", text)
		}
	}
	if secret.Reveal() != canary {
		t.Error("Reveal does not return the secret")
	}
}

func TestCredentialSurvivesStorage(t *testing.T) {
	var s source.Secret
	if err := json.Unmarshal([]byte(`"abc"`), &s); err != nil {
		t.Fatal(err)
	}
	if s.Reveal() != "abc" {
		t.Errorf("decoded %q", s.Reveal())
	}
}

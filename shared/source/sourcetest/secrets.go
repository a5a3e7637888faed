package sourcetest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
)

// testSecrets: whatever goes wrong, no error, report, plan or checkpoint holds a secret.
func testSecrets(t *testing.T, h Harness) {
	configs := []source.Config{h.Config}
	for _, b := range h.Broken {
		configs = append(configs, b.Config)
	}
	for _, cfg := range configs {
		search := newSearch(t, h.Driver.Spec(), cfg)
		s := open(t, h, cfg)
		results, err := s.Check(t.Context())
		search("the report", report(results), err)
		page, err := s.Discover(t.Context(), "")
		search("the tables", fmt.Sprintf("%+v", page), err)
		for _, table := range page.Tables {
			plan, err := s.Plan(t.Context(), source.PlanRequest{Table: table, TargetBytes: h.TargetBytes})
			search("a plan", fmt.Sprintf("%+v", plan), err)
			for _, split := range plan.Splits {
				search("a split", string(split.Detail), nil)
				_, err := s.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: split, From: "no checkpoint"})
				search("a read", "", err)
			}
		}
		search("the configuration", fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg), nil)
	}
}

// newSearch returns a search for the configuration's secrets, in every form
// that they take on the wire.
func newSearch(t *testing.T, spec source.Spec, cfg source.Config) func(where, text string, err error) {
	method, _ := spec.Method(cfg.Credential.Method)
	var needles []string
	for _, f := range method.Fields {
		if secret := cfg.Credential.Fields[f.Name].Reveal(); f.Secret && secret != "" {
			needles = append(needles, secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)))
		}
	}
	return func(where, text string, err error) {
		t.Helper()
		for ; err != nil && !errors.Is(err, context.Canceled); err = errors.Unwrap(err) {
			text += fmt.Sprintf(" %v %+v", err, err)
		}
		for _, needle := range needles {
			if strings.Contains(text, needle) {
				t.Errorf("%s holds a secret", where)
			}
		}
	}
}

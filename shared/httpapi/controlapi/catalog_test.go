package controlapi_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

func platforms(t *testing.T, a contracttest.Answer) []string {
	t.Helper()
	names := []string{}
	for _, p := range contracttest.Into[controlapi.Catalog](t, a, 200).Items {
		names = append(names, p.Name)
	}
	return names
}

func TestCatalog(t *testing.T) {
	s := newStand(t)
	of := func(categories ...string) (names []string) {
		for _, spec := range catalog.Specs() {
			if slices.Contains(categories, spec.Category) {
				names = append(names, spec.Platform)
			}
		}
		return names
	}
	if diff := cmp.Diff(of(source.Categories()...), platforms(t, s.get("/v1/catalog"))); diff != "" {
		t.Errorf("platforms (-Specs +answer):\n%s", diff)
	}
	for target, want := range map[string][]string{
		"/v1/catalog?query=snow":                           {"snowflake"},
		"/v1/catalog?query=SnowFl&category=data_warehouse": {"snowflake"},
		"/v1/catalog?query=snow&category=cloud_storage":    {},
		"/v1/catalog?query=AMAZON":                         {"s3"},
		"/v1/catalog?query=aws%20s":                        {"s3"},
		"/v1/catalog?query=nothing-has-this":               {},
		"/v1/catalog?query=amazon&category=cloud_storage":  {"s3"},
		"/v1/catalog?query=amazon&category=data_warehouse": {},
		"/v1/catalog?query=azon":                           {},
		"/v1/catalog?query=&category=cloud_storage":        of(source.CloudStorage),
		"/v1/catalog?category=data_warehouse":              of(source.DataWarehouse),
	} {
		if diff := cmp.Diff(want, platforms(t, s.get(target))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
	answer := s.get("/v1/catalog?category=warehouse")
	if answer.Status != 422 || answer.Problem.Fields()["category"] != "request.invalid" {
		t.Errorf("an unknown category: %s", answer.Body)
	}
}

func TestCatalogCountsConnections(t *testing.T) {
	s := newStand(t)
	count := func(caller string) int32 {
		who := acme
		if caller == "other" {
			who = other
		}
		return contracttest.Into[controlapi.Platform](t, s.Do(t, contracttest.Request{Caller: who, Target: "/v1/catalog/s3"}), 200).Connections
	}
	if n := count("acme"); n != 0 {
		t.Errorf("%d connections of nobody", n)
	}
	s.connect("a")
	s.connect("b")
	if a, b := count("acme"), count("other"); a != 2 || b != 0 {
		t.Errorf("%d connections and %d in another workspace, want 2 and none", a, b)
	}
}

// What the forms of every platform say is JSON Schema, and says what is secret.
func TestPlatformIsWhatItsSpecSays(t *testing.T) {
	s := newStand(t)
	for _, spec := range catalog.Specs() {
		answer := s.get("/v1/catalog/" + spec.Platform)
		var p struct {
			Title       string
			Settings    json.RawMessage `json:"settings_schema"`
			AuthMethods []struct {
				Name                    string
				Recommended, Deprecated bool
				Credentials             json.RawMessage `json:"credentials_schema"`
			} `json:"auth_methods"`
		}
		if err := json.Unmarshal(answer.Body, &p); err != nil {
			t.Fatal(err)
		}
		compile(t, p.Settings)
		if p.Title != spec.Title || len(p.AuthMethods) != len(spec.Auth) {
			t.Errorf("%s: %s", spec.Platform, answer.Body)
		}
		secrets := 0
		for i, m := range p.AuthMethods {
			compile(t, m.Credentials)
			if m.Name != spec.Auth[i].Name || m.Deprecated != spec.Auth[i].Deprecated || m.Recommended != (i == 0) {
				t.Errorf("%s has method %+v as number %d", spec.Platform, m, i)
			}
			secrets += bytes.Count(m.Credentials, []byte(`"writeOnly":true`))
		}
		if secrets == 0 {
			t.Errorf("%s has no secret", spec.Platform)
		}
	}
	for _, name := range []string{"mysql", "S3", "%00"} {
		if answer := s.get("/v1/catalog/" + name); answer.Status != 404 || answer.Problem.Code != "catalog.not_found" {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Problem.Code)
		}
	}
}

func compile(t *testing.T, text json.RawMessage) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("form.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("form.json")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if compiled.DraftVersion != 2020 {
		t.Errorf("the schema is of draft %d", compiled.DraftVersion)
	}
}

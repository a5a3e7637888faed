package controlapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/source"
)

func TestCreateConnection(t *testing.T) {
	s := newStand(t)
	answer := s.post("/v1/connections", newConnection("Warehouse exports"))
	c := contracttest.Into[controlapi.Connection](t, answer, 201)
	if got := answer.Header.Get("Location"); got != "/v1/connections/"+c.ID {
		t.Errorf("Location is %q", got)
	}
	if !id.Is(id.Connection, c.ID) || c.Status != controlapi.Processing || c.CreatedBy != "key:test" || c.AuthMethod != "access_key" {
		t.Errorf("connection %+v", c)
	}
	if c.Settings["bucket"] != "customer-data" {
		t.Errorf("settings %v", c.Settings)
	}
	kept, err := s.secrets.Credential(t.Context(), "acme", c.ID)
	if err != nil || kept.Fields["secret_access_key"].Reveal() != canary || kept.Method != "access_key" {
		t.Errorf("the credential was not kept: %v", err)
	}
	if _, ok := kept.Fields["method"]; ok {
		t.Error("the method was kept as a field")
	}
	if len(s.started.validations) != 1 || s.started.validations[0].ConnectionID != c.ID {
		t.Errorf("validations started: %+v", s.started.validations)
	}
	if strings.Contains(string(answer.Body)+s.log.String(), canary) {
		t.Error("the secret left")
	}
}

func TestConnectionShowsItsValidation(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	read := contracttest.Into[controlapi.Connection](t, s.get("/v1/connections/"+c.ID), 200)
	if v := read.LastValidation; v.Outcome != controlapi.ValidationOutcomeRunning || v.Trigger != controlapi.Created || v.Checks == nil || len(v.Checks) != 0 {
		t.Errorf("while running: %+v", v)
	}

	ref := s.ref(c)
	_, err := s.store.RecordChecks(t.Context(), ref, []source.CheckResult{
		{Name: "s3.reach", Title: "Reach the bucket", Mandatory: true, Outcome: source.Pass, Millis: 3},
		{
			Name: "s3.list_objects", Title: "List objects", Mandatory: true, Outcome: source.Fail, Code: "source.permission_denied",
			Detail: "the key may not list", Provider: "AccessDenied: Access Denied", Millis: 5,
			Remedy: &source.Remedy{Text: "Grant s3:ListBucket.", Snippet: `{"Action":"s3:ListBucket"}`},
		},
		{Name: "s3.read_object", Title: "Read an object", Mandatory: true, Outcome: source.Skipped, Detail: "skipped because s3.list_objects did not pass"},
	})
	s.must(err)
	s.settle(ref, nil)

	read = contracttest.Into[controlapi.Connection](t, s.get("/v1/connections/"+c.ID), 200)
	want := controlapi.Check{
		Name: "s3.list_objects", Title: "List objects", Mandatory: true, Outcome: controlapi.CheckOutcomeFail, Code: "source.permission_denied",
		Detail: "the key may not list", ProviderError: "AccessDenied: Access Denied", DurationMs: 5,
		Remedy: controlapi.Remedy{Text: "Grant s3:ListBucket.", Snippet: `{"Action":"s3:ListBucket"}`},
	}
	if diff := cmp.Diff(want, read.LastValidation.Checks[1]); diff != "" {
		t.Errorf("failing check (-want +got):\n%s", diff)
	}
	if read.Status != controlapi.Inactive || read.StatusChange.Reason != "check s3.list_objects failed" || read.LastValidation.Outcome != controlapi.ValidationOutcomeFailed {
		t.Errorf("connection %+v", read)
	}
}

func TestValidationThatDiedSaysWhy(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	s.settle(s.ref(c), fault.New(fault.ValidationTimedOut, "it took too long"))
	read := contracttest.Into[controlapi.Connection](t, s.get("/v1/connections/"+c.ID), 200)
	class, _ := fault.Lookup(fault.ValidationTimedOut)
	want := controlapi.Failure{Code: "validation.timed_out", Message: "it took too long", Remedy: class.Remedy}
	if read.LastValidation.Error != want {
		t.Errorf("error %+v", read.LastValidation.Error)
	}
}

// Every way to get a connection wrong names its field and repeats no value.
func TestConnectionIsRefused(t *testing.T) {
	const settings, credentials = `"settings":{"bucket":"exports","region":"eu-west-1"}`, `"credentials":{"method":"access_key","access_key_id":"AKIAEXAMPLE","secret_access_key":"` + canary + `"}`
	for name, test := range map[string]struct {
		body   string
		status int
		fields map[string]string
	}{
		"unknown platform":      {`{"name":"x","platform":"` + canary + `",` + settings + `,` + credentials + `}`, 422, map[string]string{"platform": "catalog.unknown_platform"}},
		"no platform":           {`{"name":"x",` + settings + `,` + credentials + `}`, 422, map[string]string{"platform": "request.missing_field"}},
		"nothing":               {`{}`, 422, map[string]string{"name": "request.missing_field", "platform": "request.missing_field", "settings": "request.missing_field", "credentials": "request.missing_field"}},
		"empty name":            {`{"name":"  ","platform":"s3",` + settings + `,` + credentials + `}`, 422, map[string]string{"name": "request.missing_field"}},
		"misspelt field":        {`{"title":"` + canary + `","name":"x","platform":"s3",` + settings + `,` + credentials + `}`, 400, map[string]string{"title": "request.unknown_field"}},
		"other case":            {`{"Name":"x","name":"x","platform":"s3",` + settings + `,` + credentials + `}`, 400, map[string]string{"Name": "request.unknown_field"}},
		"misspelt setting":      {`{"name":"x","platform":"s3","settings":{"bucket":"exports","region":"eu-west-1","perfix":"` + canary + `"},` + credentials + `}`, 400, map[string]string{"settings.perfix": "request.unknown_field"}},
		"secret among settings": {`{"name":"x","platform":"s3","settings":{"bucket":"exports","region":"eu-west-1","secret_access_key":"` + canary + `"},` + credentials + `}`, 422, map[string]string{"settings.secret_access_key": "connection.secret_misplaced"}},
		"no bucket":             {`{"name":"x","platform":"s3","settings":{"region":"eu-west-1"},` + credentials + `}`, 422, map[string]string{"settings.bucket": "request.missing_field"}},
		"setting's type":        {`{"name":"x","platform":"s3","settings":{"bucket":7,"region":"eu-west-1"},` + credentials + `}`, 422, map[string]string{"settings.bucket": "request.invalid"}},
		"no method":             {`{"name":"x","platform":"s3",` + settings + `,"credentials":{"secret_access_key":"` + canary + `"}}`, 422, map[string]string{"credentials.method": "request.missing_field"}},
		"unknown method":        {`{"name":"x","platform":"s3",` + settings + `,"credentials":{"method":"` + canary + `"}}`, 422, map[string]string{"credentials.method": "request.invalid"}},
		"half a credential":     {`{"name":"x","platform":"s3",` + settings + `,"credentials":{"method":"access_key","secret_access_key":"` + canary + `"}}`, 422, map[string]string{"credentials.access_key_id": "request.missing_field"}},
		"credential's type":     {`{"name":"x","platform":"s3",` + settings + `,"credentials":{"method":"access_key","access_key_id":{"a":"` + canary + `"}}}`, 422, map[string]string{"credentials.access_key_id": "request.invalid"}},
		"credential is text":    {`{"name":"x","platform":"s3",` + settings + `,"credentials":"` + canary + `"}`, 422, map[string]string{"credentials": "request.invalid"}},
		"name is null":          {`{"name":null,"platform":"s3",` + settings + `,` + credentials + `}`, 422, map[string]string{"name": "request.invalid"}},
		"repeated key":          {`{"name":"x","name":"` + canary + `","platform":"s3",` + settings + `,` + credentials + `}`, 400, map[string]string{"name": "request.malformed"}},
		"repeated deep":         {`{"name":"x","platform":"s3","settings":{"bucket":"b","bucket":"` + canary + `"},` + credentials + `}`, 400, map[string]string{"settings.bucket": "request.malformed"}},
		"not an object":         {`["` + canary + `"]`, 422, map[string]string{}},
		"broken":                {`{"name":"` + canary + ``, 400, map[string]string{}},
		"trailing":              {newConnection("x") + `{"a":"` + canary + `"}`, 400, map[string]string{}},
		"not UTF-8":             {"{\"name\":\"\xff" + canary + `"}`, 400, map[string]string{}},
		"too deep":              {`{"settings":{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}`, 400, map[string]string{"settings.a" + strings.Repeat("[0]", 30): "request.malformed"}},
		"value for a key":       {`{"` + canary + ` is my key":1,"name":"x","platform":"s3",` + settings + `,` + credentials + `}`, 400, map[string]string{"?": "request.unknown_field"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			answer := s.post("/v1/connections", test.body)
			if answer.Status != test.status {
				t.Errorf("status %d, want %d: %s", answer.Status, test.status, answer.Body)
			}
			if diff := cmp.Diff(test.fields, answer.Problem.Fields()); diff != "" {
				t.Errorf("fields (-want +got):\n%s\n%s", diff, answer.Body)
			}
			if strings.Contains(string(answer.Body)+s.log.String(), canary) {
				t.Errorf("a value is repeated: %s\n%s", answer.Body, s.log)
			}
			if page := contracttest.Into[controlapi.ConnectionPage](t, s.get("/v1/connections"), 200); len(page.Items) != 0 || len(s.started.validations) != 0 {
				t.Errorf("something was created: %+v", page)
			}
		})
	}
}

func TestNameIsTaken(t *testing.T) {
	s := newStand(t)
	s.connect("exports")
	if answer := s.post("/v1/connections", newConnection("EXPORTS")); answer.Status != 409 || answer.Problem.Code != "connection.name_taken" {
		t.Errorf("%d %+v", answer.Status, answer.Problem)
	}
	elsewhere := s.Do(t, contracttest.Request{Caller: other, Target: "/v1/connections", Body: newConnection("exports")})
	if elsewhere.Status != 201 {
		t.Errorf("another workspace: %s", elsewhere.Body)
	}
}

func TestFailureOfOursIsHiddenAndLogged(t *testing.T) {
	s := newStand(t)
	s.started.err = fmt.Errorf("starting execution: %w", errors.New("dial 10.0.0.1: refused"))
	answer := s.post("/v1/connections", newConnection("exports"))
	if answer.Status != 500 || answer.Problem.Code != "internal" || strings.Contains(string(answer.Body), "10.0.0.1") {
		t.Errorf("%s", answer.Body)
	}
	for _, want := range []string{"10.0.0.1", answer.Problem.Instance} {
		if strings.Count(s.log.String(), want) != 1 {
			t.Errorf("want %s once in the log:\n%s", want, s.log)
		}
	}
	s.started.err = fault.New(fault.Throttled, "")
	if answer := s.post("/v1/connections", newConnection("more")); answer.Status != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%d, %v", answer.Status, answer.Header)
	}
}

func TestForeignAndMalformedIDs(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	foreign := s.Do(t, contracttest.Request{Caller: other, Target: "/v1/connections/" + c.ID})
	unknown := s.get("/v1/connections/" + id.New(id.Connection))
	for _, a := range []*contracttest.Answer{&foreign, &unknown} {
		a.Problem.Instance = ""
	}
	if diff := cmp.Diff(unknown.Problem, foreign.Problem); diff != "" || foreign.Status != 404 {
		t.Errorf("a foreign connection can be told from none (-none +foreign):\n%s", diff)
	}
	for _, path := range []string{"nonsense", id.New(id.Import), strings.ToUpper(c.ID), c.ID + "x", "%00", "..%2F" + c.ID, strings.Repeat("a", 4000)} {
		for _, suffix := range []string{"", "/schema"} {
			if answer := s.get("/v1/connections/" + path + suffix); answer.Status != 404 || answer.Problem.Code != "connection.not_found" {
				t.Errorf("%.40s: %d %s", path, answer.Status, answer.Problem.Code)
			}
		}
	}
}

package controlapi_test

import (
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
)

const role = "arn:aws:iam::111122223333:role/headwater-exports"

// A role's owner learns from the answer what its trust policy has to say.
func TestSetupOfARole(t *testing.T) {
	const body = `{"name":"exports","platform":"s3","settings":{"bucket":"customer-data","region":"eu-west-1"},
		"credentials":{"method":"role","role_arn":"` + role + `"}}`
	s := newStand(t)
	created := contracttest.Into[controlapi.Connection](t, s.post("/v1/connections", body), 201)
	read := contracttest.Into[controlapi.Connection](t, s.get("/v1/connections/"+created.ID), 200)
	for _, c := range []controlapi.Connection{created, read} {
		externalID, _ := c.Settings["external_id"].(string)
		text := ""
		for _, g := range c.Setup {
			text += g.Text
		}
		for _, want := range []string{externalID, "123456789012", role} {
			if want == "" || !strings.Contains(text, want) {
				t.Errorf("the setup lacks %q:\n%s", want, text)
			}
		}
		if c.Identity != role {
			t.Errorf("identity %q", c.Identity)
		}
	}
	page := contracttest.Into[controlapi.ConnectionPage](t, s.get("/v1/connections"), 200)
	if page.Items[0].Setup != nil {
		t.Error("a list has the setup")
	}
	given := strings.Replace(body, `"region"`, `"external_id":"hw-0123456789abcdef","region"`, 1)
	answer := s.post("/v1/connections", given)
	if answer.Status != 422 || answer.Problem.Fields()["settings.external_id"] != "request.invalid" {
		t.Errorf("a given external id: %s", answer.Body)
	}
}

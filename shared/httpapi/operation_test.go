package httpapi_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
)

// Every operation of the contract names a permission, and exactly those
// operations are let through, for exactly those permissions.
func TestOperationsAreTheContracts(t *testing.T) {
	contract := map[string]caller.Permission{}
	for path, item := range contracttest.Document(t).Paths.Map() {
		for method, operation := range item.Operations() {
			permission, _ := operation.Extensions["x-permission"].(string)
			if permission == "" {
				t.Errorf("%s %s has no x-permission", method, path)
			}
			if permission != httpapi.Public && !slices.Contains(caller.Permissions(), permission) {
				t.Errorf("%s %s needs %q, which is no permission", method, path, permission)
			}
			if public := operation.Security != nil && len(*operation.Security) == 0; public != (permission == httpapi.Public) {
				t.Errorf("%s %s: security and x-permission disagree", method, path)
			}
			if _, ok := operation.Responses.Map()["default"]; !ok && permission != httpapi.Public {
				t.Errorf("%s %s does not say how it fails", method, path)
			}
			contract[method+" "+path] = permission
		}
	}
	enforced := map[string]caller.Permission{}
	for _, o := range httpapi.Operations() {
		enforced[o.Pattern] = o.Permission
	}
	if diff := cmp.Diff(contract, enforced); diff != "" {
		t.Errorf("contract and guard differ (-contract +guard):\n%s", diff)
	}
}

func TestContractIsOpenAPI31(t *testing.T) {
	if doc := contracttest.Document(t); doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi is %s", doc.OpenAPI)
	}
}

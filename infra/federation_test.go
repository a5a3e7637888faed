package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/names"
)

// TestWhoMayBeShownToOtherClouds: the role is trusted to the functions that open
// sources, in the name of a connection only, and may itself do nothing.
func TestWhoMayBeShownToOtherClouds(t *testing.T) {
	found := 0
	for id, r := range resources(t, "AWS::IAM::Role") {
		role := decode[struct {
			RoleName                 json.RawMessage
			AssumeRolePolicyDocument struct {
				Statement []struct {
					Effect, Action string
					Principal      struct{ AWS json.RawMessage }
					Condition      map[string]map[string]json.RawMessage
				}
			}
		}](t, r)
		if string(role.RoleName) != `"`+names.FederationRole+`"` {
			continue
		}
		found++
		var trusted []string
		for _, s := range role.AssumeRolePolicyDocument.Statement {
			if s.Effect != "Allow" || s.Action != "sts:AssumeRole" || string(s.Condition["StringLike"]["sts:RoleSessionName"]) != `"con_*"` {
				t.Errorf("trusts by %+v", s)
			}
			var principals []reference
			if err := json.Unmarshal(s.Principal.AWS, &principals); err != nil {
				t.Fatal(err)
			}
			for _, p := range principals {
				name, _, _ := strings.Cut(p.id(), "Role")
				trusted = append(trusted, name)
			}
		}
		slices.Sort(trusted)
		if diff := cmp.Diff([]string{"Check", "Discover", "Extract", "Plan"}, trusted); diff != "" {
			t.Errorf("%s trusts (-want +got):\n%s", id, diff)
		}
	}
	if found != 1 {
		t.Errorf("%d roles are called %s", found, names.FederationRole)
	}
	if may := grants(t)["Federation"]; may != nil {
		t.Errorf("the role may %v", may)
	}
}

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oneOrMany is IAM's "a string or a list of strings".
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMany{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

type statement struct {
	Effect    string
	Action    oneOrMany
	Resource  json.RawMessage
	Condition map[string]map[string]json.RawMessage
}

// grants returns what each role may do, by the role's name without its hash:
// "Extract" for the logical id ExtractRole323D1B0B.
func grants(t *testing.T) map[string][]statement {
	t.Helper()
	byRole := map[string][]statement{}
	for _, r := range resources(t, "AWS::IAM::Policy") {
		p := decode[struct {
			Roles          []reference
			PolicyDocument struct{ Statement []statement }
		}](t, r)
		for _, role := range p.Roles {
			name, _, _ := strings.Cut(role.id(), "Role")
			byRole[name] = append(byRole[name], p.PolicyDocument.Statement...)
		}
	}
	return byRole
}

func TestRoles(t *testing.T) {
	// What cannot be narrowed to a resource, by AWS's own account of these actions.
	unnarrowed := []string{
		"xray:", "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups",
		"logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
	}
	for role, statements := range grants(t) {
		for _, s := range statements {
			for _, action := range s.Action {
				if strings.Contains(action, "*") {
					t.Errorf("%s may %s", role, action)
				}
				narrow := !slices.ContainsFunc(unnarrowed, func(prefix string) bool { return strings.HasPrefix(action, prefix) })
				if string(s.Resource) == `"*"` && narrow {
					t.Errorf("%s may %s on everything", role, action)
				}
				if strings.HasPrefix(action, "kms:") && s.Condition["StringEquals"]["kms:ViaService"] == nil {
					t.Errorf("%s may %s by way of any service", role, action)
				}
			}
		}
	}
}

// TestWhoMayOpenASecret is the wall around secrets: the callers that read
// credentials are the four that talk to a source, those that read a workspace's
// keys hash or quarantine with them, and the one that files them reads none.
func TestWhoMayOpenASecret(t *testing.T) {
	const credentials, keys = "secret:headwater/*/con_*", "secret:headwater/*/workspace-keys*"
	want := map[string]map[string][]string{
		"secretsmanager:GetSecretValue": {credentials: {"Check", "Discover", "Extract", "Plan"}, keys: {"Commit", "Extract", "Lookup", "Plan"}},
		"secretsmanager:CreateSecret":   {credentials: {"Api"}, keys: {"Api"}},
		"secretsmanager:TagResource":    {credentials: {"Api"}, keys: {"Api"}},
		"secretsmanager:DeleteSecret":   {credentials: {"Api"}}, // without the keys, what is in quarantine is lost
	}
	got := map[string]map[string][]string{}
	for role, statements := range grants(t) {
		for _, s := range statements {
			for _, action := range s.Action {
				if !strings.HasPrefix(action, "secretsmanager:") {
					continue
				}
				if got[action] == nil {
					got[action] = map[string][]string{}
				}
				// One resource, or those of statements that were merged; each ends like an ARN.
				for _, of := range []string{credentials, keys} {
					if strings.Contains(string(s.Resource), of+`"`) {
						got[action][of] = append(got[action][of], role)
						slices.Sort(got[action][of])
					}
				}
				if strings.Count(string(s.Resource), "secret:") != strings.Count(string(s.Resource), credentials+`"`)+strings.Count(string(s.Resource), keys+`"`) {
					t.Errorf("%s may %s on %s", role, action, s.Resource)
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWhoMayAssumeARole: those that talk to a source, and only roles that are meant for it.
func TestWhoMayAssumeARole(t *testing.T) {
	if diff := cmp.Diff([]string{"Check", "Discover", "Extract", "Plan"}, rolesThatMay(t, "sts:AssumeRole")); diff != "" {
		t.Errorf("sts:AssumeRole (-want +got):\n%s", diff)
	}
	for role, statements := range grants(t) {
		for _, s := range statements {
			if slices.Contains(s.Action, "sts:AssumeRole") && string(s.Resource) != `"arn:*:iam::*:role/headwater-*"` {
				t.Errorf("%s may assume %s", role, s.Resource)
			}
		}
	}
}

// TestWhoMayTouchItems holds that only the authorizer reads API keys, and that
// nobody writes them, scans the table, or removes what is not theirs to remove.
func TestWhoMayTouchItems(t *testing.T) {
	for role, statements := range grants(t) {
		for _, s := range statements {
			touches := slices.ContainsFunc(s.Action, func(a string) bool { return strings.HasPrefix(a, "dynamodb:") })
			if !touches || strings.Contains(string(s.Resource), "/index/") {
				continue
			}
			var partitions oneOrMany
			if err := json.Unmarshal(s.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], &partitions); err != nil {
				t.Errorf("%s may %v on any partition", role, s.Action)
				continue
			}
			keys := slices.ContainsFunc(partitions, func(p string) bool { return !strings.Contains(p, "#") || strings.HasPrefix(p, "KEY#") })
			if want := role == "Authorizer"; keys != want {
				t.Errorf("%s may %v on %v", role, s.Action, partitions)
			}
		}
	}
	for action, want := range map[string][]string{
		"dynamodb:Scan":           nil,
		"dynamodb:DeleteItem":     {"Api"},
		"dynamodb:BatchWriteItem": nil, // has no conditions
	} {
		if diff := cmp.Diff(want, rolesThatMay(t, action)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", action, diff)
		}
	}
}

// TestWhoMayTouchARunsKey: who reads quarantine, who makes the key, and who destroys it; the last may change nothing else.
func TestWhoMayTouchARunsKey(t *testing.T) {
	got := map[string][]string{}
	for role, statements := range grants(t) {
		for _, s := range statements {
			var partitions oneOrMany
			if json.Unmarshal(s.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], &partitions) != nil {
				continue
			}
			for _, action := range s.Action {
				if slices.Contains(partitions, "RUNKEY#*") {
					got[action] = append(got[action], role)
				}
				if role == "Lookup" && action == "dynamodb:UpdateItem" && !slices.Equal(partitions, oneOrMany{"RUNKEY#*"}) {
					t.Errorf("Lookup may change %v", partitions)
				}
			}
		}
	}
	for _, roles := range got {
		slices.Sort(roles)
	}
	want := map[string][]string{
		"dynamodb:GetItem": {"Api", "Commit", "Extract", "Lookup", "Plan"}, "dynamodb:PutItem": {"Plan"}, "dynamodb:UpdateItem": {"Lookup"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOnlyTheLakesWritersDeleteObjects(t *testing.T) {
	if diff := cmp.Diff([]string{"Commit", "Extract", "Maintain", "Plan"}, rolesThatMay(t, "s3:DeleteObject")); diff != "" {
		t.Errorf("s3:DeleteObject (-want +got):\n%s", diff)
	}
}

// rolesThatMay returns the roles that have the action on anything, sorted.
func rolesThatMay(t *testing.T, action string) []string {
	t.Helper()
	var found []string
	for role, statements := range grants(t) {
		if slices.ContainsFunc(statements, func(s statement) bool { return slices.Contains(s.Action, action) }) {
			found = append(found, role)
		}
	}
	slices.Sort(found)
	return found
}

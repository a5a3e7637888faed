package s3_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// with is what S3Grants prints, with one text replaced.
func with(language, text string) map[string]string {
	texts := grants(source.GrantRequest{})
	texts[language] = text
	return texts
}

func withExternalID(trust, id string) string { return strings.ReplaceAll(trust, externalID, id) }

func onlyIn(bucket string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::` + bucket + `", "arn:aws:s3:::` + bucket + `/*"]}]}`
}

func lists(bucket string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::` + bucket + `"}]}`
}

func check(t *testing.T, cfg source.Config) []source.CheckResult {
	t.Helper()
	results, err := open(t, cfg).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// TestTheTrustPolicyOfARemedyCures pastes what a failed check says, and asks again.
func TestTheTrustPolicyOfARemedyCures(t *testing.T) {
	c := newCloud(t)
	put(t, admin(c.s3), prefix+"/t/a.csv", "a\n1\n")
	role := theirs + "headwater-new"
	r := failed(t, check(t, byRole(bucket, role)))
	if r.Name != "s3.authenticate" || !strings.Contains(r.Provider, "not authorized to perform: sts:AssumeRole") {
		t.Fatalf("got %+v", r)
	}
	var trust struct {
		Statement []struct{ Principal struct{ AWS string } }
	}
	if err := json.Unmarshal([]byte(r.Remedy.Snippet), &trust); err != nil || trust.Statement[0].Principal.AWS != ownAccount {
		t.Errorf("the trust policy does not name the deployment's account: %v\n%s", err, r.Remedy.Snippet)
	}
	c.put(t, role, with("trust_policy", r.Remedy.Snippet))
	results := check(t, byRole(bucket, role))
	for _, r := range results {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s: %s", r.Name, r.Outcome, r.Detail)
		}
	}
	if got := result(t, results, "s3.authenticate").Detail; !strings.Contains(got, "assumed-role/headwater-new/headwater-con_01J9ZK") {
		t.Errorf("the session does not name the connection: %s", got)
	}
}

// TestAnOpenTrustPolicyIsRefused: a connection whose role can be had without its external ID does not pass.
func TestAnOpenTrustPolicyIsRefused(t *testing.T) {
	c := newCloud(t)
	put(t, admin(c.s3), prefix+"/t/a.csv", "a\n1\n")
	trust := func(condition string) string {
		return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + ownAccount + `"}, "Action": "sts:AssumeRole"` + condition + `}]}`
	}
	for name, tc := range map[string]struct{ trust, says string }{
		"no condition":     {trust(""), "without an external ID"},
		"any external ID":  {trust(`, "Condition": {"StringLike": {"sts:ExternalId": "*"}}`), "with another external ID"},
		"this external ID": {grants(source.GrantRequest{})["trust_policy"], ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.put(t, readerRole, with("trust_policy", tc.trust))
			results := check(t, byRole(bucket, readerRole))
			r := result(t, results, "s3.external_id")
			if safe := tc.says == ""; source.Passed(results) != safe || !r.Mandatory || safe != (r.Outcome == source.Pass) {
				t.Fatalf("got %+v", results)
			}
			if tc.says == "" {
				return
			}
			if r.Code != string(fault.SourcePermission) || !strings.Contains(r.Detail, tc.says) || !strings.Contains(r.Remedy.Snippet, externalID) || !strings.Contains(r.Remedy.Snippet, "sts:AssumeRole") {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// TestASessionIsPinnedToThePrefix: a role that may read everything reads the prefix alone.
func TestASessionIsPinnedToThePrefix(t *testing.T) {
	c := newCloud(t)
	fill(t, c.s3, map[string]string{"t/a.csv": "a\n1\n"})
	c.put(t, readerRole, with("iam_policy", onlyIn(bucket)))
	if r := result(t, check(t, byRole(bucket, readerRole)), "s3.over_privilege"); r.Outcome != source.Warn || !strings.Contains(r.Detail, "s3:ListBucket beside the prefix") {
		t.Errorf("got %+v", r)
	}
	s := open(t, byRole(bucket, readerRole))
	plan, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := plan.Splits[0]
	elsewhere.Detail = []byte(strings.ReplaceAll(string(elsewhere.Detail), prefix+"/t/a.csv", "other/outside.csv"))
	for split, want := range map[*source.Split]bool{&plan.Splits[0]: true, &elsewhere: false} {
		_, err := readAll(t, s, source.Plan{Table: plan.Table, Splits: []source.Split{*split}})
		if denied := err != nil && strings.Contains(err.Error(), "AccessDenied"); denied == want || want && err != nil {
			t.Errorf("%s: %v", split.Label, err)
		}
	}
}

// TestRightsForSomeTables: with the grants for some tables the rest shows what is missing.
func TestRightsForSomeTables(t *testing.T) {
	c := newCloud(t)
	fill(t, c.s3, map[string]string{"contacts/a.csv": "a\n1\n", "salaries/a.csv": "a\n1\n"})
	c.put(t, readerRole, grants(source.GrantRequest{Tables: []string{"contacts"}}))
	s := open(t, byRole(bucket, readerRole))
	results, err := s.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := result(t, results, "s3.get_object"); !source.Passed(results) || r.Outcome != source.Warn || !strings.Contains(r.Detail, prefix+"/salaries/a.csv") {
		t.Errorf("got %+v", r)
	}
	page, err := s.Discover(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Tables) != 2 || page.Tables[0].Problem != "" || !strings.Contains(page.Tables[1].Problem, "s3:GetObject") {
		t.Errorf("got %+v", page.Tables)
	}
}

// TestTheDeploymentMayNotAssume: what is wrong with the deployment is not blamed on the role.
func TestTheDeploymentMayNotAssume(t *testing.T) {
	c := newCloud(t)
	c.ring.Put(access.Key{ID: ownKey, Secret: secretOf(ownKey)})
	r := failed(t, check(t, byRole(bucket, readerRole)))
	if r.Name != "s3.authenticate" || !strings.Contains(r.Detail, "the deployment itself") || !strings.Contains(r.Remedy.Snippet, "simulate-principal-policy") || strings.Contains(r.Remedy.Snippet, externalID) {
		t.Errorf("a key without rights: %+v", r)
	}
	c.ring.Revoke(ownKey)
	if r := failed(t, check(t, byRole(bucket, readerRole))); r.Name != "s3.authenticate" || r.Code != string(fault.Internal) {
		t.Errorf("an unknown key: %+v", r)
	}
}

// TestAPrefixInAnyScriptConnects: STS takes no character beyond Latin-1 as it is.
func TestAPrefixInAnyScriptConnects(t *testing.T) {
	c := newCloud(t)
	const prefix = "出力/données/📦"
	put(t, admin(c.s3), prefix+"/t/a.csv", "a\n1\n")
	cfg := byRole(bucket, readerRole)
	cfg.Settings["prefix"] = prefix
	texts := map[string]string{}
	for _, g := range catalog.S3Grants(source.GrantRequest{Settings: cfg.Settings, Method: catalog.S3Role, Principal: ownAccount}) {
		texts[g.Language] = g.Text
	}
	c.put(t, readerRole, texts)
	for _, r := range check(t, cfg) {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s: %s", r.Name, r.Outcome, r.Detail)
		}
	}
	s := open(t, cfg)
	plan, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := readAll(t, s, plan); err != nil || rows == "" {
		t.Errorf("got %q, %v", rows, err)
	}
}

package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// TestGoogleTrustLetsOneConnectionIn runs what is printed: the pool takes the
// deployment's role for federation alone, and the account the connection alone.
func TestGoogleTrustLetsOneConnectionIn(t *testing.T) {
	const (
		mapped  = "assertion.arn.extract('assumed-role/headwater-federation/{connection}')"
		members = "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/headwater/attribute.connection/"
	)
	for name, tt := range map[string]struct {
		req     source.GrantRequest
		account string
	}{
		"account":      {source.GrantRequest{Principal: "111122223333", Connection: "con_1"}, "headwater@acme-data.iam.gserviceaccount.com"},
		"role":         {source.GrantRequest{Principal: "arn:aws:iam::111122223333:role/headwater-CheckRole", Connection: "con_1"}, "headwater@acme-data.iam.gserviceaccount.com"},
		"its identity": {source.GrantRequest{Principal: "111122223333", Connection: "con_1", Identity: "reader@acme.iam.gserviceaccount.com"}, "reader@acme.iam.gserviceaccount.com"},
		"a member":     {source.GrantRequest{Principal: "111122223333", Connection: "con_1", Identity: "serviceAccount:reader@acme.iam.gserviceaccount.com"}, "reader@acme.iam.gserviceaccount.com"},
	} {
		t.Run(name, func(t *testing.T) {
			grant := catalog.GoogleTrust(tt.req)
			commands := run(t, strings.Replace(grant.Text, "<project id>", "acme-data", 1))
			last := func(count int, begin ...string) []string {
				i := slices.IndexFunc(commands, func(c command) bool {
					return len(c.Args) > len(begin)+count && slices.Equal(c.Args[:len(begin)], begin)
				})
				if i < 0 {
					t.Fatalf("there is no %v", begin)
				}
				return commands[i].Args[len(commands[i].Args)-count:]
			}
			if diff := cmp.Diff([]string{
				"--account-id=111122223333",
				"--attribute-mapping=google.subject=" + mapped + ",attribute.connection=" + mapped,
				"--attribute-condition=assertion.arn.startsWith('arn:aws:sts::111122223333:assumed-role/headwater-federation/')",
			}, last(3, "iam", "workload-identity-pools", "providers", "create-aws")); diff != "" {
				t.Errorf("provider (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{
				"--role=roles/iam.workloadIdentityUser", "--member=" + members + "con_1",
			}, last(2, "iam", "service-accounts", "add-iam-policy-binding", tt.account)); diff != "" {
				t.Errorf("binding (-want +got):\n%s", diff)
			}
		})
	}
	unknown := catalog.GoogleTrust(source.GrantRequest{})
	if !strings.Contains(unknown.Title, "get-caller-identity") || !strings.Contains(unknown.Text, "CONNECTION=<connection id>") {
		t.Errorf("it does not say what is not known: %s\n%s", unknown.Title, unknown.Text)
	}
}

// TestTheRoleIsTheDeployments: what is printed names the role that is deployed, and
// ids that it may be assumed for.
func TestTheRoleIsTheDeployments(t *testing.T) {
	if catalog.GoogleFederationRole != names.FederationRole {
		t.Errorf("printed %q, deployed %q", catalog.GoogleFederationRole, names.FederationRole)
	}
}

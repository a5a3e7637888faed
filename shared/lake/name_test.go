package lake_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

func TestTableNames(t *testing.T) {
	for workspace, want := range map[string]string{
		"acme":     "ws_acme.user_profile_imp_1",
		"acme-1":   "ws_acme_1.user_profile_imp_1",
		"acme_1":   "ws_acme_1__8aa82657ef23e4ef.user_profile_imp_1",
		"org_2aBc": "ws_org_2abc__",
		"Acme-1":   "ws_acme_1__",
		"acme--1":  "ws_acme__1__",
	} {
		got := lake.TableOf(ingest.Import{WorkspaceID: workspace, ID: "imp_1", Type: ingest.UserProfile}).String()
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", workspace, got, want)
		}
	}
}

// Query engines grant rights by namespace, so that of another workspace is never the same.
func TestNoTwoWorkspacesShareANamespace(t *testing.T) {
	plain := regexp.MustCompile(`^ws_[a-z0-9_]+\.t$`)
	rapid.Check(t, func(t *rapid.T) {
		workspace := rapid.StringMatching(`[aA1][aA_1-]{0,5}`)
		a, b := workspace.Draw(t, "a"), workspace.Draw(t, "b")
		one, other := lake.TableID{Workspace: a, Name: "t"}.String(), lake.TableID{Workspace: b, Name: "t"}.String()
		if (one == other) != (a == b) {
			t.Errorf("%s and %s are both %s", a, b, one)
		}
		if !plain.MatchString(one) {
			t.Errorf("%s needs quotes", one)
		}
	})
}

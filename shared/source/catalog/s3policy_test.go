package catalog_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// spelling is what STS and IAM take in a policy, by their API references.
var spelling = regexp.MustCompile(`^[\x{09}\x{0A}\x{0D}\x{20}-\x{FF}]+$`)

// TestPoliciesOfAnyPrefixCanBeSent: no character of a prefix keeps a policy from being taken, or from meaning that prefix.
func TestPoliciesOfAnyPrefixCanBeSent(t *testing.T) {
	for name, tt := range map[string]struct {
		prefix string
		whole  bool // the session policy has all of it
	}{
		"Latin-1":            {"données/été", true},
		"beyond Latin-1":     {"出力/顧客", true},
		"beyond 16 bits":     {"exports/📦", true},
		"line separators":    {"a\u2028b\u2029c", true},
		"long when escaped":  {strings.Repeat("顧", 340), false},
		"long in two pieces": {strings.Repeat("📦", 250), false},
	} {
		t.Run(name, func(t *testing.T) {
			req := s3Request(func(r *source.GrantRequest) { r.Settings["prefix"] = tt.prefix })
			session := catalog.S3SessionPolicy(req)
			if len(session) > 2048 || !spelling.MatchString(session) {
				t.Errorf("STS does not take these %d bytes: %s", len(session), session)
			}
			objects, ok := strings.CutSuffix(resources(t, session, "s3:GetObject")[0], "*")
			whole := "arn:aws:s3:::acme-exports/" + tt.prefix + "/"
			if !ok || !strings.HasPrefix(whole, objects) || tt.whole != (objects == whole) {
				t.Errorf("the session reads %s", objects)
			}
			for _, g := range catalog.S3Grants(req) {
				if !json.Valid([]byte(g.Text)) || !spelling.MatchString(g.Text) {
					t.Errorf("IAM does not take %s: %s", g.Language, g.Text)
				}
				if g.Language == "iam_policy" && !slices.Contains(resources(t, g.Text, "s3:GetObject"), whole+"*") {
					t.Errorf("the role does not read the prefix: %s", g.Text)
				}
			}
		})
	}
}

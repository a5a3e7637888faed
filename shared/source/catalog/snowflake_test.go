package catalog_test

import (
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// The deployment may assume roles by the prefix of their names only, so a
// connection cannot name another.
func TestRolesThatSnowflakeMayBeShown(t *testing.T) {
	settings := map[string]any{"account": "acme-main", "user": "HEADWATER", "role": "READER", "warehouse": "WH", "databases": "CRM"}
	for arn, takes := range map[string]bool{
		"": false, // the worker's own is that of all workspaces
		"arn:aws:iam::123456789012:role/headwater-snowflake":       true,
		"arn:aws-us-gov:iam::123456789012:role/headwater-a.b@c":    true,
		"arn:aws:iam::123456789012:role/headwater-":                false,
		"arn:aws:iam::123456789012:role/Admin":                     false,
		"arn:aws:iam::123456789012:role/team/headwater-snowflake":  false,
		"arn:aws:iam::123456789012:role/headwater-x/Admin":         false,
		"arn:aws:iam::123456789012:role/not-headwater-snowflake":   false,
		"arn:aws:iam::123456789012:user/headwater-snowflake":       false,
		"arn:aws:iam::123456789012:role/headwater-snowflake\nmore": false,
	} {
		fields := map[string]source.Secret{}
		if arn != "" {
			fields["role_arn"] = source.Secret(arn)
		}
		_, err := catalog.Snowflake().Validate(settings, source.Credential{Method: "workload_identity", Fields: fields})
		if (err == nil) != takes {
			t.Errorf("%q: %v, want it taken: %t", arn, err, takes)
		}
	}
}

package catalog_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

func s3Request(change func(*source.GrantRequest)) source.GrantRequest {
	req := source.GrantRequest{
		Settings: map[string]any{"bucket": "acme-exports", "prefix": "/exports/crm/", "region": "eu-central-1", "external_id": "hw-7QK2M5XH3VJ4N6PB"},
		Method:   catalog.S3Role, Principal: "111122223333", Identity: "arn:aws:iam::444455556666:role/headwater-exports",
	}
	if change != nil {
		change(&req)
	}
	return req
}

// resources are those of the statement with this action, in a policy.
func resources(t *testing.T, policy, action string) []string {
	t.Helper()
	var doc struct {
		Statement []struct{ Action, Resource any }
	}
	if err := json.Unmarshal([]byte(policy), &doc); err != nil {
		t.Fatalf("%v in %s", err, policy)
	}
	texts := func(v any) (out []string) {
		switch v := v.(type) {
		case string:
			return []string{v}
		case []any:
			for _, one := range v {
				out = append(out, one.(string))
			}
		}
		return out
	}
	for _, s := range doc.Statement {
		if slices.Contains(texts(s.Action), action) {
			return texts(s.Resource)
		}
	}
	return nil
}

func TestS3GrantsOfEachMethod(t *testing.T) {
	const key = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd"
	for name, tt := range map[string]struct {
		change func(*source.GrantRequest)
		want   []string
	}{
		"role":               {nil, []string{"trust_policy", "iam_policy", "bucket_policy"}},
		"role and key":       {func(r *source.GrantRequest) { r.Settings["kms_key_arn"] = key }, []string{"trust_policy", "iam_policy", "key_policy", "bucket_policy"}},
		"access key":         {func(r *source.GrantRequest) { r.Method = catalog.S3AccessKey }, []string{"iam_policy", "bucket_policy"}},
		"access key and key": {func(r *source.GrantRequest) { r.Method, r.Settings["kms_key_arn"] = catalog.S3AccessKey, key }, []string{"iam_policy", "key_policy", "bucket_policy"}},
	} {
		var got []string
		for _, g := range catalog.S3Grants(s3Request(tt.change)) {
			got = append(got, g.Language)
			if !json.Valid([]byte(g.Text)) {
				t.Errorf("%s: %s is no JSON", name, g.Language)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestS3GrantsOfTables: reading is narrowed to the tables' directories, by the names that discovery gives.
func TestS3GrantsOfTables(t *testing.T) {
	for name, tt := range map[string]struct {
		prefix string
		tables []string
		want   []string
	}{
		"everything":                   {"exports/crm", nil, []string{"exports/crm/*"}},
		"one table":                    {"exports/crm", []string{"contacts"}, []string{"exports/crm/contacts/*"}},
		"two tables":                   {"exports/crm", []string{"a/b", "c"}, []string{"exports/crm/a/b/*", "exports/crm/c/*"}},
		"files below the prefix":       {"exports/crm", []string{"crm"}, []string{"exports/crm/*"}},
		"a directory of the same name": {"exports/crm", []string{"./crm"}, []string{"exports/crm/crm/*"}},
		"the whole bucket":             {"", []string{"root"}, []string{"*"}},
		"wildcards in names":           {"", []string{"a*b?c$d"}, []string{"a${*}b${?}c${$}d/*"}},
	} {
		t.Run(name, func(t *testing.T) {
			req := s3Request(func(r *source.GrantRequest) { r.Settings["prefix"], r.Tables = tt.prefix, tt.tables })
			want := make([]string, len(tt.want))
			for i, w := range tt.want {
				want[i] = "arn:aws:s3:::acme-exports/" + w
			}
			for _, g := range catalog.S3Grants(req) {
				if g.Language == "trust_policy" {
					continue
				}
				if diff := cmp.Diff(want, resources(t, g.Text, "s3:GetObject")); diff != "" {
					t.Errorf("%s (-want +got):\n%s", g.Language, diff)
				}
			}
		})
	}
}

func TestS3GrantsSayWhatIsNotKnown(t *testing.T) {
	for _, g := range catalog.S3Grants(s3Request(func(r *source.GrantRequest) { r.Principal, r.Identity = "", "" })) {
		unknown := strings.Contains(g.Text, "<")
		explained := strings.Contains(g.Title, "aws sts get-caller-identity") || strings.Contains(g.Title, "write the role's ARN")
		if unknown != explained {
			t.Errorf("%s: %s\n%s", g.Language, g.Title, g.Text)
		}
	}
	for _, g := range catalog.S3Grants(s3Request(nil)) {
		if strings.Contains(g.Text, "<") {
			t.Errorf("%s has something to fill in:\n%s", g.Language, g.Text)
		}
	}
}

// TestS3SessionPolicy: every session is pinned, and STS takes the policy however long the prefix is.
func TestS3SessionPolicy(t *testing.T) {
	for name, tt := range map[string]struct {
		settings map[string]any
		objects  string
		key      string
	}{
		"a prefix":           {map[string]any{}, "exports/crm/*", "*"},
		"a key":              {map[string]any{"kms_key_arn": "arn:aws:kms:eu-central-1:444455556666:key/1"}, "exports/crm/*", "arn:aws:kms:eu-central-1:444455556666:key/1"},
		"the whole bucket":   {map[string]any{"prefix": ""}, "*", "*"},
		"a very long prefix": {map[string]any{"prefix": strings.Repeat("ö", 450)}, "", "*"},
	} {
		t.Run(name, func(t *testing.T) {
			policy := catalog.S3SessionPolicy(s3Request(func(r *source.GrantRequest) {
				maps.Copy(r.Settings, tt.settings)
			}))
			if len(policy) > 2048 {
				t.Errorf("%d characters", len(policy))
			}
			if got := resources(t, policy, "kms:Decrypt"); !slices.Equal(got, []string{tt.key}) || !strings.Contains(policy, `"kms:ViaService":"s3.eu-central-1.amazonaws.com"`) {
				t.Errorf("decrypts %v in %s", got, policy)
			}
			got := resources(t, policy, "s3:GetObject")
			if tt.objects == "" {
				if !strings.HasPrefix(got[0], "arn:aws:s3:::acme-exports/"+strings.Repeat("ö", 100)) || strings.ContainsRune(got[0], '\uFFFD') {
					t.Errorf("a long prefix is not pinned by its beginning: %s", got[0])
				}
				return
			}
			if want := "arn:aws:s3:::acme-exports/" + tt.objects; !slices.Equal(got, []string{want}) {
				t.Errorf("reads %v, want %s", got, want)
			}
		})
	}
}

func TestS3PartitionsOfAWS(t *testing.T) {
	for region, want := range map[string]string{"eu-central-1": "arn:aws:s3:::", "cn-north-1": "arn:aws-cn:s3:::", "us-gov-west-1": "arn:aws-us-gov:s3:::"} {
		policy := catalog.S3SessionPolicy(s3Request(func(r *source.GrantRequest) { r.Settings["region"] = region }))
		if !strings.Contains(policy, want) || strings.Contains(policy, ".amazonaws.com.cn") != (region == "cn-north-1") {
			t.Errorf("%s: %s", region, policy)
		}
	}
}

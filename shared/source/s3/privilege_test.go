package s3_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
)

// TestOverPrivilege shows what the check sees: the root user, and rights to read
// what a connection need not read.
func TestOverPrivilege(t *testing.T) {
	for name, tt := range map[string]struct {
		arn     string
		allowed map[string]bool // by sub-resource; "" is ListBuckets, "list" a listing without a prefix
		excess  []string
	}{
		"only list and read":  {"arn:aws:iam::1:user/reader", nil, nil},
		"beside the prefix":   {"arn:aws:iam::1:user/x", map[string]bool{"list": true}, []string{"s3:ListBucket beside the prefix"}},
		"all buckets":         {"arn:aws:iam::1:user/x", map[string]bool{"": true}, []string{"s3:ListAllMyBuckets"}},
		"the configuration":   {"arn:aws:iam::1:user/x", map[string]bool{"acl": true, "policy": true}, []string{"s3:GetBucketAcl", "s3:GetBucketPolicy"}},
		"the account's owner": {"arn:aws:iam::1:root", map[string]bool{"": true, "acl": true, "policy": true}, []string{"root user", "s3:ListAllMyBuckets"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				query := r.URL.Query()
				switch {
				case r.Method == http.MethodPost:
					fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>%s</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`, tt.arn)
				case query.Has("list-type") && (query.Get("prefix") != "" || tt.allowed["list"]):
					fmt.Fprint(w, `<ListBucketResult></ListBucketResult>`)
				case r.Method == http.MethodHead:
				case query.Has("acl") && tt.allowed["acl"]:
					fmt.Fprint(w, `<AccessControlPolicy></AccessControlPolicy>`)
				case query.Has("policy") && tt.allowed["policy"]:
					w.WriteHeader(http.StatusNotFound)
					fmt.Fprint(w, `<Error><Code>NoSuchBucketPolicy</Code></Error>`)
				case query.Has("versions"):
					fmt.Fprint(w, `<ListVersionsResult></ListVersionsResult>`)
				case r.URL.Path == "/" && tt.allowed[""]:
					fmt.Fprint(w, `<ListAllMyBucketsResult></ListAllMyBucketsResult>`)
				default:
					w.WriteHeader(http.StatusForbidden)
					fmt.Fprint(w, `<Error><Code>AccessDenied</Code></Error>`)
				}
			}))
			t.Cleanup(server.Close)
			t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
			t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
			results, err := open(t, config(bucket, readerKey)).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := results[len(results)-1]
			if got.Name != "s3.over_privilege" || got.Mandatory || !source.Passed(results) {
				t.Fatalf("got %+v", results)
			}
			if tt.excess == nil {
				if got.Outcome != source.Pass {
					t.Errorf("got %+v, want a pass", got)
				}
				return
			}
			if got.Outcome != source.Warn || got.Remedy == nil || !strings.Contains(got.Remedy.Snippet, bucket) {
				t.Errorf("got %+v, want a warning with the policy that suffices", got)
			}
			for _, right := range tt.excess {
				if !strings.Contains(got.Detail, right) {
					t.Errorf("%q does not name %s", got.Detail, right)
				}
			}
		})
	}
}

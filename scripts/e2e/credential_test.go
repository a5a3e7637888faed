package e2e_test

import (
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/local/access"
)

// TestABadConnectionFailsExactlyOneCheck connects what cannot work. Whoever made the mistake reads which check failed, what the
// provider said, and what to do.
func TestABadConnectionFailsExactlyOneCheck(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 3).csv())
	allow := func(actions ...string) demo.Access {
		return here.key(access.Grant{Actions: actions, Bucket: demo.SourceBucket})
	}
	good := w.newConnection(here.Customer)
	for name, tt := range map[string]struct {
		request  object
		check    string
		code     string
		provider string // a part of it
		snippet  string // a part of it
	}{
		"wrong secret": {
			change(good, "credentials.secret_access_key", here.secret()), "s3.authenticate", "source.authentication_failed", "SignatureDoesNotMatch", "",
		},
		"unknown key": {
			change(good, "credentials.access_key_id", "AKIAUNKNOWN"), "s3.authenticate", "source.authentication_failed", "InvalidClientTokenId", "",
		},
		"bucket that is not there": {
			change(good, "settings.bucket", "no-such-shop"), "s3.reach", "source.not_found", "NotFound", "",
		},
		"key that may not list": {
			w.newConnection(allow("s3:GetObject", "s3:GetBucketLocation")), "s3.list_objects", "source.permission_denied", "AccessDenied", `"s3:ListBucket"`,
		},
		"key that may not read": {
			w.newConnection(allow("s3:ListBucket", "s3:GetBucketLocation")), "s3.get_object", "source.permission_denied", "AccessDenied", `"s3:GetObject"`,
		},
		"key that may read another directory": {
			w.newConnection(here.key(access.Grant{Actions: []string{"s3:ListBucket", "s3:GetObject"}, Bucket: demo.SourceBucket, Prefix: "other/"})),
			"s3.list_objects", "source.permission_denied", "AccessDenied", `"arn:aws:s3:::` + demo.SourceBucket + "/" + w.id + `/*"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.connect(t, change(tt.request, "name", name))
			if c.Status != "inactive" || !strings.Contains(c.StatusChange.Reason, tt.check) {
				t.Errorf("the connection is %s: %s", c.Status, c.StatusChange.Reason)
			}
			var failed []check
			for _, k := range c.LastValidation.Checks {
				if k.Outcome == "fail" {
					failed = append(failed, k)
				}
			}
			if len(failed) != 1 || failed[0].Name != tt.check {
				t.Fatalf("failing checks: %+v, want %s", failed, tt.check)
			}
			k := failed[0]
			if k.Code != tt.code || !strings.Contains(k.Provider, tt.provider) {
				t.Errorf("got %s, %q", k.Code, k.Provider)
			}
			if k.Remedy == nil || k.Remedy.Text == "" || !strings.Contains(k.Remedy.Snippet, tt.snippet) {
				t.Errorf("the remedy does not help: %+v", k.Remedy)
			}
			w.send(t, "GET", "/v1/connections/"+c.ID+"/schema", nil).refused(t, 404, "schema.not_found")
			w.send(t, "POST", "/v1/imports", newImport(c, "people", "append")).refused(t, 404, "schema.not_found").at(t, "connection_id", "schema.not_found")
		})
	}
}

// TestMoreRightsThanNeededAreAWarning: the connection works, and the report says what to take away.
func TestMoreRightsThanNeededAreAWarning(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 3).csv())
	c := w.connect(t, w.newConnection(here.key(access.Everything("*"))))
	if c.Status != "active" {
		t.Fatalf("the connection is %s", c.Status)
	}
	for _, k := range c.LastValidation.Checks {
		if want := map[bool]string{true: "warn", false: "pass"}[k.Name == "s3.over_privilege"]; k.Outcome != want {
			t.Errorf("%s: %s, want %s", k.Name, k.Outcome, want)
		}
	}
}

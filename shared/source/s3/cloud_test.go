package s3_test

import (
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/objectstore"
	"github.com/headwaterhq/headwater/scripts/local/sts"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/s3"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
)

const (
	ownAccount = "111122223333"
	theirs     = "arn:aws:iam::444455556666:role/"
	readerRole = theirs + "headwater-reader"
	externalID = "hw-7QK2M5XH3VJ4N6PBRT2CWDYEA8"
)

// byRole is a configuration that assumes a role.
func byRole(bucket, role string) source.Config {
	return source.Config{
		Settings:   map[string]any{"bucket": bucket, "prefix": prefix, "region": region, "external_id": externalID},
		Credential: source.Credential{Method: "role", Fields: map[string]source.Secret{"role_arn": source.Secret(role)}},
		Connection: "con_01J9ZK",
	}
}

// cloud is the laptop stack's S3 and STS, which enforce roles, trust, external
// IDs and session policies. The roles have the policies that the grants print.
type cloud struct {
	ring     *access.Ring
	roles    *sts.Roles
	s3, sts  string
	recorder *sourcetest.Recorder
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{roles: sts.NewRoles(), ring: access.NewRing(
		access.Key{ID: adminKey, Secret: secretOf(adminKey), Grants: []access.Grant{access.Everything("*")}},
		access.Key{ID: ownKey, Secret: secretOf(ownKey), Grants: []access.Grant{{Actions: []string{"sts:AssumeRole"}, Resources: []string{"arn:*:iam::*:role/headwater-*"}}}},
	)}
	objects, err := objectstore.Open(objectstore.Config{Dir: t.TempDir(), Region: region, Ring: c.ring, Buckets: []string{bucket}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(objects)
	t.Cleanup(server.Close)
	c.s3, c.recorder = server.URL, sourcetest.Record(t, server.URL)
	server = httptest.NewServer(sts.Handler(c.ring, ownAccount, c.roles))
	t.Cleanup(server.Close)
	c.sts = server.URL
	pointAt(t, c.recorder.URL, c.sts)
	c.put(t, readerRole, grants(source.GrantRequest{}))
	return c
}

// grants are the texts that S3Grants prints for the role connection, by language.
func grants(req source.GrantRequest) map[string]string {
	req.Settings, req.Method = byRole(bucket, readerRole).Settings, catalog.S3Role
	if req.Principal == "" {
		req.Principal = ownAccount
	}
	texts := map[string]string{}
	for _, g := range catalog.S3Grants(req) {
		texts[g.Language] = g.Text
	}
	return texts
}

func (c *cloud) put(t *testing.T, role string, texts map[string]string) {
	t.Helper()
	if err := c.roles.Put(sts.Role{ARN: role, Trust: texts["trust_policy"], Policy: texts["iam_policy"]}); err != nil {
		t.Fatal(err)
	}
}

func TestConformanceByRole(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("suite", func(t *testing.T) {
		c := newCloud(t)
		objects, tables := content(t)
		fill(t, c.s3, objects)
		untrusting, mistaken := grants(source.GrantRequest{Principal: "999988887777"}), grants(source.GrantRequest{})
		c.put(t, theirs+"headwater-untrusting", untrusting)
		mistaken["trust_policy"] = withExternalID(mistaken["trust_policy"], "somebody-elses-id")
		c.put(t, theirs+"headwater-mistaken", mistaken)
		c.put(t, theirs+"headwater-blind", with("iam_policy", onlyIn("another-bucket")))
		c.put(t, theirs+"headwater-lister", with("iam_policy", lists(bucket)))
		sourcetest.Run(t, sourcetest.Harness{
			Driver: s3.New(),
			Config: byRole(bucket, readerRole),
			Broken: []sourcetest.Broken{
				{Name: "no such role", Config: byRole(bucket, theirs+"headwater-missing"), Check: "s3.authenticate", Code: fault.SourceAuthentication},
				{Name: "trusts another account", Config: byRole(bucket, theirs+"headwater-untrusting"), Check: "s3.authenticate", Code: fault.SourceAuthentication},
				{Name: "wants another external ID", Config: byRole(bucket, theirs+"headwater-mistaken"), Check: "s3.authenticate", Code: fault.SourceAuthentication},
				{Name: "another region", Config: inRegion(byRole(bucket, readerRole), "eu-central-1"), Check: "s3.region", Code: fault.SourceWrongRegion},
				{Name: "missing bucket", Config: byRole("no-such-bucket", readerRole), Check: "s3.reach", Code: fault.SourceNotFound},
				{Name: "may not list", Config: byRole(bucket, theirs+"headwater-blind"), Check: "s3.list_objects", Code: fault.SourcePermission},
				{Name: "may not read", Config: byRole(bucket, theirs+"headwater-lister"), Check: "s3.get_object", Code: fault.SourcePermission},
			},
			Tables:      tables,
			Types:       schema.Types(),
			TargetBytes: oneSplit,
			Counts:      sourcetest.Counts{Rows: true},
			Mutations:   c.recorder.Mutations,
			Interrupt:   c.recorder.Break,
			Expire:      func(*testing.T) { c.ring.Expire() },
			Change:      oneMoreRow(admin(c.s3), objects),
		})
	})
}

package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
)

// GCSGrants is what lets a connection list and read, and no more: where AWS
// roles come in, what lets them, and last what is good to have and not needed.
func GCSGrants(req source.GrantRequest) []source.Grant {
	var grants []source.Grant
	if req.Method == GoogleFederation {
		grants = append(grants, GoogleTrust(req))
	}
	return append(append(grants, GCSReading(req)...), GCSDescribing(req))
}

// GCSReading is what a connection cannot do without.
func GCSReading(req source.GrantRequest) []source.Grant {
	grants := []source.Grant{{Title: "Let the account list and read", Language: "gcloud", Text: gcsBindings(req)}}
	if project := req.Text("billing_project"); project != "" {
		grants = append(grants, source.Grant{
			Title: "Let the account have its requests billed to the project", Language: "gcloud",
			Text: googleBinding("projects", project, req, "roles/serviceusage.serviceUsageConsumer"),
		})
	}
	return grants
}

// GCSDescribing lets checks show more.
func GCSDescribing(req source.GrantRequest) source.Grant {
	return source.Grant{
		Title: "Optional: let the account see the bucket's settings, so that checks show its location and who pays", Language: "gcloud",
		Text: googleBinding("storage buckets", "gs://"+req.Text("bucket"), req, "roles/storage.bucketViewer"),
	}
}

// tablesPerBinding keeps a condition below the 12 logical operators that IAM takes in one.
const tablesPerBinding = 10

// gcsBindings binds the role to the prefix, or to the directories of the chosen
// tables, in as many bindings as IAM's limit makes necessary.
func gcsBindings(req source.GrantRequest) string {
	const role = "roles/storage.objectViewer"
	bucket := req.Text("bucket")
	tables := req.Tables
	if len(tables) == 0 {
		tables = []string{""} // all of the prefix
	}
	if directory(req.Text("prefix"), tables[0]) == "" {
		return googleBinding("storage buckets", "gs://"+bucket, req, role)
	}
	var b strings.Builder
	b.WriteString(googleMember(req) + "\n# A condition needs uniform bucket-level access on the bucket.\n")
	number := 0
	for some := range slices.Chunk(tables, tablesPerBinding) {
		number++
		fmt.Fprintf(&b, `cat > headwater-condition.yaml <<'END'
title: headwater-%d
description: Headwater lists the prefix and reads these directories
expression: >-
  %s
END
gcloud storage buckets add-iam-policy-binding gs://%s \
  --member="$MEMBER" --role=%s \
  --condition-from-file=headwater-condition.yaml
`, number, gcsCondition(req, some), bucket, role)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// gcsCondition holds for reading below the directories of the tables, and for
// listing below the prefix: discovery looks at all of it, and a listing shows
// names and sizes. Sources: "Overview of IAM Conditions" of Cloud Storage, and
// the attributes that IAM has for it.
func gcsCondition(req source.GrantRequest, tables []string) string {
	var holds []string
	for _, table := range tables {
		object := "projects/_/buckets/" + req.Text("bucket") + "/objects/" + directory(req.Text("prefix"), table)
		holds = append(holds, "resource.name.startsWith("+celText(object)+")")
	}
	list := "resource.type == 'storage.googleapis.com/Bucket'"
	if prefix := directory(req.Text("prefix"), ""); prefix != "" {
		list = "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith(" + celText(prefix) + ")"
	}
	return strings.Join(append(holds, list), " ||\n  ")
}

// celText is a literal of the Common Expression Language, whose escapes JSON's are among.
func celText(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic("catalog: strings always marshal: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

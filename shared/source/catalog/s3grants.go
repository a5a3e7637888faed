package catalog

import (
	"cmp"

	"github.com/headwaterhq/headwater/shared/source"
)

// What stands in a policy for an ARN that is not known here; the title of the
// grant says what to put in its place.
const (
	unknownPrincipal = "<account ID of the Headwater deployment>"
	unknownIdentity  = "<ARN of the role or user>"
)

// S3Grants is what lets a connection list and read, and no more: for a role
// the policy that trusts the deployment, the permissions, and what the owners
// of the key and of the bucket have to add where those are in other accounts.
func S3Grants(req source.GrantRequest) []source.Grant {
	var grants []source.Grant
	holder := "user"
	if req.Method != S3AccessKey {
		holder = "role"
		grants = append(grants, s3Trust(req))
	}
	grants = append(grants, source.Grant{Title: "Let the " + holder + " list and read", Language: "iam_policy", Text: s3Policy(req)})
	where := ""
	if req.Identity == "" {
		where = "; write the " + holder + "'s ARN where its place is"
	}
	if req.Text("kms_key_arn") != "" {
		grants = append(grants, source.Grant{
			Title:    "Only if the key's policy does not leave it to IAM, or the key is in another account: add this statement to the key's policy" + where,
			Language: "key_policy", Text: s3KeyPolicy(req),
		})
	}
	return append(grants, source.Grant{
		Title:    "Only if the bucket is in another account than the " + holder + ": add these statements to the bucket's policy" + where,
		Language: "bucket_policy", Text: s3BucketPolicy(req),
	})
}

// s3Trust lets the deployment assume the role, for this connection alone.
func s3Trust(req source.GrantRequest) source.Grant {
	title := "Let Headwater assume the role, with the external ID of this connection"
	if req.Principal == "" {
		title += "; `aws sts get-caller-identity --query Account`, run where Headwater is deployed, prints the account ID"
	}
	type trust struct {
		Sid       string
		Effect    string
		Principal map[string]string
		Action    string
		Condition map[string]map[string]string
	}
	text := policyDocument([]trust{{
		Sid: "HeadwaterAssume", Effect: "Allow",
		Principal: map[string]string{"AWS": cmp.Or(req.Principal, unknownPrincipal)},
		Action:    "sts:AssumeRole",
		Condition: map[string]map[string]string{"StringEquals": {"sts:ExternalId": req.Text("external_id")}},
	}})
	return source.Grant{Title: title, Language: "trust_policy", Text: text}
}

// s3KeyPolicy is what a key's own policy adds. In it "*" is the key itself.
func s3KeyPolicy(req source.GrantRequest) string {
	return policyDocument([]policyStatement{{
		Sid: "HeadwaterDecrypt", Effect: "Allow", Principal: s3Identity(req),
		Action: "kms:Decrypt", Resource: "*", Condition: viaS3(req),
	}})
}

// s3BucketPolicy gives in the bucket's policy what the permissions give in the other account.
func s3BucketPolicy(req source.GrantRequest) string {
	statements := s3Statements(req, s3Directories(req), false)[:2] // a bucket's policy says nothing of keys
	for i := range statements {
		statements[i].Principal = s3Identity(req)
	}
	return policyDocument(statements)
}

func s3Identity(req source.GrantRequest) map[string]string {
	return map[string]string{"AWS": cmp.Or(req.Identity, unknownIdentity)}
}

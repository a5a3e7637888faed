package catalog

import (
	"cmp"
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
)

// GoogleFederationRole is the role of the deployment that Google is shown. Its
// session is named after the connection, which is all that tells one connection
// of the deployment from another.
const GoogleFederationRole = "headwater-federation"

// GoogleTrust sets up the workload identity pool that lets connections of the
// deployment in, and the service account that this one connection becomes.
func GoogleTrust(req source.GrantRequest) source.Grant {
	title := "Trust: let this connection, and no other, become a service account"
	if req.Principal == "" {
		title += "; `aws sts get-caller-identity --query Account`, run where Headwater is deployed, prints the account ID"
	}
	text := strings.NewReplacer(
		"{account}", cmp.Or(awsAccount(req.Principal), "<AWS account ID>"),
		"{id}", cmp.Or(req.Connection, "<connection id>"),
		"{email}", cmp.Or(strings.TrimPrefix(req.Identity, "serviceAccount:"), "headwater@$PROJECT.iam.gserviceaccount.com"),
		"{role}", GoogleFederationRole,
	).Replace(`# The project that is to trust Headwater, the AWS account that Headwater is deployed in, and the connection.
PROJECT=<project id>
AWS_ACCOUNT={account}
CONNECTION={id}
ACCOUNT="{email}"

PROJECT_NUMBER=$(gcloud projects describe "$PROJECT" --format='value(projectNumber)')
gcloud services enable --project="$PROJECT" \
  sts.googleapis.com iamcredentials.googleapis.com iam.googleapis.com cloudresourcemanager.googleapis.com
# The pool and its provider serve all connections; if one of them, or the account, exists already, that is no matter.
gcloud iam workload-identity-pools create headwater --project="$PROJECT" --location=global
# Only Headwater's role for this gets in, and its session says for which connection.
gcloud iam workload-identity-pools providers create-aws headwater-aws --project="$PROJECT" --location=global \
  --workload-identity-pool=headwater --account-id="$AWS_ACCOUNT" \
  --attribute-mapping="google.subject=assertion.arn.extract('assumed-role/{role}/{connection}'),attribute.connection=assertion.arn.extract('assumed-role/{role}/{connection}')" \
  --attribute-condition="assertion.arn.startsWith('arn:aws:sts::$AWS_ACCOUNT:assumed-role/{role}/')"
gcloud iam service-accounts create "${ACCOUNT%%@*}" --project="$PROJECT"
# A binding for the whole pool (…/headwater/*) would let every connection of the deployment in, whoever made it.
gcloud iam service-accounts add-iam-policy-binding "$ACCOUNT" --project="$PROJECT" \
  --role=roles/iam.workloadIdentityUser \
  --member="principalSet://iam.googleapis.com/projects/$PROJECT_NUMBER/locations/global/workloadIdentityPools/headwater/attribute.connection/$CONNECTION"
echo "project_number=$PROJECT_NUMBER pool_id=headwater provider_id=headwater-aws service_account_email=$ACCOUNT"`)
	return source.Grant{Title: title, Language: "gcloud", Text: text}
}

// awsAccount is the account ID of a principal that is one, or an ARN.
func awsAccount(principal string) string {
	if parts := strings.Split(principal, ":"); len(parts) > 4 {
		return parts[4]
	}
	return principal
}

// googleMember sets MEMBER to whom roles are granted.
func googleMember(req source.GrantRequest) string {
	kind, unknown := "serviceAccount:", "<service account's email>"
	if req.Method == GoogleOAuth {
		kind, unknown = "user:", "<email of the user who consented>"
	}
	return "MEMBER=" + quoteShell(kind+cmp.Or(strings.TrimPrefix(req.Identity, kind), unknown))
}

// googleBinding grants a role on a resource as a whole.
func googleBinding(kind, resource string, req source.GrantRequest, role string) string {
	return googleMember(req) + "\ngcloud " + kind + " add-iam-policy-binding " + resource + " \\\n  --member=\"$MEMBER\" --role=" + role + " --condition=None"
}

// quoteShell makes one word of text for any POSIX shell.
func quoteShell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

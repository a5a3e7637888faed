package catalog

import (
	"cmp"
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
)

// GoogleTrust sets up the workload identity pool that lets the deployment's AWS
// roles in, and the service account that they become.
func GoogleTrust(req source.GrantRequest) source.Grant {
	title := "Once: let Headwater's AWS roles become a service account"
	if req.Principal == "" {
		title += "; `aws sts get-caller-identity --query Account`, run where Headwater is deployed, prints the account ID"
	}
	text := strings.NewReplacer("{account}", cmp.Or(awsAccount(req.Principal), "<AWS account ID>")).Replace(`# The project that is to trust Headwater, and the AWS account that Headwater is deployed in.
PROJECT=<project id>
AWS_ACCOUNT={account}

PROJECT_NUMBER=$(gcloud projects describe "$PROJECT" --format='value(projectNumber)')
gcloud services enable --project="$PROJECT" \
  sts.googleapis.com iamcredentials.googleapis.com iam.googleapis.com cloudresourcemanager.googleapis.com
gcloud iam workload-identity-pools create headwater --project="$PROJECT" --location=global
# Only roles of the stack named headwater get in; write its name here if it has another.
gcloud iam workload-identity-pools providers create-aws headwater-aws --project="$PROJECT" --location=global \
  --workload-identity-pool=headwater --account-id="$AWS_ACCOUNT" \
  --attribute-mapping="google.subject=assertion.arn.extract('assumed-role/{role}/')" \
  --attribute-condition="assertion.arn.startsWith('arn:aws:sts::$AWS_ACCOUNT:assumed-role/headwater-')"
gcloud iam service-accounts create headwater --project="$PROJECT"
gcloud iam service-accounts add-iam-policy-binding "headwater@$PROJECT.iam.gserviceaccount.com" --project="$PROJECT" \
  --role=roles/iam.workloadIdentityUser \
  --member="principalSet://iam.googleapis.com/projects/$PROJECT_NUMBER/locations/global/workloadIdentityPools/headwater/*"
echo "project_number=$PROJECT_NUMBER pool_id=headwater provider_id=headwater-aws service_account_email=headwater@$PROJECT.iam.gserviceaccount.com"`)
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

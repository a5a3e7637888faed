package gcs

import (
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// remedy says what to do about a failed check.
func (s *session) remedy(err error) source.Remedy {
	known, _ := fault.As(err)
	says := func(words string) bool { return known != nil && strings.Contains(known.Message, words) }
	switch fault.CodeOf(err) {
	case fault.SourceAuthentication, fault.SourceExpired:
		return s.access.CredentialRemedy(s.config.grant)
	case fault.SourcePermission:
		switch {
		case says("iam.serviceAccounts.getAccessToken"):
			return s.trust("Let the pool's identities become the service account, and see that it exists.")
		case says(keyProblem):
			return source.Remedy{
				Text:    "Enable the key, and let Cloud Storage's own service account of the bucket's project decrypt with it; Headwater's account needs no right on the key.",
				Snippet: "gcloud storage service-agent --project=<project of the bucket> --authorize-cmek=<resource name of the key>",
			}
		case known != nil && known.Field == billingField:
			return s.grant("Let the account have its requests billed to the project.")
		case says("scopes are too narrow"):
			return s.access.CredentialRemedy(s.config.grant)
		case says("is not enabled in the project"):
			return source.Remedy{Text: "Enable the API that the provider's error names, in the project that it names.", Snippet: "gcloud services enable storage.googleapis.com iamcredentials.googleapis.com sts.googleapis.com"}
		}
		return s.grant("Grant the role to the account. If it has it, look for a deny policy, and for a typo in the bucket's name: Google does not tell everybody whether a bucket exists.")
	case fault.SourceNotFound:
		return source.Remedy{Text: "Correct the bucket: Google knows none with this name.", Snippet: s.config.describing()}
	case fault.SourceInvalidConfig:
		return s.grant("Correct the setting that the message names. Where the requester pays, set the billing project.")
	case fault.SourceNetwork:
		if says(google.FilterRefuses) {
			return s.filterRemedy()
		}
		return google.NetworkRemedy(err, s.config.grant, "storage.googleapis.com")
	}
	class, _ := fault.Lookup(fault.CodeOf(err))
	return source.Remedy{Text: class.Remedy, Snippet: s.config.describing()}
}

// describing shows what Google knows of the bucket.
func (c config) describing() string { return "gcloud storage buckets describe gs://" + c.bucket }

// filterRemedy adds an address to the bucket's IP filter, which knows nothing of accounts.
func (s *session) filterRemedy() source.Remedy {
	return source.Remedy{
		Text: "Give the deployment a fixed address, which it does not have by default, and let that through the bucket's IP filter.",
		Snippet: s.config.describing() + ` --raw --format=json \
  | jq '.ipFilter | .publicNetworkSource.allowedIpCidrRanges += ["<the address>/32"]' > headwater-ip-filter.json
gcloud storage buckets update gs://` + s.config.bucket + " --ip-filter-file=headwater-ip-filter.json",
	}
}

// describeRemedy is of a check that nothing depends on.
func (s *session) describeRemedy(err error) source.Remedy {
	if fault.CodeOf(err) != fault.SourcePermission {
		return s.remedy(err)
	}
	return source.Remedy{
		Text:    "Imports do not need this. To have checks show the bucket's location and who pays, grant it.",
		Snippet: catalog.GCSDescribing(s.config.grant).Text,
	}
}

// grant shows the statements that the connection needs.
func (s *session) grant(text string) source.Remedy {
	var needed []string
	for _, g := range catalog.GCSReading(s.config.grant) {
		needed = append(needed, g.Text)
	}
	return source.Remedy{Text: text, Snippet: strings.Join(needed, "\n\n")}
}

// trust shows how the pool is set up.
func (s *session) trust(text string) source.Remedy {
	return source.Remedy{Text: text, Snippet: catalog.GoogleTrust(s.config.grant).Text}
}

package bigquery

import (
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// remedy says what to do about a failed check.
func (c *checker) remedy(err error) source.Remedy {
	config := c.session.config
	known, _ := fault.As(err)
	says := func(words string) bool { return known != nil && strings.Contains(known.Message, words) }
	switch fault.CodeOf(err) {
	case fault.SourceAuthentication, fault.SourceExpired:
		return c.session.access.CredentialRemedy(c.request())
	case fault.SourcePermission:
		switch {
		case says("is not enabled in the project"):
			return source.Remedy{
				Text: "Enable the API that the provider's error names, in the project that it names.",
				Snippet: "gcloud services enable --project=" + config.billing +
					" \\\n  bigquery.googleapis.com bigquerystorage.googleapis.com cloudresourcemanager.googleapis.com sts.googleapis.com iamcredentials.googleapis.com",
			}
		case says("scopes are too narrow"):
			return c.session.access.CredentialRemedy(c.request())
		}
		return source.Remedy{Text: "Give the credential what it lacks. It needs these roles and no others.", Snippet: c.grants()}
	case fault.SourceNotFound:
		return source.Remedy{Text: "Correct the project and the datasets: there is none with this name, or it was deleted.", Snippet: "bq ls --project_id=" + config.project}
	case fault.SourceWrongRegion:
		return source.Remedy{Text: "Set the location to the datasets' own, or leave it empty.", Snippet: "bq show --format=prettyjson " + config.project + ":DATASET | grep location"}
	case fault.SourceNetwork:
		return google.NetworkRemedy(err, c.request(), "bigquery.googleapis.com", "bigquerystorage.googleapis.com")
	case fault.SourceQuota:
		return source.Remedy{Text: "Raise the quota, or wait until it is reset.", Snippet: "gcloud beta quotas info list --service=bigquery.googleapis.com --project=" + config.billing}
	}
	class, _ := fault.Lookup(fault.CodeOf(err))
	return source.Remedy{Text: class.Remedy, Snippet: "bq ls --project_id=" + config.project}
}

// request asks for what the credential needs, by the name that it gives itself.
func (c *checker) request() source.GrantRequest {
	req := c.session.config.grants
	req.Identity = c.session.access.Principal()
	return req
}

// grants are the statements that give the credential what it needs.
func (c *checker) grants() string {
	grants := catalog.BigQueryGrants(c.request())
	texts := make([]string, len(grants))
	for i, g := range grants {
		texts[i] = "# " + g.Title + "\n" + g.Text
	}
	return strings.Join(texts, "\n")
}

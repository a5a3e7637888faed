package bigquery

import (
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// remedy says what to do about a failed check.
func (c *checker) remedy(err error) source.Remedy {
	config := c.session.config
	switch fault.CodeOf(err) {
	case fault.SourceAuthentication:
		return source.Remedy{Text: "Check that the account exists and is enabled, and that its key was not deleted; if in doubt, make a new key for the same account, or use workload identity federation, which has none."}
	case fault.SourceExpired:
		return source.Remedy{Text: "Let the user consent again, or use a service account, which does not expire."}
	case fault.SourcePermission:
		return source.Remedy{Text: "Give the credential what it lacks. It needs these roles and no others.", Snippet: c.grants()}
	case fault.SourceNotFound:
		return source.Remedy{Text: "Correct the project and the datasets: there is none with this name, or it was deleted.", Snippet: "bq ls --project_id=" + config.project}
	case fault.SourceWrongRegion:
		return source.Remedy{Text: "Set the location to the datasets' own, or leave it empty.", Snippet: "bq show --format=prettyjson " + config.project + ":DATASET | grep location"}
	case fault.SourceNetwork:
		return source.Remedy{Text: "Let the deployment's network reach bigquery.googleapis.com, bigquerystorage.googleapis.com and oauth2.googleapis.com on port 443, and Headwater's addresses through any VPC Service Controls perimeter around the project."}
	case fault.SourceQuota:
		return source.Remedy{Text: "Raise the quota, or wait until it is reset.", Snippet: "gcloud beta quotas info list --service=bigquery.googleapis.com --project=" + config.billing}
	}
	class, _ := fault.Lookup(fault.CodeOf(err))
	return source.Remedy{Text: class.Remedy}
}

// grants are the statements that give the credential what it needs.
func (c *checker) grants() string {
	req := c.session.config.grants
	req.Identity = c.session.access.Principal()
	grants := catalog.BigQueryGrants(req)
	texts := make([]string, len(grants))
	for i, g := range grants {
		texts[i] = "# " + g.Title + "\n" + g.Text
	}
	return strings.Join(texts, "\n")
}

package catalog

import "github.com/headwaterhq/headwater/shared/source"

// The auth methods of Google Cloud's platforms.
const (
	GoogleFederation = "workload_identity"
	GoogleKey        = "service_account_key"
	GoogleOAuth      = "oauth"
)

// googleAuth are the auth methods of Google Cloud's platforms.
func googleAuth() []source.AuthMethod {
	return []source.AuthMethod{
		{
			Name: GoogleFederation, Title: "Workload identity federation",
			Description:     "This connection becomes a service account of yours, by a trust that names it: its creation answers with the commands. No key is made, stored or rotated.",
			NamesConnection: true,
			Fields: []source.Field{
				{
					Name: "project_number", Title: "Project number", Required: true,
					Description: "Number of the project that has the workload identity pool; not its id.",
					Pattern:     `[0-9]{6,20}`, Example: "123456789012", MaxLength: 20,
				},
				{
					Name: "pool_id", Title: "Pool", Required: true,
					Description: "Id of the workload identity pool.",
					Pattern:     `[a-z0-9-]{4,32}`, Example: "headwater", MaxLength: 32,
				},
				{
					Name: "provider_id", Title: "Provider", Required: true,
					Description: "Id of the pool's AWS provider.",
					Pattern:     `[a-z0-9-]{4,32}`, Example: "headwater-aws", MaxLength: 32,
				},
				{
					Name: "service_account_email", Title: "Service account", Required: true,
					Description: "The service account that Headwater becomes.",
					Pattern:     GoogleAccount, Example: "headwater@acme-data.iam.gserviceaccount.com", MaxLength: 200,
				},
			},
		},
		{
			Name: GoogleKey, Title: "Service-account key",
			Description: "A key of a service account, which may list and read what is to be imported and nothing else.",
			Fields: []source.Field{
				{
					Name: "key_json", Title: "Key file", Required: true, Secret: true, Multiline: true,
					Description: "The whole JSON file that Google made for the key, from { to }.", MaxLength: 16 << 10,
				},
			},
		},
		{
			Name: GoogleOAuth, Title: "OAuth",
			Description: "What a Google user consented to. It ends when the user takes the consent back or leaves the organization, so prefer a service account.",
			Fields: []source.Field{
				{
					Name: "client_id", Title: "Client ID", Required: true,
					Description: "Of the OAuth client that the user consented to; not secret.",
					Pattern:     `[A-Za-z0-9._-]+`, Example: "123456789012-abc.apps.googleusercontent.com", MaxLength: 256,
				},
				{Name: "client_secret", Title: "Client secret", Required: true, Secret: true, Description: "The OAuth client's secret.", MaxLength: 256},
				{Name: "refresh_token", Title: "Refresh token", Required: true, Secret: true, Description: "What the user's consent gave, with offline access.", MaxLength: 2048},
			},
		},
	}
}

// GoogleAccount is the pattern of a service account's email, of one that people made or that Google made for a project.
const GoogleAccount = `[a-z0-9][a-z0-9.-]*@[a-z0-9][a-z0-9.-]*\.gserviceaccount\.com`

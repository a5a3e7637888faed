package source

import "github.com/headwaterhq/headwater/shared/schema"

// GrantRequest asks for the statements that let a connection read some tables
// and nothing else.
type GrantRequest struct {
	Settings map[string]any
	Method   string   // the auth method
	Tables   []string // names as discovered; empty means everything the connection covers
	// Kinds are what the tables are at the platform, by name, as discovered: some
	// platforms grant on each kind in other words. One that is not in it is of any kind.
	Kinds map[string]schema.Kind
	// Principal is who the deployment is at the platform, which a trust policy
	// names: on AWS its account ID or the ARN of a role. Empty when it is not known.
	Principal string
	// Connection is the connection's id, which a trust policy names where a
	// connection has no secret of its own. Empty when it is not known.
	Connection string
	// Identity is who the connection becomes at the platform, where a credential
	// says so openly: the ARN of a role. Empty when it is not known.
	Identity string
}

// Text returns a string setting, "" when absent.
func (r GrantRequest) Text(name string) string { return Config{Settings: r.Settings}.Text(name) }

// Grant is something to paste at the platform.
type Grant struct {
	Title    string `json:"title"`    // "Let the role read the tables"
	Language string `json:"language"` // "sql", "gcloud", "iam_policy", "trust_policy"
	Text     string `json:"text"`
}

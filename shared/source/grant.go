package source

// GrantRequest asks for the statements that let a connection read some tables
// and nothing else.
type GrantRequest struct {
	Settings map[string]any
	Method   string   // the auth method
	Tables   []string // names as discovered; empty means everything the connection covers
}

// Text returns a string setting, "" when absent.
func (r GrantRequest) Text(name string) string { return Config{Settings: r.Settings}.Text(name) }

// Grant is something to paste at the platform.
type Grant struct {
	Title    string `json:"title"`    // "Let the role read the tables"
	Language string `json:"language"` // "sql", "gcloud", "iam_policy", "trust_policy"
	Text     string `json:"text"`
}

package source

import "context"

// Check is one named test of a connection. Run reports what it found; an error
// is a failure to classify, and for a mandatory check it fails the validation.
type Check struct {
	Name     string   // stable, dotted: "s3.list_objects"
	Title    string   // "List objects under the prefix"
	Advisory bool     // a failure warns, and does not fail the validation
	Requires []string // checks that must have passed, or this one is skipped
	Run      func(ctx context.Context) (Finding, error)
	// Remedy says what to do when Run failed with err.
	Remedy func(err error) Remedy
}

// Finding is what a check found when it did not fail.
type Finding struct {
	Warning string // not empty: the check passes with a warning
	Detail  string // what was seen, for people
	Remedy  Remedy // of a warning
}

// Remedy is what a person can do about a failed check or a warning.
type Remedy struct {
	Text    string `json:"text"`
	Snippet string `json:"snippet,omitempty"` // to paste: SQL, gcloud, IAM JSON
}

// Outcome is how a check ended.
type Outcome string

// The outcomes of a check.
const (
	Pass    Outcome = "pass"
	Fail    Outcome = "fail"
	Warn    Outcome = "warn"
	Skipped Outcome = "skipped"
)

// CheckResult is the report of one check.
type CheckResult struct {
	Name      string  `json:"name"`
	Title     string  `json:"title"`
	Mandatory bool    `json:"mandatory"`
	Outcome   Outcome `json:"outcome"`
	Code      string  `json:"code,omitempty"`           // fault code of a failure
	Detail    string  `json:"detail,omitempty"`         // what was seen, or why it was skipped
	Provider  string  `json:"provider_error,omitempty"` // the platform's own words, redacted
	Remedy    *Remedy `json:"remedy,omitempty"`
	Millis    int64   `json:"duration_ms"`
}

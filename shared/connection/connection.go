// Package connection is managed links to external platforms: their settings,
// where their credential is kept, and the validations that move them between
// processing, active and inactive.
package connection

import (
	"time"

	"github.com/headwaterhq/headwater/shared/source"
)

// Status is what a connection is good for.
type Status string

// The statuses. A connection is processing from its creation, or from the
// request to validate it when it was inactive, until the validation has ended,
// which it always does within ten minutes. One that was active stays so
// meanwhile: its imports go on.
const (
	Processing Status = "processing"
	Active     Status = "active"
	Inactive   Status = "inactive"
)

// Connection is a configured, credentialed link to one platform. It never
// holds the credential.
type Connection struct {
	WorkspaceID     string         `json:"workspace_id"`
	ID              string         `json:"id"`
	Name            string         `json:"name"`
	Platform        string         `json:"platform"`
	Settings        map[string]any `json:"settings"`
	AuthMethod      string         `json:"auth_method"`
	Identity        string         `json:"identity,omitempty"` // who it becomes at the platform, where the credential says so openly
	Status          Status         `json:"status"`
	StatusChange    Change         `json:"status_change"`        // the last one
	ValidationID    string         `json:"validation_id"`        // the newest one
	SchemaKey       string         `json:"schema_key,omitempty"` // index of the last good snapshot
	SchemaVersion   string         `json:"schema_version,omitempty"`
	SchemaRefreshed time.Time      `json:"schema_refreshed_at,omitzero"`
	CreatedAt       time.Time      `json:"created_at"`
	CreatedBy       string         `json:"created_by"`
}

// Change says why a status is what it is, who changed it, and when.
type Change struct {
	Reason string    `json:"reason"`
	Actor  string    `json:"actor"`
	At     time.Time `json:"at"`
}

// Outcome is how a validation stands.
type Outcome string

// The outcomes of a validation.
const (
	Running Outcome = "running"
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
)

// Validation is one run of the checks, and of discovery after them.
type Validation struct {
	WorkspaceID  string               `json:"workspace_id"`
	ConnectionID string               `json:"connection_id"`
	ID           string               `json:"id"`
	Trigger      string               `json:"trigger"` // "created", "requested" or "daily"
	Outcome      Outcome              `json:"outcome"`
	Checks       []source.CheckResult `json:"checks,omitempty"`
	Discovery    Discovery            `json:"discovery"`
	ErrorCode    string               `json:"error_code,omitempty"` // when it failed without a failing check
	ErrorMessage string               `json:"error_message,omitempty"`
	StartedAt    time.Time            `json:"started_at"`
	Deadline     time.Time            `json:"deadline"` // after it the sweep settles the validation
	EndedAt      time.Time            `json:"ended_at,omitzero"`
}

// Discovery is how far the schema discovery of a validation has come.
type Discovery struct {
	Cursor  string `json:"cursor,omitempty"` // where the next page begins
	Pages   int    `json:"pages,omitempty"`
	Tables  int    `json:"tables,omitempty"`
	Key     string `json:"key,omitempty"`     // index of the snapshot, when complete
	Version string `json:"version,omitempty"` // of the snapshot

	// Why it ended before it was complete, after the validation itself had passed.
	ErrorCode    string `json:"error_code,omitempty"`
	ErrorMessage string `json:"error_message,omitempty"`
}

// Done reports whether the snapshot is complete.
func (d Discovery) Done() bool { return d.Key != "" }

// discovering reports whether the discovery may go on. It does so beyond the
// end of a validation that has passed: a large source takes longer than a verdict.
func (v Validation) discovering() bool {
	return v.Outcome == Running || v.Outcome == Passed && !v.Discovery.Done() && v.Discovery.ErrorCode == ""
}

// Ref names a validation.
type Ref struct {
	WorkspaceID  string `json:"workspace_id"`
	ConnectionID string `json:"connection_id"`
	ValidationID string `json:"validation_id"`
}

// Deadline is how long a validation may run. The time-out in
// validate-connection.asl.json is shorter, and the sweep comes every five
// minutes, up to one late: together they stay within ten.
const Deadline = 230 * time.Second

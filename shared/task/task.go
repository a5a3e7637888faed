// Package task is what the functions that state machines call take and
// answer, where that is more than a domain's own reference. docs/architecture.md,
// "Payloads", lists all of them; events/ has a sample of each.
package task

import (
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// Checked is check's answer to a connection.Ref.
type Checked struct {
	Passed bool `json:"passed"`
}

// Pass is the answer of a function that may need to be called again: discover
// to a connection.Ref, extract to an ingest.SplitRef.
type Pass struct {
	Done bool `json:"done"`
}

// RosterInput starts the daily upkeep.
type RosterInput struct {
	UpkeepID      string    `json:"upkeep_id"`
	ScheduledTime time.Time `json:"scheduled_time"`
}

// Roster is roster's answer: an object of JSON Lines, one connection.Ref each. Maintain's has one lake.TableRef each.
type Roster struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Count  int    `json:"count"`
}

// ClaimInput asks for what is due at a time.
type ClaimInput struct {
	ScheduledTime time.Time `json:"scheduled_time"`
}

// Claimed is claim's answer. More asks for another call.
type Claimed struct {
	Runs []ingest.Start `json:"runs"`
	More bool           `json:"more"`
}

// Planned is plan's answer to an ingest.Ref: an object of JSON Lines, one ingest.SplitRef each.
type Planned struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Splits int    `json:"splits"`
}

// Committed is commit's answer to an ingest.Ref. SnapshotID is empty when there was nothing to commit, and when the run is
// held: then nothing was committed, and the run is not to be settled.
type Committed struct {
	SnapshotID string `json:"snapshot_id"`
	Held       bool   `json:"held"`
}

// Kinds of MaintainInput.
const (
	MaintainList  = "list"
	MaintainTable = "table"
)

// MaintainInput asks for the list of the lake's tables, which is answered by a Roster of lake.TableRef, or for the upkeep of
// one of them, answered by a Pass.
type MaintainInput struct {
	Kind      string `json:"kind"`
	UpkeepID  string `json:"upkeep_id,omitempty"` // to list
	Namespace string `json:"namespace,omitempty"` // of the table
	Table     string `json:"table,omitempty"`
}

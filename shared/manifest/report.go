package manifest

import (
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// Report is what a verification found.
type Report struct {
	WorkspaceID string    `json:"workspace_id"`
	ImportID    string    `json:"import_id"`
	Head        string    `json:"head"` // the hash that the import names, from which everything follows
	Links       []Link    `json:"runs"` // of the chain, the oldest first
	Problems    []Problem `json:"problems"`
	Remarks     []Problem `json:"remarks"` // what is said, and is no mismatch
}

// Link is a run of the chain.
type Link struct {
	RunID       string         `json:"run_id"`
	Hash        string         `json:"sha256"`
	Mode        ingest.Mode    `json:"mode"`
	CreatedAt   time.Time      `json:"created_at"`
	Read        int64          `json:"rows_read"`
	Landed      int64          `json:"rows_landed"`
	Quarantined int64          `json:"rows_quarantined"`
	Proof       ingest.Verdict `json:"proof,omitempty"`
	SnapshotID  string         `json:"snapshot_id,omitempty"`
	Lake        Presence       `json:"lake"`
}

// Presence is whether a run's snapshot is in the lake.
type Presence string

// What it is.
const (
	Present Presence = "present"
	Expired Presence = "expired" // maintenance has removed it with all that were older: only the chain speaks for it
	Nothing Presence = "nothing" // the run had nothing to commit
	Gone    Presence = "gone"    // it should be there
)

// Kind is a kind of problem.
type Kind string

// The kinds of problems.
const (
	Unreadable   Kind = "unreadable"   // an object below the import's prefix is no manifest, or not in the canonical form
	Misplaced    Kind = "misplaced"    // a manifest says it is of another run than its key
	Missing      Kind = "missing"      // the manifest that another one, or the import, names by its hash is not there, or is not what it was
	Unlinked     Kind = "unlinked"     // a manifest that none names
	Forked       Kind = "forked"       // one that names the same previous manifest as another
	Reordered    Kind = "reordered"    // a run that was created before the one that the chain has before it
	Inconsistent Kind = "inconsistent" // a manifest's own numbers contradict each other
	Incomplete   Kind = "incomplete"   // the source counted other rows than the run read
	Unrecorded   Kind = "unrecorded"   // a run has a snapshot, or names a manifest, and the chain has none of it; or its record says otherwise
	SnapshotGone Kind = "snapshot"     // the lake lacks the run's snapshot, and it cannot have expired
	Differing    Kind = "differing"    // the lake's snapshot is not what the manifest says
	Foreign      Kind = "foreign"      // something else than runs and maintenance has changed the table
	Diverged     Kind = "diverged"     // the table's snapshots are not one line
)

// Unattested is the kind of a remark: a run succeeded, and its commit died before its manifest was recorded. The chain
// goes on without it, and only the run's record and the lake speak for it.
const Unattested Kind = "unattested"

// Problem is a mismatch, or a remark: what, and where.
type Problem struct {
	Kind       Kind   `json:"kind"`
	RunID      string `json:"run_id,omitempty"`
	SnapshotID string `json:"snapshot_id,omitempty"`
	Message    string `json:"message"`
}

// OK reports whether everything fits.
func (r Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) add(kind Kind, runID, snapshotID, format string, values ...any) {
	r.Problems = append(r.Problems, Problem{Kind: kind, RunID: runID, SnapshotID: snapshotID, Message: fmt.Sprintf(format, values...)})
}

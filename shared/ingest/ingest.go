// Package ingest is imports and their runs: what an import is, when it is due,
// how a run is planned, extracted in splits, committed once and settled.
package ingest

import (
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Import is a configured pipeline from one table of a connection, or from a
// query's result, into one table of the lake.
type Import struct {
	WorkspaceID  string        `json:"workspace_id"`
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	ConnectionID string        `json:"connection_id"`
	Table        string        `json:"table,omitempty"`
	Query        string        `json:"query,omitempty"` // a SELECT of the platform, instead of a table
	Type         Type          `json:"type"`
	Mode         Mode          `json:"mode"`
	Mapping      Mapping       `json:"mapping"`                 // resolved; of a query only when a run is planned
	EveryHours   int           `json:"every_hours,omitempty"`   // 0: only by hand
	Filter       source.Filter `json:"filter,omitempty"`        // only rows for which it holds are read
	MaximumBytes int64         `json:"maximum_bytes,omitempty"` // what the platform may scan for a run; 0 is no limit
	Cursor       *Cursor       `json:"cursor,omitempty"`        // nil: every run reads everything
	Key          []string      `json:"key,omitempty"`           // targets that identify a row in Merge
	Deleted      string        `json:"deleted,omitempty"`       // boolean target; in Merge a last row that has true in it deletes its key
	Guards       Guards        `json:"guards,omitzero"`
	Proof        Proof         `json:"proof,omitempty"`         // "" is ProofCounts
	Fingerprint  []string      `json:"fingerprint,omitempty"`   // of Append with a Cursor: the source's columns that tell its rows apart; stays as it was created
	Respread     bool          `json:"respread,omitempty"`      // what spreads rows over the lake has been mapped anew, so that a row that is read again may belong elsewhere
	Precedence   int           `json:"precedence,omitempty"`    // of two traits with one name the higher one's counts
	Watermark    string        `json:"watermark,omitempty"`     // inclusive lower boundary of the next incremental run, before lookback, as source.Literal takes it; "" reads everything
	ResetAt      time.Time     `json:"reset_at,omitzero"`       // when a person last set the watermark; runs from before are not driven again
	ManifestHash string        `json:"manifest_hash,omitempty"` // hex SHA-256 of the last succeeded run's manifest
	NextRunAt    time.Time     `json:"next_run_at,omitzero"`
	OpenRunID    string        `json:"open_run_id,omitempty"` // the run that is not settled yet
	LastRunID    string        `json:"last_run_id,omitempty"`
	CreatedAt    time.Time     `json:"created_at"`
	CreatedBy    string        `json:"created_by"`
	Revision     int64         `json:"revision,omitempty"` // how often a person has changed it
}

// DefaultEveryHours is an import's schedule when nothing else is asked for.
const DefaultEveryHours = 24

// Trigger is what started a run.
type Trigger string

// The triggers.
const (
	Manual    Trigger = "manual"
	Scheduled Trigger = "schedule"
	Backfill  Trigger = "backfill" // by hand, of a range of the cursor
	Replay    Trigger = "replay"   // by hand, of another run's quarantine
)

// Status is where a run stands.
type Status string

// The statuses of a run: queued → running → committing → succeeded, and failed from each of the first three.
// A running one may be held by a guard, until it is released (queued again) or
// discarded (failed). A failed one may be driven again (queued).
const (
	Queued     Status = "queued"
	Running    Status = "running"
	Held       Status = "held"
	Committing Status = "committing"
	Succeeded  Status = "succeeded"
	Failed     Status = "failed"
)

// Open reports whether the run is not settled yet.
func (s Status) Open() bool { return s == Queued || s == Running || s == Held || s == Committing }

// Run is one execution of an import.
type Run struct {
	WorkspaceID   string    `json:"workspace_id"`
	ImportID      string    `json:"import_id"`
	ID            string    `json:"id"`
	Trigger       Trigger   `json:"trigger"`
	Status        Status    `json:"status"`
	CreatedAt     time.Time `json:"created_at"`
	StartedAt     time.Time `json:"started_at,omitzero"` // planning began
	EndedAt       time.Time `json:"ended_at,omitzero"`
	Deadline      time.Time `json:"deadline"`           // after it the sweep settles the run
	Revision      int64     `json:"revision"`           // grows with every MoveRun
	PlanKey       string    `json:"plan_key,omitempty"` // object with the plan, once planned
	SchemaVersion string    `json:"schema_version,omitempty"`
	Splits        int       `json:"splits"`
	SplitsDone    int       `json:"splits_done"`
	Counts        Counts    `json:"counts"`
	SnapshotID    string    `json:"snapshot_id,omitempty"`
	ErrorCode     string    `json:"error_code,omitempty"`
	ErrorMessage  string    `json:"error_message,omitempty"`

	Attempt      int       `json:"attempt,omitempty"`       // 0 at first, and one more with each release and re-drive; see Execution
	Range        *Range    `json:"range,omitempty"`         // of a Backfill
	Replays      string    `json:"replays,omitempty"`       // of a Replay: the run whose quarantine it reads
	ReplayedBy   string    `json:"replayed_by,omitempty"`   // the run that has read this one's quarantine, or is about to
	From         string    `json:"from,omitempty"`          // the cursor's lower boundary that was read from, lookback included
	AsOf         time.Time `json:"as_of,omitzero"`          // the moment of the source that was read, where it has one
	Watermark    string    `json:"watermark,omitempty"`     // becomes the import's when the run succeeds; "" leaves that alone
	Findings     []Finding `json:"findings,omitempty"`      // what the guards found before the commit
	Released     *Decision `json:"released,omitempty"`      // who let it go on in spite of them
	Proved       *Proved   `json:"proved,omitempty"`        // source against lake
	ManifestHash string    `json:"manifest_hash,omitempty"` // hex SHA-256 of its manifest, once written
}

// Execution is the name of the run's execution: another one for each attempt, as
// Step Functions takes a name once. What an earlier attempt reports late is told by it.
func (r Run) Execution() string {
	if r.Attempt == 0 {
		return r.ID
	}
	return fmt.Sprintf("%s-%d", r.ID, r.Attempt)
}

// Decision is what a person, or a policy ("policy"), decided.
type Decision struct {
	Actor string    `json:"actor"`
	At    time.Time `json:"at"`
}

// Counts is how much was moved. RowsRead = RowsWritten + RowsQuarantined + RowsFiltered.
type Counts struct {
	RowsRead        int64 `json:"rows_read"`
	RowsWritten     int64 `json:"rows_written"`
	RowsQuarantined int64 `json:"rows_quarantined"`
	RowsFiltered    int64 `json:"rows_filtered"` // left out by a filter that the source could not apply
	RowsFlagged     int64 `json:"rows_flagged"`  // of those written: with true in the import's Deleted column
	RowsNameless    int64 `json:"rows_nameless"` // of those quarantined: for lack of an identifier
	BytesRead       int64 `json:"bytes_read"`    // estimate of the source bytes, before decompression
	BytesWritten    int64 `json:"bytes_written"` // of data files
}

// Add returns the sum.
func (c Counts) Add(d Counts) Counts {
	return Counts{
		RowsRead: c.RowsRead + d.RowsRead, RowsWritten: c.RowsWritten + d.RowsWritten,
		RowsQuarantined: c.RowsQuarantined + d.RowsQuarantined, RowsFiltered: c.RowsFiltered + d.RowsFiltered,
		RowsFlagged: c.RowsFlagged + d.RowsFlagged, RowsNameless: c.RowsNameless + d.RowsNameless,
		BytesRead: c.BytesRead + d.BytesRead, BytesWritten: c.BytesWritten + d.BytesWritten,
	}
}

// SplitProgress is how far one split of a run has come.
type SplitProgress struct {
	Number     int       `json:"split"`
	Label      string    `json:"label"`
	Parts      int       `json:"parts"` // parts recorded so far; the next one has this number
	Checkpoint string    `json:"checkpoint,omitempty"`
	Done       bool      `json:"done"`
	Counts     Counts    `json:"counts"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
}

// Part is what one worker made of one stretch of a split. It is recorded once;
// what another worker made of the same stretch is dropped.
type Part struct {
	Split      int       `json:"split"`
	Number     int       `json:"part"`
	From       string    `json:"from"`                // the checkpoint it began at
	After      string    `json:"after"`               // the checkpoint it ended at
	Last       bool      `json:"last"`                // the split ends with it
	FilesKey   string    `json:"files_key,omitempty"` // data files, encoded; empty when it has no rows
	Quarantine string    `json:"quarantine_key,omitempty"`
	Cursor     string    `json:"cursor,omitempty"`  // the greatest value of the import's cursor that was read, as source.Literal takes it
	Windows    []int64   `json:"windows,omitempty"` // rows read by window of the plan's source.Tally
	Counts     Counts    `json:"counts"`
	At         time.Time `json:"at"`
}

// Ref names a run.
type Ref struct {
	WorkspaceID string `json:"workspace_id"`
	ImportID    string `json:"import_id"`
	RunID       string `json:"run_id"`
}

// SplitRef names one split of a run.
type SplitRef struct {
	Ref
	Split     int    `json:"split"`
	Execution string `json:"execution,omitempty"` // which handed it out: for people, who find by it what a worker belongs to. Workers go by the run alone: a split is the same in all attempts
}

// TableName is the import's table in the workspace's lake namespace.
func (i Import) TableName() string { return string(i.Type) + "_" + i.ID }

// LakeColumns are the columns of the import's lake table, in order: the mapping's,
// and after them the system's own.
func (i Import) LakeColumns() []schema.Column {
	columns := make([]schema.Column, 0, len(i.Mapping)+2)
	for _, c := range i.Mapping {
		column := schema.Column{Name: c.Target, Type: c.Type, Nullable: !c.Required}
		if c.Type == schema.Decimal {
			column.Precision, column.Scale = 38, 9
		}
		columns = append(columns, column)
	}
	if i.Cursor != nil {
		columns = append(columns, schema.Column{Name: CursorColumn, Type: i.Cursor.Type, Nullable: true})
	}
	if i.Cursor != nil && i.Mode == Append {
		columns = append(columns, schema.Column{Name: RowColumn, Type: schema.String})
	}
	return columns
}

// Package manifest is the evidence that a run leaves: what was read, by which
// definition and with which credential, what became of every row, and which
// snapshot of the lake has them.
//
// A manifest names the one of the import's previous succeeded run by its hash,
// so that all of an import's manifests are a chain: whoever knows the hash of the
// last one can tell whether any of them was changed, left out or put in later.
// Verify does, and holds the lake against them.
//
// It holds numbers, names and hashes: no secret, and no value of a row but the
// boundaries of cursors that are times, dates or whole numbers. What could be
// somebody's data beyond that (a text cursor, a query, a filter) is hashed.
package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Version is that of the form of a manifest.
const Version = 1

// Manifest is what a succeeded run did. Its fields are in the order in which they are encoded.
type Manifest struct {
	Version     int           `json:"v"`
	WorkspaceID string        `json:"workspace_id"`
	ImportID    string        `json:"import_id"`
	RunID       string        `json:"run_id"`
	Previous    string        `json:"previous,omitempty"` // hash of the manifest of the import's succeeded run before this one; empty of the first
	Run         Run           `json:"run"`
	Definition  Definition    `json:"definition"`
	Source      Source        `json:"source"`
	Splits      []Splits      `json:"splits"`
	Counts      ingest.Counts `json:"counts"` // the sum of the splits'

	Findings []ingest.Finding `json:"findings,omitempty"`
	Released *ingest.Decision `json:"released,omitempty"`
	Proved   *ingest.Proved   `json:"proved,omitempty"`

	Before *Snapshot `json:"before,omitempty"` // the table's current snapshot before the run's; none of a new table
	After  *Snapshot `json:"after,omitempty"`  // the run's own; none when there was nothing to commit
}

// Run is what started the run, and when.
type Run struct {
	Trigger   ingest.Trigger `json:"trigger"`
	Attempt   int            `json:"attempt,omitempty"`
	Replays   string         `json:"replays,omitempty"`
	CreatedAt time.Time      `json:"created_at"`
	StartedAt time.Time      `json:"started_at"`
}

// Definition is by what the rows were read and mapped.
type Definition struct {
	Type              ingest.Type `json:"type"`
	Mode              ingest.Mode `json:"mode"`
	ConnectionID      string      `json:"connection_id"`
	CredentialVersion string      `json:"credential_version,omitempty"`
	SchemaVersion     string      `json:"schema_version"`  // of the source's table, as planned
	MappingVersion    string      `json:"mapping_version"` // hash of the resolved mapping
	ImportVersion     string      `json:"import_version"`  // hash of the import's other settings: source, filter, cursor, key, guards, proof
}

// Source is the state of the source that was read.
type Source struct {
	Table     string    `json:"table,omitempty"`
	QueryHash string    `json:"query_sha256,omitempty"` // instead of a table
	AsOf      time.Time `json:"as_of,omitzero"`         // the moment that every split read, where the platform has one
	Splits    int       `json:"splits"`
	Hash      string    `json:"splits_sha256"` // over all splits as they were planned: label, detail, size

	// Boundaries of the cursor, as text; of a text cursor "sha256:" and the hash of it.
	From      string        `json:"from,omitempty"`
	Range     *ingest.Range `json:"range,omitempty"`
	Watermark string        `json:"watermark,omitempty"` // what the run set
}

// Snapshot is a version of the import's table in the lake.
type Snapshot struct {
	ID        string    `json:"id"`
	Parent    string    `json:"parent,omitempty"`
	RunID     string    `json:"run_id,omitempty"` // empty of maintenance
	At        time.Time `json:"at"`
	AddedRows int64     `json:"added_rows"`
	TotalRows int64     `json:"total_rows"` // in data files: deletes that are pending do not count
	Operation string    `json:"operation"`
}

// Around finds a run's snapshot among its table's, and the one before it: however late it is asked, the same.
// Of a run that had nothing to commit there is neither.
func Around(runID string, snapshots []Snapshot) (before, after *Snapshot) {
	i := slices.IndexFunc(snapshots, func(s Snapshot) bool { return s.RunID == runID })
	if i < 0 {
		return nil, nil
	}
	if j := slices.IndexFunc(snapshots, func(s Snapshot) bool { return s.ID == snapshots[i].Parent }); j >= 0 {
		before = &snapshots[j]
	}
	return before, &snapshots[i]
}

// Facts is what a manifest is made of beside the import and the run.
type Facts struct {
	Splits            []source.Split // as planned
	Parts             []ingest.Part  // by split and number; their counts are the manifest's
	CredentialVersion string         // source.Source.CredentialVersion at planning
	Before, After     *Snapshot      // as Around finds them
}

// New makes a run's manifest, for the end of its commit. The import is the one of
// the run's plan, with the ManifestHash that the import has now; the run has its
// findings and its proof. The same of them make the same manifest, however often.
func New(i ingest.Import, r ingest.Run, f Facts) Manifest {
	m := Manifest{
		Version: Version, WorkspaceID: r.WorkspaceID, ImportID: r.ImportID, RunID: r.ID, Previous: i.ManifestHash,
		Run: Run{Trigger: r.Trigger, Attempt: r.Attempt, Replays: r.Replays, CreatedAt: moment(r.CreatedAt), StartedAt: moment(r.StartedAt)},
		Definition: Definition{
			Type: i.Type, Mode: i.Mode, ConnectionID: i.ConnectionID, CredentialVersion: f.CredentialVersion,
			SchemaVersion: r.SchemaVersion, MappingVersion: hashOf(i.Mapping), ImportVersion: importVersion(i),
		},
		Source: Source{
			Table: i.Table, AsOf: moment(r.AsOf), Splits: len(f.Splits), Hash: planHash(f.Splits),
			From: boundary(i.Cursor, r.From), Watermark: boundary(i.Cursor, r.Watermark),
		},
		Splits:   grouped(f.Splits, f.Parts),
		Findings: r.Findings, Proved: r.Proved, Before: at(f.Before), After: at(f.After),
	}
	m.Counts = sum(m.Splits)
	if i.Query != "" {
		m.Source.QueryHash = schema.Hash([]byte(i.Query))
	}
	if r.Range != nil {
		m.Source.Range = &ingest.Range{From: boundary(i.Cursor, r.Range.From), To: boundary(i.Cursor, r.Range.To)}
	}
	if r.Released != nil {
		m.Released = &ingest.Decision{Actor: r.Released.Actor, At: moment(r.Released.At)}
	}
	return m
}

// Key is where a run's manifest is kept.
func Key(ref ingest.Ref) string { return Prefix(ref.WorkspaceID, ref.ImportID) + ref.RunID + ".json" }

// Prefix is what the keys of all of an import's manifests begin with.
func Prefix(workspaceID, importID string) string {
	return fmt.Sprintf(names.ManifestPrefix+"%s/%s/", workspaceID, importID)
}

// moment is a time as every store keeps it, so that one that was stored and read again is the same.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func at(s *Snapshot) *Snapshot {
	if s == nil {
		return nil
	}
	kept := *s
	kept.At = moment(s.At)
	return &kept
}

// boundary is a value of the cursor as a manifest may have it.
func boundary(c *ingest.Cursor, value string) string {
	if value == "" || c == nil || c.Type != schema.String {
		return value
	}
	return "sha256:" + schema.Hash([]byte(value))
}

// importVersion changes with what an import was asked to do, not with what its runs do to it.
func importVersion(i ingest.Import) string {
	return hashOf(struct {
		Table, Query string
		Filter       source.Filter
		MaximumBytes int64
		Cursor       *ingest.Cursor
		Key          []string
		Deleted      string
		Guards       ingest.Guards
		Proof        ingest.Proof
	}{i.Table, i.Query, i.Filter, i.MaximumBytes, i.Cursor, i.Key, i.Deleted, i.Guards, i.Proof})
}

// hashOf hashes what JSON makes of a value that it can always encode.
func hashOf(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("manifest: encoding %T: %v", value, err)) // no value of it can make it so
	}
	return schema.Hash(text)
}

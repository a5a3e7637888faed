package dynamostore

import (
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

type importItem struct {
	header
	WorkspaceID  string          `dynamodbav:"workspace_id"`
	ID           string          `dynamodbav:"id"`
	Name         string          `dynamodbav:"name"`
	ConnectionID string          `dynamodbav:"connection_id"`
	Table        string          `dynamodbav:"table"`
	Query        string          `dynamodbav:"query,omitempty"`
	Filter       []conditionItem `dynamodbav:"filter,omitempty"`
	MaximumBytes int64           `dynamodbav:"maximum_bytes,omitempty"`
	Type         ingest.Type     `dynamodbav:"type"`
	Mode         ingest.Mode     `dynamodbav:"mode"`
	Mapping      []columnItem    `dynamodbav:"mapping"`
	EveryHours   int             `dynamodbav:"every_hours"`
	Cursor       *cursorItem     `dynamodbav:"cursor,omitempty"`
	Key          []string        `dynamodbav:"key,omitempty"`
	Deleted      string          `dynamodbav:"deleted,omitempty"`
	Guards       *guardsItem     `dynamodbav:"guards,omitempty"`
	Proof        ingest.Proof    `dynamodbav:"proof,omitempty"`
	Fingerprint  []string        `dynamodbav:"fingerprint,omitempty"`
	Respread     bool            `dynamodbav:"respread,omitempty"`
	Precedence   int             `dynamodbav:"precedence,omitempty"`
	Watermark    string          `dynamodbav:"watermark,omitempty"`
	ResetAt      moment          `dynamodbav:"reset_at,omitempty"`
	ManifestHash string          `dynamodbav:"manifest_hash,omitempty"`
	NextRunAt    moment          `dynamodbav:"next_run_at,omitempty"`
	OpenRunID    string          `dynamodbav:"open_run_id,omitempty"`
	LastRunID    string          `dynamodbav:"last_run_id,omitempty"`
	CreatedAt    moment          `dynamodbav:"created_at,omitempty"`
	CreatedBy    string          `dynamodbav:"created_by"`
	Revision     int64           `dynamodbav:"revision,omitempty"`
}

type conditionItem struct {
	Column string    `dynamodbav:"column"`
	Op     source.Op `dynamodbav:"op"`
	Values []string  `dynamodbav:"values,omitempty"`
	OrNull bool      `dynamodbav:"or_null,omitempty"`
}

type columnItem struct {
	Source     string             `dynamodbav:"source"`
	Path       string             `dynamodbav:"path,omitempty"`
	Target     string             `dynamodbav:"target"`
	Type       schema.Type        `dynamodbav:"type"`
	Required   bool               `dynamodbav:"required"`
	Transforms []ingest.Transform `dynamodbav:"transforms,omitempty"`
	OnInvalid  ingest.Invalid     `dynamodbav:"on_invalid,omitempty"`
	Region     string             `dynamodbav:"region,omitempty"`
	Constant   *string            `dynamodbav:"constant,omitempty"`
	Default    *string            `dynamodbav:"default,omitempty"`
}

func newImportItem(i ingest.Import) importItem {
	var w work
	if !i.NextRunAt.IsZero() {
		w = workAt(names.WorkDueImport, i.ID, i.NextRunAt)
	}
	item := importItem{
		header:      newHeader(importKind, importKey(i.WorkspaceID, i.ID), w),
		WorkspaceID: i.WorkspaceID, ID: i.ID, Name: i.Name, ConnectionID: i.ConnectionID, Table: i.Table, Query: i.Query, MaximumBytes: i.MaximumBytes,
		Type: i.Type, Mode: i.Mode, EveryHours: i.EveryHours, NextRunAt: stamp(i.NextRunAt),
		OpenRunID: i.OpenRunID, LastRunID: i.LastRunID, CreatedAt: stamp(i.CreatedAt), CreatedBy: i.CreatedBy,
	}
	item.Key, item.Deleted, item.Guards, item.Proof = i.Key, i.Deleted, newGuardsItem(i.Guards), i.Proof
	item.Precedence, item.Watermark, item.ResetAt, item.ManifestHash = i.Precedence, i.Watermark, stamp(i.ResetAt), i.ManifestHash
	item.Fingerprint, item.Respread, item.Revision = i.Fingerprint, i.Respread, i.Revision
	if i.Cursor != nil {
		cursor := cursorItem(*i.Cursor)
		item.Cursor = &cursor
	}
	for _, c := range i.Mapping {
		item.Mapping = append(item.Mapping, columnItem(c))
	}
	for _, c := range i.Filter {
		item.Filter = append(item.Filter, conditionItem(c))
	}
	return item
}

func decodeImport(from attributes) (ingest.Import, error) {
	i, err := decode[importItem](importKind, from)
	decoded := ingest.Import{
		WorkspaceID: i.WorkspaceID, ID: i.ID, Name: i.Name, ConnectionID: i.ConnectionID, Table: i.Table, Query: i.Query, MaximumBytes: i.MaximumBytes,
		Type: i.Type, Mode: i.Mode, EveryHours: i.EveryHours, NextRunAt: i.NextRunAt.time(),
		OpenRunID: i.OpenRunID, LastRunID: i.LastRunID, CreatedAt: i.CreatedAt.time(), CreatedBy: i.CreatedBy,
	}
	decoded.Key, decoded.Deleted, decoded.Guards, decoded.Proof = i.Key, i.Deleted, i.Guards.guards(), i.Proof
	decoded.Precedence, decoded.Watermark, decoded.ResetAt, decoded.ManifestHash = i.Precedence, i.Watermark, i.ResetAt.time(), i.ManifestHash
	decoded.Fingerprint, decoded.Respread, decoded.Revision = i.Fingerprint, i.Respread, i.Revision
	if i.Cursor != nil {
		cursor := ingest.Cursor(*i.Cursor)
		decoded.Cursor = &cursor
	}
	for _, c := range i.Mapping {
		decoded.Mapping = append(decoded.Mapping, ingest.Column(c))
	}
	for _, c := range i.Filter {
		decoded.Filter = append(decoded.Filter, source.Condition(c))
	}
	return decoded, err
}

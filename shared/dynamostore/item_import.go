package dynamostore

import (
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/schema"
)

type importItem struct {
	header
	WorkspaceID  string       `dynamodbav:"workspace_id"`
	ID           string       `dynamodbav:"id"`
	Name         string       `dynamodbav:"name"`
	ConnectionID string       `dynamodbav:"connection_id"`
	Table        string       `dynamodbav:"table"`
	Type         ingest.Type  `dynamodbav:"type"`
	Mode         ingest.Mode  `dynamodbav:"mode"`
	Mapping      []columnItem `dynamodbav:"mapping"`
	EveryHours   int          `dynamodbav:"every_hours"`
	NextRunAt    moment       `dynamodbav:"next_run_at,omitempty"`
	OpenRunID    string       `dynamodbav:"open_run_id,omitempty"`
	LastRunID    string       `dynamodbav:"last_run_id,omitempty"`
	CreatedAt    moment       `dynamodbav:"created_at,omitempty"`
	CreatedBy    string       `dynamodbav:"created_by"`
}

type columnItem struct {
	Source     string             `dynamodbav:"source"`
	Target     string             `dynamodbav:"target"`
	Type       schema.Type        `dynamodbav:"type"`
	Required   bool               `dynamodbav:"required"`
	Transforms []ingest.Transform `dynamodbav:"transforms,omitempty"`
}

func newImportItem(i ingest.Import) importItem {
	var w work
	if !i.NextRunAt.IsZero() {
		w = workAt(names.WorkDueImport, i.ID, i.NextRunAt)
	}
	item := importItem{
		header:      newHeader(importKind, importKey(i.WorkspaceID, i.ID), w),
		WorkspaceID: i.WorkspaceID, ID: i.ID, Name: i.Name, ConnectionID: i.ConnectionID, Table: i.Table,
		Type: i.Type, Mode: i.Mode, EveryHours: i.EveryHours, NextRunAt: stamp(i.NextRunAt),
		OpenRunID: i.OpenRunID, LastRunID: i.LastRunID, CreatedAt: stamp(i.CreatedAt), CreatedBy: i.CreatedBy,
	}
	for _, c := range i.Mapping {
		item.Mapping = append(item.Mapping, columnItem(c))
	}
	return item
}

func decodeImport(from attributes) (ingest.Import, error) {
	i, err := decode[importItem](importKind, from)
	decoded := ingest.Import{
		WorkspaceID: i.WorkspaceID, ID: i.ID, Name: i.Name, ConnectionID: i.ConnectionID, Table: i.Table,
		Type: i.Type, Mode: i.Mode, EveryHours: i.EveryHours, NextRunAt: i.NextRunAt.time(),
		OpenRunID: i.OpenRunID, LastRunID: i.LastRunID, CreatedAt: i.CreatedAt.time(), CreatedBy: i.CreatedBy,
	}
	for _, c := range i.Mapping {
		decoded.Mapping = append(decoded.Mapping, ingest.Column(c))
	}
	return decoded, err
}

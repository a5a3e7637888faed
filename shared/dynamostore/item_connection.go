package dynamostore

import (
	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/names"
)

type connectionItem struct {
	header
	WorkspaceID     string            `dynamodbav:"workspace_id"`
	ID              string            `dynamodbav:"id"`
	Name            string            `dynamodbav:"name"`
	Platform        string            `dynamodbav:"platform"`
	Settings        map[string]any    `dynamodbav:"settings"`
	AuthMethod      string            `dynamodbav:"auth_method"`
	Identity        string            `dynamodbav:"identity,omitempty"`
	Status          connection.Status `dynamodbav:"status"`
	StatusReason    string            `dynamodbav:"status_reason"`
	StatusActor     string            `dynamodbav:"status_actor"`
	StatusAt        moment            `dynamodbav:"status_at,omitempty"`
	ValidationID    string            `dynamodbav:"validation_id"`
	SchemaKey       string            `dynamodbav:"schema_key,omitempty"`
	SchemaVersion   string            `dynamodbav:"schema_version,omitempty"`
	SchemaRefreshed moment            `dynamodbav:"schema_refreshed_at,omitempty"`
	CreatedAt       moment            `dynamodbav:"created_at,omitempty"`
	CreatedBy       string            `dynamodbav:"created_by"`
}

// connectionStanding is what SettleValidation changes.
var connectionStanding = []string{
	"status", "status_reason", "status_actor", "status_at",
	"schema_key", "schema_version", "schema_refreshed_at", names.WorkPartitionKey, names.WorkSortKey,
}

// connectionSchema is what AdoptSchema changes.
var connectionSchema = []string{"schema_key", "schema_version", "schema_refreshed_at"}

// connectionRequest is what RequestValidation changes.
var connectionRequest = []string{
	"validation_id", "status", "status_reason", "status_actor", "status_at", names.WorkPartitionKey, names.WorkSortKey,
}

func newConnectionItem(c connection.Connection) connectionItem {
	var w work
	if c.Status == connection.Active {
		w = work{shard(names.WorkActiveConnection, shardOf(c.ID)), c.ID}
	}
	return connectionItem{
		header:      newHeader(connectionKind, connectionKey(c.WorkspaceID, c.ID), w),
		WorkspaceID: c.WorkspaceID, ID: c.ID, Name: c.Name, Platform: c.Platform, Settings: c.Settings,
		AuthMethod: c.AuthMethod, Identity: c.Identity, Status: c.Status, StatusReason: c.StatusChange.Reason,
		StatusActor: c.StatusChange.Actor, StatusAt: stamp(c.StatusChange.At), ValidationID: c.ValidationID,
		SchemaKey: c.SchemaKey, SchemaVersion: c.SchemaVersion, SchemaRefreshed: stamp(c.SchemaRefreshed),
		CreatedAt: stamp(c.CreatedAt), CreatedBy: c.CreatedBy,
	}
}

func decodeConnection(from attributes) (connection.Connection, error) {
	i, err := decode[connectionItem](connectionKind, from)
	return connection.Connection{
		WorkspaceID: i.WorkspaceID, ID: i.ID, Name: i.Name, Platform: i.Platform, Settings: i.Settings,
		AuthMethod: i.AuthMethod, Identity: i.Identity, Status: i.Status,
		StatusChange: connection.Change{Reason: i.StatusReason, Actor: i.StatusActor, At: i.StatusAt.time()},
		ValidationID: i.ValidationID, SchemaKey: i.SchemaKey, SchemaVersion: i.SchemaVersion,
		SchemaRefreshed: i.SchemaRefreshed.time(), CreatedAt: i.CreatedAt.time(), CreatedBy: i.CreatedBy,
	}, err
}

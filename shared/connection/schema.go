package connection

import (
	"context"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/snapshot"
)

// OpenSchema opens the schema that a connection points to, or
// fault.SchemaNotFound when nothing has been discovered yet.
func OpenSchema(ctx context.Context, objects Objects, c Connection) (*snapshot.Index, error) {
	if c.SchemaKey == "" {
		return nil, fault.New(fault.SchemaNotFound, "the connection's schema has not been discovered yet")
	}
	return snapshot.Open(ctx, objects, c.SchemaKey)
}

// ReadTable reads one table of a connection's schema, or fault.TableNotFound.
func ReadTable(ctx context.Context, objects Objects, c Connection, name string) (schema.Table, error) {
	index, err := OpenSchema(ctx, objects, c)
	if err != nil {
		return schema.Table{}, err
	}
	entry, ok, err := index.Find(name)
	if err != nil {
		return schema.Table{}, err
	}
	if !ok {
		return schema.Table{}, fault.New(fault.TableNotFound, "the connection has no such table")
	}
	return index.Table(ctx, entry)
}

// schemaPrefix is what the keys of a connection's snapshots begin with.
func schemaPrefix(workspaceID, connectionID string) string {
	return names.SchemaPrefix + workspaceID + "/" + connectionID + "/"
}

// Schema returns a connection and its last good schema, or fault.SchemaNotFound.
func (s *Service) Schema(ctx context.Context, workspaceID, connectionID string) (Connection, *snapshot.Index, error) {
	c, err := s.Store.Connection(ctx, workspaceID, connectionID)
	if err != nil {
		return Connection{}, nil, err
	}
	index, err := OpenSchema(ctx, s.Objects, c)
	return c, index, err
}

// Table returns a connection and one table of its last good schema, or
// fault.SchemaNotFound or fault.TableNotFound.
func (s *Service) Table(ctx context.Context, workspaceID, connectionID, name string) (Connection, schema.Table, error) {
	c, err := s.Store.Connection(ctx, workspaceID, connectionID)
	if err != nil {
		return Connection{}, schema.Table{}, err
	}
	table, err := ReadTable(ctx, s.Objects, c, name)
	return c, table, err
}

package controlapi

import (
	"context"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/schema"
)

// GetConnectionSchema returns a page of the tables, by name.
func (s server) GetConnectionSchema(ctx context.Context, req GetConnectionSchemaRequestObject) (GetConnectionSchemaResponseObject, error) {
	if err := known(id.Connection, req.ID, fault.ConnectionNotFound); err != nil {
		return nil, err
	}
	list := httpapi.List{Kind: "tables", Workspace: httpapi.Caller(ctx).WorkspaceID, Of: req.ID}
	limit, after, err := pageOf(list, req.Params.Limit, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	c, snapshot, err := s.Connections.Schema(ctx, list.Workspace, req.ID)
	if err != nil {
		return nil, err
	}
	rest := following(snapshot.Tables, after)
	limit = httpapi.Fit(rest, limit, func(t schema.Table) int { return len(t.Columns) })
	tables, next := httpapi.Page(list, rest, limit, func(t schema.Table) string { return t.Name })
	return GetConnectionSchema200JSONResponse{
		Items: each(tables, wireTable), NextCursor: next, Version: c.SchemaVersion, RefreshedAt: c.SchemaRefreshed,
	}, nil
}

// following returns the tables after the one with a name, which may be gone by now.
func following(tables []schema.Table, name string) []schema.Table {
	at, found := slices.BinarySearchFunc(tables, name, func(t schema.Table, name string) int { return strings.Compare(t.Name, name) })
	if found {
		at++
	}
	return tables[at:]
}

func wireTable(t schema.Table) Table {
	return Table{
		Name: t.Name, Format: t.Format, Columns: each(t.Columns, wireColumn),
		Rows: t.Rows, Bytes: t.Bytes, Files: t.Files, ProblemCode: t.ProblemCode, Problem: t.Problem, ProblemAt: t.ProblemAt,
	}
}

func wireColumn(c schema.Column) Column {
	return Column{
		Name: c.Name, Type: ColumnType(c.Type), Native: c.Native, Nullable: c.Nullable,
		Precision: c.Precision, Scale: c.Scale, Partition: c.Partition,
	}
}

package controlapi

import (
	"context"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/snapshot"
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
	c, index, err := s.Connections.Schema(ctx, list.Workspace, req.ID)
	if err != nil {
		return nil, err
	}
	found, err := following(index, after, limit+1, wanted(req.Params))
	if err != nil {
		return nil, err
	}
	if req.Params.Columns {
		limit = httpapi.Fit(found, limit, func(e snapshot.Entry) int { return e.Width })
	}
	entries, next := httpapi.Page(list, found, limit, func(e snapshot.Entry) string { return e.Name })
	answer := SchemaPage{NextCursor: next, Version: c.SchemaVersion, RefreshedAt: c.SchemaRefreshed}
	if !req.Params.Columns {
		answer.Items = each(entries, wireEntry)
		return GetConnectionSchema200JSONResponse(answer), nil
	}
	tables, err := index.Tables(ctx, entries)
	answer.Items = each(tables, wireTable)
	return GetConnectionSchema200JSONResponse(answer), err
}

// wanted tells which tables a request asks for.
func wanted(p GetConnectionSchemaParams) func(snapshot.Entry) bool {
	query := strings.ToLower(p.Query)
	return func(e snapshot.Entry) bool {
		return (p.Namespace == "" || e.Namespace == p.Namespace) && strings.Contains(strings.ToLower(e.Name), query)
	}
}

// following returns the wanted tables after the one with a name, which may be gone by now.
func following(index *snapshot.Index, name string, limit int, wanted func(snapshot.Entry) bool) ([]snapshot.Entry, error) {
	var found []snapshot.Entry
	for e, err := range index.After(name) {
		if err != nil {
			return nil, err
		}
		if !wanted(e) {
			continue
		}
		if found = append(found, e); len(found) == limit {
			break
		}
	}
	return found, nil
}

// GetConnectionTable returns one table with its columns.
func (s server) GetConnectionTable(ctx context.Context, req GetConnectionTableRequestObject) (GetConnectionTableResponseObject, error) {
	if err := known(id.Connection, req.ID, fault.ConnectionNotFound); err != nil {
		return nil, err
	}
	_, table, err := s.Connections.Table(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID, req.Params.Name)
	if err != nil {
		return nil, err
	}
	return GetConnectionTable200JSONResponse(wireTable(table)), nil
}

// wireEntry is a table without its columns.
func wireEntry(e snapshot.Entry) Table {
	return Table{
		Name: e.Name, Namespace: e.Namespace, Kind: TableKind(e.Kind), Comment: e.Comment, Format: e.Format, ColumnCount: int32(e.Columns),
		Rows: e.Rows, Bytes: e.Bytes, Files: e.Files, ProblemCode: e.ProblemCode, Problem: e.Problem, ProblemAt: e.ProblemAt,
	}
}

func wireTable(t schema.Table) Table {
	w := Table{
		Name: t.Name, Namespace: t.Namespace, Kind: TableKind(t.Kind), Comment: t.Comment, Format: t.Format,
		ColumnCount: int32(len(t.Columns)), Columns: each(t.Columns, wireColumn), Clustering: t.Clustering, Key: t.Key,
		Rows: t.Rows, Bytes: t.Bytes, Files: t.Files, ProblemCode: t.ProblemCode, Problem: t.Problem, ProblemAt: t.ProblemAt,
	}
	if p := t.Partitioning; p != nil {
		w.Partitioning = Partitioning{Column: p.Column, Granularity: p.Granularity, FilterRequired: p.FilterRequired}
	}
	return w
}

func wireColumn(c schema.Column) Column {
	w := Column{
		Name: c.Name, Type: DiscoveredType(c.Type), Native: c.Native, Nullable: c.Nullable,
		Precision: c.Precision, Scale: c.Scale, Partition: c.Partition, Repeated: c.Repeated, Loss: c.Loss,
	}
	if len(c.Fields) > 0 {
		w.Fields = each(c.Fields, wireColumn)
	}
	return w
}

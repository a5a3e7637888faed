package controlapi

import (
	"context"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// CreateImport saves an import.
func (s server) CreateImport(ctx context.Context, req CreateImportRequestObject) (CreateImportResponseObject, error) {
	who := httpapi.Caller(ctx)
	i, err := s.Imports.Create(ctx, who.WorkspaceID, who.Subject, newImport(*req.Body))
	if err != nil {
		return nil, err
	}
	return CreateImport201JSONResponse{
		Headers: CreateImport201ResponseHeaders{Location: "/v1/imports/" + i.ID},
		Body:    wireImport(i),
	}, nil
}

func newImport(b NewImport) ingest.NewImport {
	n := ingest.NewImport{
		Name: b.Name, ConnectionID: b.ConnectionID, Table: b.Table, Query: b.Query, MaximumBytes: b.MaximumBytes,
		Type: ingest.Type(b.Type), Mode: ingest.Mode(b.Mode), Mapping: each(b.Mapping, mappedColumn),
		Key: b.Key, Deleted: b.Deleted, Guards: guards(b.Guards), Proof: ingest.Proof(b.Proof), Precedence: int(b.Precedence),
	}
	if b.Cursor != (ImportCursor{}) {
		n.Cursor = &ingest.Cursor{
			Column: b.Cursor.Column, Type: schema.Type(b.Cursor.Type), Lookback: b.Cursor.Lookback, Nulls: ingest.Nulls(b.Cursor.Nulls),
		}
	}
	for _, c := range b.Filter {
		n.Filter = append(n.Filter, source.Condition{Column: c.Column, Op: source.Op(c.Op), Values: c.Values, OrNull: c.OrNull})
	}
	if b.EveryHours != nil {
		hours := int(*b.EveryHours)
		n.EveryHours = &hours
	}
	return n
}

func mappedColumn(c NewMappedColumn) ingest.Column {
	return ingest.Column{
		Source: c.Source, Path: c.Path, Target: c.Target, Type: schema.Type(c.Type), Required: c.Required,
		Transforms: each(c.Transforms, func(t Transform) ingest.Transform { return ingest.Transform(t) }),
		OnInvalid:  ingest.Invalid(c.OnInvalid), Region: c.Region,
		Constant: c.Constant, Default: c.Default,
	}
}

// UpdateImport changes an import.
func (s server) UpdateImport(ctx context.Context, req UpdateImportRequestObject) (UpdateImportResponseObject, error) {
	if err := known(id.Import, req.ID, fault.ImportNotFound); err != nil {
		return nil, err
	}
	c := ingest.Change{Proof: ingest.Proof(req.Body.Proof)}
	if req.Body.Mapping != nil {
		c.Mapping = each(req.Body.Mapping, mappedColumn)
	}
	if req.Body.Guards != nil {
		g := guards(*req.Body.Guards)
		c.Guards = &g
	}
	if req.Body.Precedence != nil {
		precedence := int(*req.Body.Precedence)
		c.Precedence = &precedence
	}
	i, err := s.Imports.Update(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID, c)
	if err != nil {
		return nil, err
	}
	return UpdateImport200JSONResponse(wireImport(i)), nil
}

// ListImports returns a page of imports.
func (s server) ListImports(ctx context.Context, req ListImportsRequestObject) (ListImportsResponseObject, error) {
	list := httpapi.List{Kind: "imports", Workspace: httpapi.Caller(ctx).WorkspaceID}
	limit, after, err := pageOf(list, req.Params.Limit, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	read, err := s.Imports.List(ctx, list.Workspace, after, limit+1)
	if err != nil {
		return nil, err
	}
	limit = httpapi.Fit(read, limit, width)
	imports, next := httpapi.Page(list, read, limit, func(i ingest.Import) string { return i.ID })
	return ListImports200JSONResponse{Items: each(imports, wireImport), NextCursor: next}, nil
}

// width is how much of an answer an import takes, in columns of some 100 bytes.
func width(i ingest.Import) int {
	const column = 100
	size := len(i.Query)
	for _, c := range i.Mapping {
		size += len(c.Path)
		for _, literal := range []*string{c.Constant, c.Default} {
			if literal != nil {
				size += len(*literal)
			}
		}
	}
	for _, c := range i.Filter {
		size += column
		for _, v := range c.Values {
			size += len(v)
		}
	}
	return len(i.Mapping) + size/column
}

// GetImport returns one import.
func (s server) GetImport(ctx context.Context, req GetImportRequestObject) (GetImportResponseObject, error) {
	if err := known(id.Import, req.ID, fault.ImportNotFound); err != nil {
		return nil, err
	}
	i, err := s.Imports.Get(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID)
	if err != nil {
		return nil, err
	}
	return GetImport200JSONResponse(wireImport(i)), nil
}

func wireImport(i ingest.Import) Import {
	w := Import{
		ID: i.ID, Name: i.Name, ConnectionID: i.ConnectionID, Table: i.Table, Query: i.Query, MaximumBytes: i.MaximumBytes,
		Filter: conditions(i.Filter),
		Type:   ImportType(i.Type), Mode: ImportMode(i.Mode), Mapping: each(i.Mapping, wireMappedColumn),
		EveryHours: int32(i.EveryHours), NextRunAt: i.NextRunAt, OpenRunID: i.OpenRunID, LastRunID: i.LastRunID,
		Key: i.Key, Deleted: i.Deleted, Guards: wireGuards(i.Guards), Proof: Proof(i.Proof), Precedence: int32(i.Precedence),
		Watermark: i.Watermark, ManifestHash: i.ManifestHash, CreatedAt: i.CreatedAt, CreatedBy: i.CreatedBy,
	}
	if i.Cursor != nil {
		w.Cursor = ImportCursor{
			Column: i.Cursor.Column, Type: ColumnType(i.Cursor.Type), Lookback: i.Cursor.Lookback, Nulls: ImportCursorNulls(i.Cursor.Nulls),
		}
	}
	return w
}

// conditions are nil, and so absent, when there are none.
func conditions(f source.Filter) []FilterCondition {
	var w []FilterCondition
	for _, c := range f {
		w = append(w, FilterCondition{Column: c.Column, Op: FilterConditionOp(c.Op), Values: c.Values, OrNull: c.OrNull})
	}
	return w
}

func wireMappedColumn(c ingest.Column) MappedColumn {
	return MappedColumn{
		Source: c.Source, Path: c.Path, Target: c.Target, Type: ColumnType(c.Type), Required: c.Required,
		Transforms: each(c.Transforms, func(t ingest.Transform) Transform { return Transform(t) }),
		OnInvalid:  OnInvalid(c.OnInvalid), Region: c.Region,
		Constant: c.Constant, Default: c.Default,
	}
}

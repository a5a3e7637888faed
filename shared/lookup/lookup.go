// Package lookup reads back for people what imports have landed and what they
// rejected: rows of an import, what all imports of a workspace know of one
// identifier, and the quarantine of a run.
package lookup

import (
	"context"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// Lake is what look-ups need of the lake.
type Lake interface {
	Rows(ctx context.Context, id lake.TableID, limit int) ([]lake.Row, error)
	Lookup(ctx context.Context, id lake.TableID, column, value string, limit int) ([]lake.Row, error)
	Newest(ctx context.Context, id lake.TableID, want lake.Newest) ([]lake.Row, error)
}

// Imports finds imports.
type Imports interface {
	Import(ctx context.Context, workspaceID, id string) (ingest.Import, error)
	Imports(ctx context.Context, workspaceID, after string, limit int) ([]ingest.Import, error)
}

// Service answers look-ups. Identifiers are matched as they stand in the lake: after mapping.
type Service struct {
	Imports Imports
	Lake    Lake
}

// Found is a row, and the import that landed it.
type Found struct {
	ImportID string
	Row      lake.Row
}

// Rows returns up to limit rows of an import, in no particular order. An
// import that has not landed anything yet is fault.LakeTableMissing.
func (s *Service) Rows(ctx context.Context, workspaceID, importID string, limit int) ([]lake.Row, error) {
	i, err := s.Imports.Import(ctx, workspaceID, importID)
	if err != nil {
		return nil, err
	}
	rows, err := s.Lake.Rows(ctx, lake.TableOf(i), limit)
	for n := range rows {
		rows[n] = visible(rows[n])
	}
	return rows, err
}

// visible is a row without the columns that are Headwater's own.
func visible(row lake.Row) lake.Row {
	return slices.DeleteFunc(slices.Clone(row), func(c lake.Cell) bool { return strings.HasPrefix(c.Column, ingest.SystemPrefix) })
}

// AllImports returns every import of a workspace, newest first.
func AllImports(ctx context.Context, from Imports, workspaceID string) (all []ingest.Import, err error) {
	const page = 100
	for after := ""; ; after = all[len(all)-1].ID {
		some, err := from.Imports(ctx, workspaceID, after, page)
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(some) == 0 {
			return all, nil
		}
	}
}

// find returns an import's rows that have the value in a column, at most limit; none when it has not landed anything yet.
func (s *Service) find(ctx context.Context, i ingest.Import, column, value string, limit int) ([]lake.Row, error) {
	rows, err := s.Lake.Lookup(ctx, lake.TableOf(i), column, value, limit)
	if fault.CodeOf(err) == fault.LakeTableMissing {
		return nil, nil
	}
	return rows, err
}

func text(row lake.Row, column string) string {
	value, _ := row.Value(column)
	s, _ := value.(string)
	return s
}

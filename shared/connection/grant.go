package connection

import (
	"context"
	"fmt"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Grants returns the least-privilege statements for some tables of a connection,
// or for all that it covers when none are named. A table that is not in the
// connection's schema is fault.TableNotFound, by its place.
func (s *Service) Grants(ctx context.Context, workspaceID, connectionID string, tables []string) ([]source.Grant, error) {
	c, err := s.Store.Connection(ctx, workspaceID, connectionID)
	if err != nil {
		return nil, err
	}
	if len(tables) == 0 {
		return s.statements(c, nil, nil)
	}
	kinds, err := s.kinds(ctx, c, tables)
	if err != nil {
		return nil, err
	}
	return s.statements(c, tables, kinds)
}

// kinds returns what tables are, and refuses those that are not in the schema.
func (s *Service) kinds(ctx context.Context, c Connection, tables []string) (map[string]schema.Kind, error) {
	index, err := OpenSchema(ctx, s.Objects, c)
	if err != nil {
		return nil, err
	}
	var problems fault.List
	kinds := make(map[string]schema.Kind, len(tables))
	for i, name := range tables {
		entry, ok, err := index.Find(name)
		if err != nil {
			return nil, err
		}
		if !ok {
			problems.Add(fault.InvalidRequest, fmt.Sprintf("tables[%d]", i), "the connection has no such table")
		}
		kinds[name] = entry.Kind
	}
	return kinds, problems.Err()
}

// Setup returns what to paste at the platform before a connection can work: a
// trust policy names the connection, or a setting that was only made with it. It
// is empty where everything was known before.
func (s *Service) Setup(c Connection) ([]source.Grant, error) {
	spec, err := s.Catalog.Spec(c.Platform)
	if err != nil {
		return nil, err
	}
	made := slices.ContainsFunc(spec.Settings, func(f source.Field) bool { return f.Generated })
	named := slices.ContainsFunc(spec.Auth, func(m source.AuthMethod) bool { return m.Name == c.AuthMethod && m.NamesConnection })
	if !made && !named {
		return nil, nil
	}
	return s.statements(c, nil, nil)
}

func (s *Service) statements(c Connection, tables []string, kinds map[string]schema.Kind) ([]source.Grant, error) {
	return s.Statements(c.Platform, source.GrantRequest{
		Settings: c.Settings, Method: c.AuthMethod, Tables: tables, Kinds: kinds, Principal: s.Principal, Connection: c.ID, Identity: c.Identity,
	})
}

// PlatformCounts returns how many connections a workspace has to each platform.
func (s *Service) PlatformCounts(ctx context.Context, workspaceID string) (map[string]int, error) {
	return s.Store.PlatformCounts(ctx, workspaceID)
}

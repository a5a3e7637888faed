// Package lookup reads the lake back for people: rows of an import, and what
// all imports of a workspace know of one identifier.
package lookup

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// Lake is what look-ups need of the lake.
type Lake interface {
	Rows(ctx context.Context, id lake.TableID, limit int) ([]lake.Row, error)
	Lookup(ctx context.Context, id lake.TableID, column, value string, limit int) ([]lake.Row, error)
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

// perImport bounds the rows that one import adds to a profile.
const perImport = 100

// Profile is what a workspace knows of one identifier, import by import. Empty parts are empty, never nil.
type Profile struct {
	Identifier string
	Profiles   []Found // rows of user_profile imports
	Identities []Found // rows of identity_graph imports that have it on either side
	Groups     []Found // rows of group_identity imports
	Activities []Found // rows of user_activity imports, newest first
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
	return s.Lake.Rows(ctx, lake.TableOf(i), limit)
}

// Profile collects what every import of the workspace knows of an identifier,
// or says fault.ProfileNotFound when none knows it.
func (s *Service) Profile(ctx context.Context, workspaceID, identifier string) (Profile, error) {
	p := Profile{Identifier: identifier, Profiles: []Found{}, Identities: []Found{}, Groups: []Found{}, Activities: []Found{}}
	for after := ""; ; {
		page, err := s.Imports.Imports(ctx, workspaceID, after, 100)
		if err != nil {
			return Profile{}, err
		}
		if len(page) == 0 {
			break
		}
		for _, i := range page {
			if err := s.add(ctx, &p, i); err != nil {
				return Profile{}, fmt.Errorf("looking up import %s: %w", i.ID, err)
			}
		}
		after = page[len(page)-1].ID
	}
	if len(p.Profiles)+len(p.Identities)+len(p.Groups)+len(p.Activities) == 0 {
		return Profile{}, fault.New(fault.ProfileNotFound, "no import has landed this identifier")
	}
	slices.SortStableFunc(p.Activities, func(a, b Found) int {
		return cmp.Compare(text(b.Row, "event_time"), text(a.Row, "event_time"))
	})
	return p, nil
}

// add adds what one import knows.
func (s *Service) add(ctx context.Context, p *Profile, i ingest.Import) error {
	switch i.Type {
	case ingest.UserProfile:
		return s.find(ctx, &p.Profiles, i, "identifier", p.Identifier)
	case ingest.UserActivity:
		return s.find(ctx, &p.Activities, i, "identifier", p.Identifier)
	case ingest.GroupIdentity:
		return s.find(ctx, &p.Groups, i, "user_id", p.Identifier)
	case ingest.IdentityGraph:
		return s.pairs(ctx, &p.Identities, i, p.Identifier)
	}
	return nil
}

// pairs adds the rows that have the identifier on either side, those that have it on both once.
func (s *Service) pairs(ctx context.Context, found *[]Found, i ingest.Import, identifier string) error {
	if err := s.find(ctx, found, i, "first_id", identifier); err != nil {
		return err
	}
	var second []Found
	if err := s.find(ctx, &second, i, "second_id", identifier); err != nil {
		return err
	}
	*found = append(*found, slices.DeleteFunc(second, func(f Found) bool { return text(f.Row, "first_id") == identifier })...)
	return nil
}

// find adds an import's rows that have the value; none when it has not landed anything yet.
func (s *Service) find(ctx context.Context, found *[]Found, i ingest.Import, column, value string) error {
	rows, err := s.Lake.Lookup(ctx, lake.TableOf(i), column, value, perImport)
	for _, row := range rows {
		*found = append(*found, Found{ImportID: i.ID, Row: row})
	}
	if fault.CodeOf(err) == fault.LakeTableMissing {
		return nil
	}
	return err
}

func text(row lake.Row, column string) string {
	value, _ := row.Value(column)
	s, _ := value.(string)
	return s
}

package lookup

import (
	"context"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// What a profile is made of, at most.
const (
	atOnce        = 8    // look-ups under way at the same time
	inMemory      = 32   // answers that are not merged yet
	perImport     = 100  // rows of one import and identity
	maxRows       = 1000 // of user_profile imports, and of group_identity imports
	maxActivities = 100  // the newest ones of all imports
)

// Profile is what a workspace knows of one identifier. Empty parts are empty, never nil.
type Profile struct {
	Identifier string
	Traits     map[string]Trait // merged, by Claim.Beats
	Linked     Linked
	Profiles   []Found // rows of user_profile imports
	Identities []Found // rows of identity_graph imports that have it on either side
	Groups     []Found // rows of group_identity imports
	Activities []Found // rows of user_activity imports, newest first
	Truncated  bool    // there are more rows
}

// Trait is a merged trait, and the import that it is from.
type Trait struct {
	Value    any
	ImportID string
}

// Profile collects what every import of the workspace knows of an identifier, linked with its linked identities,
// or says fault.ProfileNotFound when none knows the identifier itself.
func (s *Service) Profile(ctx context.Context, workspaceID, identifier string, linked bool) (Profile, error) {
	imports, err := AllImports(ctx, s.Imports, workspaceID)
	if err != nil {
		return Profile{}, err
	}
	p := Profile{Identifier: identifier, Traits: map[string]Trait{}, Identities: []Found{}}
	graph := search{Service: s, imports: ofType(imports, ingest.IdentityGraph)}
	if p.Linked, err = graph.from(ctx, identifier); err != nil {
		return Profile{}, err
	}
	for _, row := range graph.own {
		p.Identities = append(p.Identities, Found{row.ImportID, visible(row.Row)})
	}
	whose := []LinkedIdentity{{Identifier: identifier}}
	if linked {
		whose = append(whose, p.Linked.Identities...)
	}
	collected := collection{claims: map[string]Claim{}}
	for some := range slices.Chunk(questions(imports, whose), inMemory) {
		if err := s.ask(ctx, some); err != nil {
			return Profile{}, err
		}
		collected.take(some)
	}
	collected.into(&p)
	if len(p.Profiles)+len(p.Identities)+len(p.Groups)+len(p.Activities) == 0 {
		return Profile{}, fault.New(fault.ProfileNotFound, "no import has landed this identifier")
	}
	return p, nil
}

func ofType(imports []ingest.Import, kind ingest.Type) (some []ingest.Import) {
	for _, i := range imports {
		if i.Type == kind {
			some = append(some, i)
		}
	}
	return some
}

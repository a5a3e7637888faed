package lookup

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// What a profile is made of, at most.
const (
	atOnce        = 8    // look-ups under way at the same time
	perImport     = 100  // rows of one import
	perActivities = 5000 // activities of one import, among which the newest are looked for
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
	answers, err := s.ask(ctx, imports, whose)
	if err != nil {
		return Profile{}, err
	}
	p.merge(answers)
	p.collect(answers)
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

// question asks one import for one identity; its rows are the answer.
type question struct {
	of    ingest.Import
	whose LinkedIdentity
	rows  []lake.Row
	more  bool // there are more rows than it takes
}

// column is where a type of import has the identifier, and how many rows are taken; "" of those that are asked otherwise.
func column(kind ingest.Type) (name string, limit int) {
	switch kind {
	case ingest.UserProfile:
		return "identifier", perImport
	case ingest.UserActivity:
		return "identifier", perActivities
	case ingest.GroupIdentity:
		return "user_id", perImport
	}
	return "", 0
}

// ask puts every import's question about every identity, several at once. The
// answers are in the imports' order, newest first, and in that of the identities.
func (s *Service) ask(ctx context.Context, imports []ingest.Import, whose []LinkedIdentity) ([]question, error) {
	var questions []question
	for _, i := range imports {
		if name, _ := column(i.Type); name == "" {
			continue
		}
		for _, who := range whose {
			questions = append(questions, question{of: i, whose: who})
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for n := range questions {
		q := &questions[n]
		group.Go(func() (err error) {
			name, limit := column(q.of.Type)
			q.rows, err = s.find(ctx, q.of, name, q.whose.Identifier, limit+1)
			if err != nil {
				return fmt.Errorf("looking up import %s: %w", q.of.ID, err)
			}
			if q.more = len(q.rows) > limit; q.more {
				q.rows = q.rows[:limit]
			}
			q.rows = slices.DeleteFunc(q.rows, q.whose.isNot)
			return nil
		})
	}
	return questions, group.Wait()
}

// isNot reports whether a row says that its identifier is of another type than the linked one's.
func (i LinkedIdentity) isNot(row lake.Row) bool {
	of := text(row, "identifier_type")
	return i.Type != "" && of != "" && of != i.Type
}

// merge merges the traits.
func (p *Profile) merge(answers []question) {
	claims := map[string]Claim{}
	for _, a := range answers {
		if a.of.Type != ingest.UserProfile {
			continue
		}
		for _, row := range a.rows {
			cursor, _ := row.Value(ingest.CursorColumn)
			for _, cell := range row {
				if !isTrait(cell.Column) {
					continue
				}
				claim := Claim{Value: cell.Value, Cursor: cursor, Distance: a.whose.Distance, By: ClaimantOf(a.of)}
				if standing, ok := claims[cell.Column]; !ok || claim.Beats(standing) {
					claims[cell.Column] = claim
				}
			}
		}
	}
	for name, c := range claims {
		p.Traits[name] = Trait{c.Value, c.By.ImportID}
	}
}

func isTrait(column string) bool {
	return column != "identifier" && column != "identifier_type" && !strings.HasPrefix(column, ingest.SystemPrefix)
}

// collect puts the rows where they belong.
func (p *Profile) collect(answers []question) {
	p.Profiles, p.Groups, p.Activities = []Found{}, []Found{}, []Found{}
	to := map[ingest.Type]*[]Found{ingest.UserProfile: &p.Profiles, ingest.GroupIdentity: &p.Groups, ingest.UserActivity: &p.Activities}
	for _, a := range answers {
		p.Truncated = p.Truncated || a.more
		for _, row := range a.rows {
			*to[a.of.Type] = append(*to[a.of.Type], Found{a.of.ID, visible(row)})
		}
	}
	slices.SortStableFunc(p.Activities, func(a, b Found) int {
		return cmp.Compare(text(b.Row, "event_time"), text(a.Row, "event_time"))
	})
	if len(p.Activities) > maxActivities {
		p.Activities, p.Truncated = p.Activities[:maxActivities], true
	}
}

package ingest

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Change is what a caller changes of an import; what is nil or "" stays.
type Change struct {
	Mapping    Mapping
	Guards     *Guards
	Proof      Proof
	Precedence *int
}

// Update changes an import; its next run goes by that. A mapping is held to the source as it is now, and to the
// import's key, cursor and flag, as a new one is. fault.ImportRunOpen while a run is open, which goes by what was;
// fault.ImportChanged when the import was changed, or had a run, while the change was being made.
func (s *Service) Update(ctx context.Context, workspaceID, importID string, c Change) (Import, error) {
	seen, err := s.Store.Import(ctx, workspaceID, importID)
	if err != nil {
		return Import{}, err
	}
	i, err := c.apply(seen)
	if err != nil {
		return Import{}, err
	}
	if c.Mapping != nil {
		if i, err = s.resolveAgain(ctx, i); err != nil {
			return Import{}, err
		}
		if err := i.follow(seen); err != nil {
			return Import{}, err
		}
	}
	switch done, err := s.Store.UpdateImport(ctx, i); {
	case err != nil:
		return Import{}, err
	case !done:
		return Import{}, s.overtaken(ctx, seen)
	}
	i.Revision++
	return i, nil
}

// overtaken says why an import could not be changed.
func (s *Service) overtaken(ctx context.Context, seen Import) error {
	switch now, err := s.Store.Import(ctx, seen.WorkspaceID, seen.ID); {
	case err != nil:
		return err
	case now.OpenRunID != "":
		return fault.New(fault.ImportRunOpen, "a run of this import is open")
	}
	return fault.New(fault.ImportChanged, "somebody else changed the import, or a run of it ended, at the same time")
}

func (c Change) apply(i Import) (Import, error) {
	var problems fault.List
	if c.Mapping != nil {
		c.Mapping.bound(i.Fingerprint, &problems)
		i.Mapping = c.Mapping
	}
	if c.Guards != nil {
		i.Guards = *c.Guards
	}
	if c.Proof != "" {
		i.Proof = c.Proof
	}
	if c.Precedence != nil {
		i.Precedence = *c.Precedence
	}
	boundSettings(i.Type, i.Guards, i.Proof, i.Precedence, &problems)
	return i, problems.Err()
}

func (s *Service) resolveAgain(ctx context.Context, i Import) (Import, error) {
	_, table, err := s.reads(ctx, i)
	switch {
	case err != nil:
		return i, err
	case i.Query != "":
		return i.resolveQuery()
	}
	return i.Resolve(table)
}

// follow holds a mapping to what has landed by the one before: a target stays what it is, and rows that
// are read again are looked for wherever they may be.
func (i *Import) follow(before Import) error {
	if before.LastRunID == "" {
		return nil
	}
	var problems fault.List
	for n, c := range i.Mapping {
		at := before.Mapping.at(c.Target)
		if at < 0 || c.Type == "" || before.Mapping[at].Type == "" { // a query's is not known before it runs
			continue
		}
		if had := before.Mapping[at].Type; c.Type != had {
			problems.Add(fault.ImportMapping, fmt.Sprintf("mapping[%d].type", n),
				fmt.Sprintf("rows have landed with this target as %s: give the %s a target of another name", had, c.Type))
		}
	}
	for _, c := range i.Type.Canonicals() { // of which those that a table is spread by are some
		spreads := c.Required || i.Type == IdentityGraph // whose types decide which identifier comes first
		if spreads && len(i.Fingerprint) > 0 && !reflect.DeepEqual(i.Mapping.of(c.Name), before.Mapping.of(c.Name)) {
			i.Respread = true
		}
	}
	return problems.Err()
}

// of is the column with a target, the zero one when it is not mapped.
func (m Mapping) of(target string) Column {
	if at := m.at(target); at >= 0 {
		return m[at]
	}
	return Column{}
}

// maxPrecedence bounds precedences, either way.
const maxPrecedence = 1000

// boundSettings refuses settings that are none.
func boundSettings(t Type, g Guards, p Proof, precedence int, problems *fault.List) {
	g.validate("guards", t, problems)
	if !slices.Contains([]Proof{"", ProofCounts, ProofOff}, p) {
		problems.Add(fault.InvalidRequest, "proof", "must be one of: counts, off")
	}
	if precedence < -maxPrecedence || precedence > maxPrecedence {
		problems.Add(fault.InvalidRequest, "precedence", fmt.Sprintf("must be from -%d to %d", maxPrecedence, maxPrecedence))
	}
}

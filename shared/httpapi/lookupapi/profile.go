package lookupapi

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/lookup"
)

// maxIdentifier bounds an identifier, in characters.
const maxIdentifier = 1024

// GetProfile returns what the workspace's imports have landed about a person.
func (s server) GetProfile(ctx context.Context, req GetProfileRequestObject) (GetProfileResponseObject, error) {
	p, err := s.profile(ctx, req.Identifier, req.Params.Linked)
	if err != nil {
		return nil, err
	}
	return GetProfile200JSONResponse(p), nil
}

// FindProfile is GetProfile for identifiers that a path cannot hold.
func (s server) FindProfile(ctx context.Context, req FindProfileRequestObject) (FindProfileResponseObject, error) {
	p, err := s.profile(ctx, req.Params.Identifier, req.Params.Linked)
	if err != nil {
		return nil, err
	}
	return FindProfile200JSONResponse(p), nil
}

func (s server) profile(ctx context.Context, identifier string, linked bool) (Profile, error) {
	if n := utf8.RuneCountInString(identifier); n == 0 || n > maxIdentifier || !utf8.ValidString(identifier) {
		return Profile{}, fault.New(fault.ProfileNotFound, "")
	}
	p, err := s.Lookups.Profile(ctx, httpapi.Caller(ctx).WorkspaceID, identifier, linked)
	if err != nil {
		return Profile{}, err
	}
	return wireProfile(p)
}

func wireProfile(p lookup.Profile) (Profile, error) {
	w := Profile{Identifier: p.Identifier, Traits: make(map[string]Trait, len(p.Traits)), Truncated: p.Truncated}
	for name, t := range p.Traits {
		w.Traits[name] = Trait{Value: t.Value, ImportID: t.ImportID}
	}
	w.Linked = Linked{Identities: make([]LinkedIdentity, len(p.Linked.Identities)), Truncated: p.Linked.Truncated}
	for n, i := range p.Linked.Identities {
		w.Linked.Identities[n] = LinkedIdentity{Identifier: i.Identifier, Type: i.Type, Distance: int32(i.Distance)}
	}
	merged, err := json.Marshal(w)
	if err != nil {
		return Profile{}, fmt.Errorf("measuring profile: %w", err)
	}
	room := max(0, maxRows-len(merged))
	for _, part := range []struct {
		to   *[]FoundRow
		from []lookup.Found
	}{{&w.Profiles, p.Profiles}, {&w.Identities, p.Identities}, {&w.Groups, p.Groups}, {&w.Activities, p.Activities}} {
		if *part.to, err = wireFound(part.from, &room); err != nil {
			return Profile{}, err
		}
		w.Truncated = w.Truncated || len(*part.to) < len(part.from)
	}
	return w, nil
}

// wireFound returns the first rows, as many as there is room for. It is never nil, so that it is [] and not null.
func wireFound(found []lookup.Found, room *int) ([]FoundRow, error) {
	rows := []FoundRow{}
	for _, f := range found {
		row := FoundRow{ImportID: f.ImportID, Row: f.Row}
		text, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("measuring rows: %w", err)
		}
		if *room -= len(text); *room < 0 {
			break
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func notNil[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

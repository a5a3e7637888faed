package lookupapi

import (
	"context"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/lookup"
)

// maxIdentifier bounds an identifier, in characters.
const maxIdentifier = 1024

// GetProfile returns what the workspace's imports have landed about a person.
func (s server) GetProfile(ctx context.Context, req GetProfileRequestObject) (GetProfileResponseObject, error) {
	if n := utf8.RuneCountInString(req.Identifier); n > maxIdentifier || !utf8.ValidString(req.Identifier) {
		return nil, fault.New(fault.ProfileNotFound, "")
	}
	p, err := s.lookups.Profile(ctx, httpapi.Caller(ctx).WorkspaceID, req.Identifier)
	if err != nil {
		return nil, err
	}
	return GetProfile200JSONResponse(wireProfile(p)), nil
}

func wireProfile(p lookup.Profile) Profile {
	return Profile{
		Identifier: p.Identifier,
		Profiles:   wireFound(p.Profiles), Identities: wireFound(p.Identities),
		Groups: wireFound(p.Groups), Activities: wireFound(p.Activities),
	}
}

// wireFound is never nil, so that it is [] and not null.
func wireFound(found []lookup.Found) []FoundRow {
	rows := make([]FoundRow, len(found))
	for i, f := range found {
		rows[i] = FoundRow{ImportID: f.ImportID, Row: f.Row}
	}
	return rows
}

func notNil[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

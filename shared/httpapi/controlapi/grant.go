package controlapi

import (
	"context"
	"fmt"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/source"
)

// maxTables is how many tables statements can be asked for at once.
const maxTables = 200

// GetConnectionGrants returns what lets the connection read some tables, and no more.
func (s server) GetConnectionGrants(ctx context.Context, req GetConnectionGrantsRequestObject) (GetConnectionGrantsResponseObject, error) {
	if err := known(id.Connection, req.ID, fault.ConnectionNotFound); err != nil {
		return nil, err
	}
	if len(req.Params.Tables) > maxTables {
		return nil, fault.Field(fault.InvalidRequest, "tables", fmt.Sprintf("must be at most %d", maxTables))
	}
	grants, err := s.Connections.Grants(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID, req.Params.Tables)
	if err != nil {
		return nil, err
	}
	return GetConnectionGrants200JSONResponse{Items: each(grants, wireGrant)}, nil
}

func wireGrant(g source.Grant) Grant {
	return Grant{Title: g.Title, Language: g.Language, Text: g.Text}
}

package controlapi

import (
	"context"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/source"
)

// CreateConnection stores a connection and starts its validation.
func (s server) CreateConnection(ctx context.Context, req CreateConnectionRequestObject) (CreateConnectionResponseObject, error) {
	who := httpapi.Caller(ctx)
	c, err := s.Connections.Create(ctx, who.WorkspaceID, who.Subject, connection.NewConnection{
		Name: req.Body.Name, Platform: req.Body.Platform,
		Settings: req.Body.Settings, Credential: credential(req.Body.Credentials),
	})
	if err != nil {
		return nil, err
	}
	answer, err := s.withSetup(c)
	return CreateConnection201JSONResponse{
		Headers: CreateConnection201ResponseHeaders{Location: "/v1/connections/" + c.ID},
		Body:    answer,
	}, err
}

// connectionBody is the body of createConnection. What of settings and
// credentials is right depends on the platform, which its Spec says.
type connectionBody struct {
	Name        string                   `json:"name"`
	Platform    string                   `json:"platform"`
	Settings    map[string]any           `json:"settings"`
	Credentials map[string]source.Secret `json:"credentials"`
}

// withSetup is a connection with what its owner has to do at the platform.
func (s server) withSetup(c connection.Connection) (Connection, error) {
	setup, err := s.Connections.Setup(c)
	answer := wireConnection(c)
	if len(setup) > 0 {
		answer.Setup = each(setup, wireGrant)
	}
	return answer, err
}

// credential takes the method out of the fields beside it.
func credential(given map[string]source.Secret) source.Credential {
	c := source.Credential{Method: given["method"].Reveal(), Fields: map[string]source.Secret{}}
	for name, value := range given {
		if name != "method" {
			c.Fields[name] = value
		}
	}
	return c
}

// ListConnections returns a page of connections.
func (s server) ListConnections(ctx context.Context, req ListConnectionsRequestObject) (ListConnectionsResponseObject, error) {
	list := httpapi.List{Kind: "connections", Workspace: httpapi.Caller(ctx).WorkspaceID}
	limit, after, err := pageOf(list, req.Params.Limit, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	read, err := s.Connections.List(ctx, list.Workspace, after, limit+1)
	if err != nil {
		return nil, err
	}
	connections, next := httpapi.Page(list, read, limit, func(c connection.Connection) string { return c.ID })
	return ListConnections200JSONResponse{Items: each(connections, wireConnection), NextCursor: next}, nil
}

// GetConnection returns a connection with its last validation.
func (s server) GetConnection(ctx context.Context, req GetConnectionRequestObject) (GetConnectionResponseObject, error) {
	if err := known(id.Connection, req.ID, fault.ConnectionNotFound); err != nil {
		return nil, err
	}
	c, err := s.Connections.Get(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID)
	if err != nil {
		return nil, err
	}
	answer, err := s.withSetup(c)
	if err != nil {
		return nil, err
	}
	v, err := s.Connections.LastValidation(ctx, c)
	if err != nil {
		return nil, err
	}
	answer.LastValidation = wireValidation(v)
	return GetConnection200JSONResponse(answer), nil
}

// known answers an id that cannot be one as if nothing had it.
func known(kind id.Kind, text string, missing fault.Code) error {
	if id.Is(kind, text) {
		return nil
	}
	return fault.New(missing, "")
}

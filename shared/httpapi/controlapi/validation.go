package controlapi

import (
	"context"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
)

// StartValidation begins a validation, or joins the one under way.
func (s server) StartValidation(ctx context.Context, req StartValidationRequestObject) (StartValidationResponseObject, error) {
	if err := known(id.Connection, req.ID, fault.ConnectionNotFound); err != nil {
		return nil, err
	}
	who := httpapi.Caller(ctx)
	v, err := s.Connections.Validate(ctx, who.WorkspaceID, req.ID, who.Subject)
	if err != nil {
		return nil, err
	}
	return StartValidation202JSONResponse{
		Headers: StartValidation202ResponseHeaders{Location: "/v1/connections/" + v.ConnectionID + "/validations/" + v.ID},
		Body:    wireValidation(v),
	}, nil
}

// GetValidation returns one validation.
func (s server) GetValidation(ctx context.Context, req GetValidationRequestObject) (GetValidationResponseObject, error) {
	if err := known(id.Connection, req.ID, fault.ConnectionNotFound); err != nil {
		return nil, err
	}
	if err := known(id.Validation, req.ValidationID, fault.ValidationNotFound); err != nil {
		return nil, err
	}
	v, err := s.Connections.Validation(ctx, connection.Ref{
		WorkspaceID: httpapi.Caller(ctx).WorkspaceID, ConnectionID: req.ID, ValidationID: req.ValidationID,
	})
	if err != nil {
		return nil, err
	}
	return GetValidation200JSONResponse(wireValidation(v)), nil
}

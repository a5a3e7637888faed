package lookupapi

//go:generate go tool -modfile=../../../scripts/tools/go.mod oapi-codegen -config oapi-codegen.yaml -o api.gen.go ../openapi.yaml

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/headwaterhq/headwater/shared/audience"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lookup"
)

// Lookups read the lake.
type Lookups interface {
	Rows(ctx context.Context, workspaceID, importID string, limit int) ([]lake.Row, error)
	Profile(ctx context.Context, workspaceID, identifier string, linked bool) (lookup.Profile, error)
}

// Quarantine reads what runs rejected.
type Quarantine interface {
	Read(ctx context.Context, ref ingest.Ref, w lookup.Wanted, from lookup.Place, yield func(lookup.Rejected) (bool, error)) (next lookup.Place, end bool, err error)
	Summary(ctx context.Context, ref ingest.Ref) (lookup.Summary, error)
	Destroy(ctx context.Context, ref ingest.Ref) error
}

// Audiences counts the people for whom an expression holds.
type Audiences interface {
	Preview(ctx context.Context, workspaceID string, e audience.Expression, sample int) (audience.Preview, error)
}

// Services is what answers the operations.
type Services struct {
	Lookups    Lookups
	Quarantine Quarantine
	Audiences  Audiences
}

var (
	_ Lookups    = (*lookup.Service)(nil)
	_ Quarantine = (*lookup.Quarantine)(nil)
	_ Audiences  = (*audience.Service)(nil)
)

// server answers the operations.
type server struct {
	Services
	log *slog.Logger
}

var _ StrictServerInterface = server{}

// New returns the handler of all lookup operations.
func New(log *slog.Logger, who httpapi.Identify, s Services) http.Handler {
	mux := http.NewServeMux()
	guard := httpapi.NewGuard(log, who, mux, map[string]httpapi.Body{"POST /v1/audiences:preview": httpapi.BodyOf[AudienceQuery]()})
	strict := NewStrictHandlerWithOptions(server{s, log}, []StrictMiddlewareFunc{withAccept}, StrictHTTPServerOptions{
		RequestErrorHandlerFunc: guard.Fail, ResponseErrorHandlerFunc: guard.Fail,
	})
	HandlerWithOptions(strict, StdHTTPServerOptions{
		BaseRouter: mux,
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			guard.Fail(w, r, parameterFault(err))
		},
	})
	return guard
}

// parameterFault names the parameter that could not be read, and not what it was.
func parameterFault(err error) error {
	if format, ok := errors.AsType[*InvalidParamFormatError](err); ok {
		return fault.Field(fault.InvalidRequest, format.ParamName, "is not in the form that this parameter takes")
	}
	if absent, ok := errors.AsType[*RequiredParamError](err); ok {
		return fault.Field(fault.MissingField, absent.ParamName, "is required")
	}
	return err
}

// GetImportRows returns some rows of an import's lake table.
func (s server) GetImportRows(ctx context.Context, req GetImportRowsRequestObject) (GetImportRowsResponseObject, error) {
	if !id.Is(id.Import, req.ID) {
		return nil, fault.New(fault.ImportNotFound, "")
	}
	limit, err := httpapi.Limit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	rows, err := s.Lookups.Rows(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID, limit)
	if err != nil {
		return nil, err
	}
	fit, err := fitting(rows)
	if err != nil {
		return nil, err
	}
	return GetImportRows200JSONResponse{Items: notNil(fit)}, nil
}

// maxRows is how many bytes of rows an answer holds. A Lambda answers with at
// most 6 MB, in which every quote of the body is escaped.
const maxRows = 3 << 20

// fitting returns the first rows, as many as an answer can hold. One always fits.
func fitting(rows []lake.Row) ([]lake.Row, error) {
	total := 0
	for i, row := range rows {
		text, err := row.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("measuring rows: %w", err)
		}
		if total += len(text); i > 0 && total > maxRows {
			return rows[:i], nil
		}
	}
	return rows, nil
}

package controlapi

//go:generate go tool -modfile=../../../scripts/tools/go.mod oapi-codegen -config oapi-codegen.yaml -o api.gen.go ../openapi.yaml

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/source"
)

// Services are what the operations call.
type Services struct {
	Connections *connection.Service
	Imports     *ingest.Service
	Manifests   Manifests
	Catalog     source.Catalog
	Now         func() time.Time
}

// server answers the operations.
type server struct{ Services }

var _ StrictServerInterface = server{}

// New returns the handler of all control operations and of /openapi.yaml.
func New(log *slog.Logger, who httpapi.Identify, s Services) http.Handler {
	mux := http.NewServeMux()
	guard := httpapi.NewGuard(log, who, mux, map[string]httpapi.Body{
		"POST /v1/connections": httpapi.BodyOf[NewConnection](),
		"POST /v1/imports":     httpapi.BodyOf[NewImport](),

		"PATCH /v1/imports/{id}":          httpapi.BodyOf[ImportChange](),
		"POST /v1/imports/{id}/backfills": httpapi.BodyOf[Backfill](),
		"PUT /v1/imports/{id}/watermark":  httpapi.BodyOf[Watermark](),
	})
	strict := NewStrictHandlerWithOptions(server{s}, nil, StrictHTTPServerOptions{
		RequestErrorHandlerFunc: guard.Fail, ResponseErrorHandlerFunc: guard.Fail,
	})
	HandlerWithOptions(strict, StdHTTPServerOptions{
		BaseRouter: mux,
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			guard.Fail(w, r, parameterFault(err))
		},
	})
	mux.Handle("GET /openapi.yaml", httpapi.Document())
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

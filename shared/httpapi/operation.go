// Package httpapi is the HTTP API: its contract in openapi.yaml, and what is
// the same for every operation. The operations are in controlapi and
// lookupapi, which two functions serve.
package httpapi

import (
	_ "embed"
	"net/http"

	"github.com/headwaterhq/headwater/shared/caller"
)

// Public is the permission of an operation that anybody may call.
const Public caller.Permission = "none"

// Operation is one operation of openapi.yaml: its ServeMux pattern and its x-permission.
type Operation struct {
	Pattern    string
	Permission caller.Permission
}

// Operations are all operations, whichever function serves them. What is not
// listed here cannot be called.
func Operations() []Operation {
	return []Operation{
		{"GET /v1/catalog", caller.ConnectionsRead},
		{"GET /v1/catalog/{platform}", caller.ConnectionsRead},
		{"POST /v1/connections", caller.ConnectionsWrite},
		{"GET /v1/connections", caller.ConnectionsRead},
		{"GET /v1/connections/{id}", caller.ConnectionsRead},
		{"POST /v1/connections/{id}/validations", caller.ConnectionsWrite},
		{"GET /v1/connections/{id}/validations/{validation_id}", caller.ConnectionsRead},
		{"GET /v1/connections/{id}/grants", caller.ConnectionsRead},
		{"GET /v1/connections/{id}/schema", caller.ConnectionsRead},
		{"GET /v1/connections/{id}/schema/tables", caller.ConnectionsRead},
		{"POST /v1/imports", caller.ImportsWrite},
		{"GET /v1/imports", caller.ImportsRead},
		{"GET /v1/imports/{id}", caller.ImportsRead},
		{"PATCH /v1/imports/{id}", caller.ImportsWrite},
		{"POST /v1/imports/{id}/backfills", caller.ImportsWrite},
		{"PUT /v1/imports/{id}/watermark", caller.ImportsWrite},
		{"POST /v1/imports/{id}/runs", caller.ImportsWrite},
		{"GET /v1/imports/{id}/runs", caller.ImportsRead},
		{"GET /v1/imports/{id}/runs/{run_id}", caller.ImportsRead},
		{"GET /v1/imports/{id}/runs/{run_id}/splits", caller.ImportsRead},
		{"GET /v1/imports/{id}/runs/{run_id}/manifest", caller.ImportsRead},
		{"POST /v1/imports/{id}/runs/{run_id}/release", caller.ImportsWrite},
		{"POST /v1/imports/{id}/runs/{run_id}/discard", caller.ImportsWrite},
		{"POST /v1/imports/{id}/runs/{run_id}/redrive", caller.ImportsWrite},
		{"POST /v1/imports/{id}/runs/{run_id}/replay", caller.ImportsWrite},
		{"GET /v1/imports/{id}/rows", caller.LakeRead},
		{"GET /v1/imports/{id}/runs/{run_id}/quarantine", caller.LakeRead},
		{"GET /v1/imports/{id}/runs/{run_id}/quarantine/summary", caller.LakeRead},
		{"DELETE /v1/imports/{id}/runs/{run_id}/quarantine/key", caller.ImportsWrite},
		{"GET /v1/profiles", caller.LakeRead},
		{"GET /v1/profiles/{identifier}", caller.LakeRead},
		{"POST /v1/audiences:preview", caller.LakeRead},
		{"GET /openapi.yaml", Public},
	}
}

//go:embed openapi.yaml
var document []byte

// Document serves openapi.yaml.
func Document() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(document) // the client is gone: nobody to tell
	})
}

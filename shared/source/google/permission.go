package google

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"google.golang.org/api/googleapi"

	"github.com/headwaterhq/headwater/shared/source"
)

// ProjectPermissions returns which of the permissions the credential has on a
// project, by its id. It asks the Resource Manager API, which needs no
// permission, and must be enabled in the credential's own project.
func (a *Access) ProjectPermissions(ctx context.Context, project string, permissions ...string) ([]string, error) {
	type list struct {
		Permissions []string `json:"permissions"`
	}
	question, err := json.Marshal(list{permissions})
	if err != nil {
		return nil, err
	}
	target := a.url(source.EndpointGoogleResourceManager) + "/v3/projects/" + url.PathEscape(project) + ":testIamPermissions"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(question))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // it was read, or its error counts
	if err := googleapi.CheckResponse(res); err != nil {
		return nil, err
	}
	var answer list
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("decoding permissions: %w", err)
	}
	return answer.Permissions, nil
}

// Lacking returns the wanted permissions that are not among the granted ones.
func Lacking(granted []string, wanted ...string) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(p string) bool { return slices.Contains(granted, p) })
}

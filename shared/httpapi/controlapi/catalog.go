package controlapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/formschema"
)

// ListPlatforms returns the platforms that a search finds.
func (s server) ListPlatforms(ctx context.Context, req ListPlatformsRequestObject) (ListPlatformsResponseObject, error) {
	category := string(req.Params.Category)
	if category != "" && !slices.Contains(source.Categories(), category) {
		return nil, fault.Field(fault.InvalidRequest, "category", fmt.Sprintf("must be one of: %v", source.Categories()))
	}
	counts, err := s.Connections.PlatformCounts(ctx, httpapi.Caller(ctx).WorkspaceID)
	if err != nil {
		return nil, err
	}
	found := s.Catalog.Search(req.Params.Query, category)
	return ListPlatforms200JSONResponse{
		Items: each(found, func(spec source.Spec) Platform { return wirePlatform(spec, counts) }),
	}, nil
}

// GetPlatform returns one platform.
func (s server) GetPlatform(ctx context.Context, req GetPlatformRequestObject) (GetPlatformResponseObject, error) {
	spec, err := s.Catalog.Spec(req.Platform)
	if err != nil {
		return nil, fault.New(fault.PlatformNotFound, "")
	}
	counts, err := s.Connections.PlatformCounts(ctx, httpapi.Caller(ctx).WorkspaceID)
	if err != nil {
		return nil, err
	}
	return GetPlatform200JSONResponse(wirePlatform(spec, counts)), nil
}

func wirePlatform(s source.Spec, counts map[string]int) Platform {
	settings := formschema.Settings(s)
	settings.Dialect, settings.Title = formschema.Dialect, s.Title
	generated := slices.DeleteFunc(slices.Clone(s.Settings), func(f source.Field) bool { return !f.Generated })
	methods := each(s.Auth, wireAuthMethod)
	methods[0].Recommended = !methods[0].Deprecated
	return Platform{
		Name: s.Platform, Title: s.Title, Description: s.Description, Category: PlatformCategory(s.Category),
		Availability: PlatformAvailability(s.Availability), Keywords: each(s.Keywords, func(k string) string { return k }),
		Capabilities:   each(s.Capabilities, func(c source.Capability) PlatformCapabilities { return PlatformCapabilities(c) }),
		SettingsSchema: settings, AuthMethods: methods, Connections: int32(counts[s.Platform]),
		GeneratedSettings: each(generated, func(f source.Field) GeneratedSetting {
			return GeneratedSetting{Name: f.Name, Title: f.Title, Description: f.Description}
		}),
	}
}

func wireAuthMethod(m source.AuthMethod) AuthMethod {
	credentials := formschema.Credential(m)
	credentials.Dialect = formschema.Dialect
	return AuthMethod{
		Name: m.Name, Title: m.Title, Description: m.Description, Deprecated: m.Deprecated, CredentialsSchema: credentials,
	}
}

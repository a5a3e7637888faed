package config

import (
	"strings"

	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/source"
)

// Endpoints finds where the services of platforms are reached, by
// HEADWATER_ENDPOINT_<SERVICE>.
func Endpoints(lookup Lookup) source.Endpoints {
	return func(service string) string {
		url, _ := lookup(names.EnvEndpointPrefix + strings.ToUpper(service))
		return url
	}
}

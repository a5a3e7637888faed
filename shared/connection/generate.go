package connection

import (
	"crypto/rand"
	"encoding/hex"
	"maps"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// generate returns the settings with those that Headwater makes itself: values
// that nobody can guess, as an external id that a role's trust policy asks for. A
// caller who could choose one could name somebody else's.
func generate(spec source.Spec, given map[string]any, problems *fault.List) map[string]any {
	settings := maps.Clone(given)
	for _, f := range spec.Settings {
		if !f.Generated {
			continue
		}
		if _, ok := given[f.Name]; ok {
			problems.Add(fault.InvalidRequest, "settings."+f.Name, "is made by Headwater when the connection is created, and cannot be given: leave it out")
		}
		if settings == nil {
			settings = make(map[string]any)
		}
		settings[f.Name] = unguessable()
	}
	return settings
}

// unguessable has 128 random bits.
func unguessable() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // it never fails
	return "hw-" + hex.EncodeToString(random)
}

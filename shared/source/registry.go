package source

import (
	"context"
	"iter"
	"maps"
	"slices"
)

// Registry holds the drivers of a program, by platform.
type Registry struct{ drivers map[string]Driver }

// NewRegistry returns a registry. Two drivers of one platform are a
// programming error and panic.
func NewRegistry(drivers ...Driver) *Registry {
	r := &Registry{drivers: make(map[string]Driver, len(drivers))}
	for _, d := range drivers {
		platform := d.Spec().Platform
		if _, twice := r.drivers[platform]; twice {
			panic("source: two drivers for platform " + platform)
		}
		r.drivers[platform] = d
	}
	return r
}

// Spec returns a platform's Spec, or fault.PlatformUnknown.
func (r *Registry) Spec(platform string) (Spec, error) { return r.Specs().Spec(platform) }

// Specs returns every platform's Spec, by name.
func (r *Registry) Specs() Catalog {
	specs := make(Catalog, 0, len(r.drivers))
	for _, d := range sorted(r.drivers) {
		specs = append(specs, d.Spec())
	}
	return specs
}

// Open opens a connection to a platform.
func (r *Registry) Open(ctx context.Context, platform string, cfg Config) (*Source, error) {
	d, err := r.driver(platform)
	if err != nil {
		return nil, err
	}
	return Open(ctx, d, cfg)
}

func (r *Registry) driver(platform string) (Driver, error) {
	d, ok := r.drivers[platform]
	if !ok {
		return nil, unknownPlatform(slices.Sorted(maps.Keys(r.drivers)))
	}
	return d, nil
}

func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

package memstore

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Objects keeps objects by key. The zero value is empty and ready.
type Objects struct {
	mu     sync.Mutex
	bodies map[string][]byte
}

// Put writes an object.
func (o *Objects) Put(_ context.Context, key string, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bodies == nil {
		o.bodies = make(map[string][]byte)
	}
	o.bodies[key] = bytes.Clone(body)
	return nil
}

// Get reads an object.
func (o *Objects) Get(_ context.Context, key string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body, ok := o.bodies[key]
	if !ok {
		return nil, fault.New(fault.Internal, "an object that Headwater keeps is missing")
	}
	return bytes.Clone(body), nil
}

// GetRange reads length bytes of an object from offset, or as many as there are.
func (o *Objects) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	body, err := o.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	size := int64(len(body))
	return body[min(offset, size):min(offset+length, size)], nil
}

// Delete removes objects; those that are not there are fine.
func (o *Objects) Delete(_ context.Context, keys ...string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, key := range keys {
		delete(o.bodies, key)
	}
	return nil
}

// Keys returns the keys of all objects, sorted.
func (o *Objects) Keys() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.bodies))
}

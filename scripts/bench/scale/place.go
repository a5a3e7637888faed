package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
)

// directory keeps objects as files, and counts the requests. Each takes as long as one to S3 would.
type directory struct {
	root    string
	latency time.Duration

	mu       sync.Mutex
	requests int
	sizes    map[string]int64 // by key
}

func newDirectory(root string, latency time.Duration) *directory {
	return &directory{root: root, latency: latency, sizes: map[string]int64{}}
}

// enter is the beginning of every request.
func (d *directory) enter(ctx context.Context) error {
	d.mu.Lock()
	d.requests++
	d.mu.Unlock()
	select {
	case <-time.After(d.latency):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *directory) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

// Put writes an object.
func (d *directory) Put(ctx context.Context, key string, body []byte) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	d.sizes[key] = int64(len(body))
	d.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(d.path(key)), 0o755); err != nil {
		return fmt.Errorf("writing an object: %w", err)
	}
	return os.WriteFile(d.path(key), body, 0o600)
}

// Get reads an object.
func (d *directory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	return os.ReadFile(d.path(key))
}

// GetRange reads a part of an object.
func (d *directory) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	body, err := d.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	size := int64(len(body))
	return body[min(offset, size):min(offset+length, size)], nil
}

// Delete removes objects.
func (d *directory) Delete(ctx context.Context, keys ...string) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	for _, key := range keys {
		if err := os.Remove(d.path(key)); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("deleting an object: %w", err)
		}
	}
	return nil
}

// largest is the size of the largest object whose key matches.
func (d *directory) largest(matches func(key string) bool) (most int64) {
	for key, size := range d.sizes {
		if matches(key) {
			most = max(most, size)
		}
	}
	return most
}

// table counts the items that are written, as DynamoDB would write them.
type table struct {
	*memstore.Store
	writes, inTransactions int
}

// CreateSplits writes an item for each split.
func (t *table) CreateSplits(ctx context.Context, ref ingest.Ref, splits []ingest.SplitProgress) error {
	t.writes += len(splits)
	return t.Store.CreateSplits(ctx, ref, splits)
}

// RecordPart writes the part, its split and its run in one transaction.
func (t *table) RecordPart(ctx context.Context, ref ingest.Ref, p ingest.Part) (bool, error) {
	t.writes += 3
	t.inTransactions += 3
	return t.Store.RecordPart(ctx, ref, p)
}

// MoveRun writes the run, and the import when it ends.
func (t *table) MoveRun(ctx context.Context, seen, r ingest.Run) (bool, error) {
	t.writes++
	return t.Store.MoveRun(ctx, seen, r)
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
)

// directory keeps objects as files, and counts the requests.
type directory struct {
	root     string
	requests int
	sizes    map[string]int64 // by key
}

func newDirectory(root string) *directory { return &directory{root: root, sizes: map[string]int64{}} }

func (d *directory) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

// Put writes an object.
func (d *directory) Put(_ context.Context, key string, body []byte) error {
	d.requests++
	d.sizes[key] = int64(len(body))
	if err := os.MkdirAll(filepath.Dir(d.path(key)), 0o755); err != nil {
		return fmt.Errorf("writing an object: %w", err)
	}
	return os.WriteFile(d.path(key), body, 0o600)
}

// Get reads an object.
func (d *directory) Get(_ context.Context, key string) ([]byte, error) {
	d.requests++
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
func (d *directory) Delete(_ context.Context, keys ...string) error {
	d.requests++
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

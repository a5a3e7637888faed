package connection

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// ReadSnapshot returns the schema that a connection points to, or
// fault.SchemaNotFound when nothing has been discovered yet.
func ReadSnapshot(ctx context.Context, objects Objects, c Connection) (schema.Snapshot, error) {
	if c.SchemaKey == "" {
		return schema.Snapshot{}, fault.New(fault.SchemaNotFound, "the connection's schema has not been discovered yet")
	}
	return readSnapshot(ctx, objects, c.SchemaKey)
}

func readSnapshot(ctx context.Context, objects Objects, key string) (schema.Snapshot, error) {
	body, err := objects.Get(ctx, key)
	if err != nil {
		return schema.Snapshot{}, fmt.Errorf("reading schema snapshot: %w", err)
	}
	var snapshot schema.Snapshot
	if err := json.Unmarshal(body, &snapshot); err != nil {
		return schema.Snapshot{}, fmt.Errorf("decoding schema snapshot: %w", err)
	}
	return snapshot, nil
}

func writeSnapshot(ctx context.Context, objects Objects, key string, snapshot schema.Snapshot) error {
	body, err := json.Marshal(snapshot)
	if err != nil {
		return fmt.Errorf("encoding schema snapshot: %w", err)
	}
	if err := objects.Put(ctx, key, body); err != nil {
		return fmt.Errorf("storing schema snapshot: %w", err)
	}
	return nil
}

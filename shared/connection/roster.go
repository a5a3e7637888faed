package connection

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/names"
)

// Roster lists the active connections for the daily upkeep.
type Roster struct {
	Store   Reader
	Objects Objects
}

// Write lists every active connection as JSON Lines of Ref, each with the id
// of a validation to begin, and returns the object's key and the number of lines.
func (r *Roster) Write(ctx context.Context, upkeepID string) (key string, count int, err error) {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for cursor, more := "", true; more; more = cursor != "" {
		var page []Connection
		if page, cursor, err = r.Store.ActiveConnections(ctx, cursor); err != nil {
			return "", 0, err
		}
		for _, c := range page {
			ref := Ref{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, ValidationID: id.New(id.Validation)}
			if err := encoder.Encode(ref); err != nil {
				return "", 0, fmt.Errorf("encoding roster: %w", err)
			}
			count++
		}
	}
	key = names.UpkeepPrefix + upkeepID + ".jsonl"
	if err := r.Objects.Put(ctx, key, lines.Bytes()); err != nil {
		return "", 0, fmt.Errorf("storing roster: %w", err)
	}
	return key, count, nil
}

// Package upkeep keeps the lake's tables fast to read and small, day by day,
// beside the imports that write them.
package upkeep

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
)

// Daily is the upkeep of every day. No row is left that is only marked as deleted. A snapshot stays for longer than a
// commit may be repeated. A file without one stays for as long as the description of what a run wrote is kept below
// names.RunPrefix, and a day more: a run that is held, or driven on after a failure, still commits it. A call
// rewrites what a function does in its time.
func Daily() lake.Upkeep {
	const day = 24 * time.Hour
	return lake.Upkeep{Deletes: 1, RewriteBytes: 2 << 30, KeepSnapshots: 10, KeepFor: 7 * day, OrphanAge: 31 * day}
}

// Tables are the lake's.
type Tables interface {
	Tables(ctx context.Context) iter.Seq2[lake.TableRef, error]
	MaintainTable(ctx context.Context, ref lake.TableRef, how lake.Upkeep) (lake.Maintained, error)
}

var _ Tables = (*lake.Lake)(nil)

// Objects stores what the state machine reads.
type Objects interface {
	Put(ctx context.Context, key string, body []byte) error
}

// Keeper does the upkeep.
type Keeper struct {
	Tables  Tables
	Objects Objects
	How     lake.Upkeep
}

// List lists all tables as JSON Lines of lake.TableRef, and returns the object's key and the number of lines.
func (k *Keeper) List(ctx context.Context, upkeepID string) (key string, count int, err error) {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for ref, err := range k.Tables.Tables(ctx) {
		if err != nil {
			return "", 0, err
		}
		if err := encoder.Encode(ref); err != nil {
			return "", 0, fmt.Errorf("encoding the list of tables: %w", err)
		}
		count++
	}
	key = names.UpkeepPrefix + upkeepID + ".jsonl"
	if err := k.Objects.Put(ctx, key, lines.Bytes()); err != nil {
		return "", 0, fmt.Errorf("storing the list of tables: %w", err)
	}
	return key, count, nil
}

// Maintain works on one table. It returns false when there is more to do: what a
// call may rewrite is bounded, and imports come first. A table that is gone needs nothing.
func (k *Keeper) Maintain(ctx context.Context, ref lake.TableRef) (done bool, made lake.Maintained, err error) {
	made, err = k.Tables.MaintainTable(ctx, ref, k.How)
	if fault.CodeOf(err) == fault.LakeTableMissing {
		return true, made, nil
	}
	return !made.Postponed, made, err
}

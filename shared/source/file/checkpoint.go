package file

import (
	"encoding/json"
	"fmt"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// checkpoint is a place in a split: a part and a place in it.
type checkpoint struct {
	Part int `json:"p"`
	position
	Group int   `json:"g,omitempty"` // Parquet: row group, counted in the part
	Row   int64 `json:"r,omitempty"` // Parquet: row in the group
}

func (c checkpoint) encode() source.Checkpoint {
	b, err := json.Marshal(c)
	if err != nil {
		panic("file: checkpoints always marshal: " + err.Error())
	}
	return source.Checkpoint(b)
}

func decodeCheckpoint(from source.Checkpoint, parts int) (checkpoint, error) {
	var c checkpoint
	if from == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(from), &c); err != nil {
		return c, fault.Wrap(fault.WorkerInvalidCall, "the checkpoint is not one of this split", err)
	}
	if c.Part < 0 || c.Part >= parts || c.Offset < 0 || c.Group < 0 || c.Row < 0 {
		return c, fault.New(fault.WorkerInvalidCall, fmt.Sprintf("the checkpoint is not one of a split of %d files", parts))
	}
	return c, nil
}

package lake

import (
	"context"
	"strconv"
	"time"

	"github.com/apache/iceberg-go/table"
)

// Snapshot is a version of a table.
type Snapshot struct {
	ID        string
	Parent    string // "" of the first
	RunID     string // "" of upkeep
	At        time.Time
	AddedRows int64  // in data files of this snapshot
	TotalRows int64  // in all of the table's data files, also those that pending deletes hide
	Operation string // append, overwrite, delete or replace, as Iceberg names what was done
}

// Snapshots returns the versions of the table that have not been expired, oldest first.
func (l *Lake) Snapshots(ctx context.Context, id TableID) ([]Snapshot, error) {
	tbl, err := l.load(l.with(ctx), id)
	if err != nil {
		return nil, err
	}
	made := tbl.Metadata().Snapshots()
	all := make([]Snapshot, len(made))
	for i, s := range made {
		all[i] = snapshotFrom(s)
	}
	return all, nil
}

func snapshotFrom(s table.Snapshot) Snapshot {
	out := Snapshot{ID: strconv.FormatInt(s.SnapshotID, 10), At: time.UnixMilli(s.TimestampMs).UTC()}
	if s.ParentSnapshotID != nil {
		out.Parent = strconv.FormatInt(*s.ParentSnapshotID, 10)
	}
	if s.Summary != nil {
		out.RunID, out.Operation = s.Summary.Properties[RunIDKey], string(s.Summary.Operation)
		out.AddedRows = int64(s.Summary.Properties.GetInt("added-records", 0))
		out.TotalRows = int64(s.Summary.Properties.GetInt("total-records", 0))
	}
	return out
}

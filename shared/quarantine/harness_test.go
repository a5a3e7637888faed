package quarantine_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/source"
)

// workspaceKeys has a key for each workspace.
type workspaceKeys map[string]byte

func (k workspaceKeys) WorkspaceKeys(_ context.Context, workspaceID string) (ingest.WorkspaceKeys, error) {
	first, ok := k[workspaceID]
	if !ok {
		return ingest.WorkspaceKeys{}, errors.New("the workspace has no keys")
	}
	key := make([]byte, 32)
	key[0] = first
	return ingest.WorkspaceKeys{Quarantine: key}, nil
}

var run = ingest.Ref{WorkspaceID: "acme", ImportID: "imp_1", RunID: "run_1"}

func newVault() quarantine.Vault {
	return quarantine.Vault{Keys: memstore.New(), Workspace: workspaceKeys{"acme": 1, "other": 2}}
}

// keyOf returns a new key of a run.
func keyOf(t testing.TB, of ingest.Ref) quarantine.Key {
	t.Helper()
	key, err := newVault().Create(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var people = arrow.NewSchema([]arrow.Field{
	{Name: "user_id", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "age", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
}, nil)

// rowsOf makes a batch of people; an age below zero is NULL.
func rowsOf(names []string, ages []int64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, people)
	defer b.Release()
	for n := range names {
		b.Field(0).(*array.StringBuilder).Append(names[n])
		if ages[n] < 0 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.Int64Builder).Append(ages[n])
		}
	}
	return b.NewRecordBatch()
}

// put writes one call's rejections and closes the writer.
func put(t testing.TB, key quarantine.Key, split int, rejected []pipeline.Rejected, rows arrow.RecordBatch) (lines, sealed []byte) {
	t.Helper()
	w := quarantine.NewWriter(key, split)
	if err := w.Write(rejected, rows); err != nil {
		t.Fatal(err)
	}
	lines, sealed, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return lines, sealed
}

// person is a row as a reader gave it back.
type person struct {
	Name   string
	Age    int64
	Part   string
	Origin int64
	After  source.Checkpoint // of its batch
}

// read reads all rows from a checkpoint on.
func read(ctx context.Context, lines, rows []byte, key quarantine.Key, from source.Checkpoint) (all []person, err error) {
	r, err := quarantine.NewReader(lines, rows, key, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close(), r.Close()) }()
	for {
		batch, err := r.Next(ctx)
		if err == io.EOF { //nolint:errorlint // a reader ends with a bare EOF
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		for n := range int(batch.Record.NumRows()) {
			p := person{Name: batch.Record.Column(0).(*array.String).Value(n), Age: -1, Part: batch.Part, Origin: batch.Origins[n], After: batch.After}
			if ages := batch.Record.Column(1).(*array.Int64); ages.IsValid(n) {
				p.Age = ages.Value(n)
			}
			all = append(all, p)
		}
		batch.Release()
	}
}

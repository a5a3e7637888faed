// Package memstore keeps in memory what the real adapters keep in AWS, with the
// same promises, for tests of what is built on them.
package memstore

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// Store keeps connections, validations, imports and runs. What goes in and
// comes out is a copy, and times have milliseconds, as in the table.
type Store struct {
	mu          sync.Mutex
	connections map[owned]connection.Connection
	validations map[connection.Ref]connection.Validation
	imports     map[owned]ingest.Import
	names       map[name]string // to the id that has it
	runs        map[ingest.Ref]ingest.Run
	splits      map[runOf]map[int]ingest.SplitProgress
	parts       map[runOf]map[[2]int]ingest.Part
	runKeys     map[runOf]ingest.RunKey
}

var (
	_ connection.Store = (*Store)(nil)
	_ ingest.Store     = (*Store)(nil)
)

// owned names what belongs to a workspace.
type owned struct{ workspace, id string }

type runOf struct{ workspace, run string }

type name struct{ workspace, kind, lower string }

func nameOf(workspaceID, kind, text string) name {
	return name{workspaceID, kind, strings.ToLower(text)}
}

// New returns an empty store.
func New() *Store {
	return &Store{
		connections: make(map[owned]connection.Connection),
		validations: make(map[connection.Ref]connection.Validation),
		imports:     make(map[owned]ingest.Import),
		names:       make(map[name]string),
		runs:        make(map[ingest.Ref]ingest.Run),
		splits:      make(map[runOf]map[int]ingest.SplitProgress),
		parts:       make(map[runOf]map[[2]int]ingest.Part),
		runKeys:     make(map[runOf]ingest.RunKey),
	}
}

func milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// clone copies a value with everything it points to.
func clone[T any](v T) T {
	var c T
	encoded, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(encoded, &c)
	}
	if err != nil {
		panic("memstore: a stored value always survives JSON: " + err.Error())
	}
	return c
}

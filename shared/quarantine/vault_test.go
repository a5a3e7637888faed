package quarantine_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// sameKey fails the test unless what one key seals the other one opens.
func sameKey(t *testing.T, a, b quarantine.Key) {
	t.Helper()
	lines, _ := put(t, a, 0, []pipeline.Rejected{{Rule: "cast", Value: "x"}}, nil)
	if value, ok, err := linesOf(t, lines)[0].Open(b); err != nil || !ok || value != "x" {
		t.Errorf("opened %q, %t, %v with the same run's key", value, ok, err)
	}
}

func TestVault(t *testing.T) {
	v := newVault()
	if _, err := v.Open(t.Context(), run); fault.CodeOf(err) != fault.QuarantineEmpty {
		t.Errorf("opening before there is a key: %v", err)
	}
	made, err := v.Create(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	again, err := v.Create(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := v.Open(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	sameKey(t, made, again)
	sameKey(t, made, opened)

	for range 2 {
		if err := v.Destroy(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	for name, call := range map[string]func() (quarantine.Key, error){
		"Open":   func() (quarantine.Key, error) { return v.Open(t.Context(), run) },
		"Create": func() (quarantine.Key, error) { return v.Create(t.Context(), run) },
	} {
		if _, err := call(); fault.CodeOf(err) != fault.QuarantineSealed {
			t.Errorf("%s after the key was destroyed: %v", name, err)
		}
	}
}

func TestVaultGivesEverybodyTheSameKey(t *testing.T) {
	v := newVault()
	keys := make([]quarantine.Key, 32)
	start := make(chan struct{})
	var group sync.WaitGroup
	for n := range keys {
		group.Go(func() {
			<-start
			key, err := v.Create(t.Context(), run)
			if err != nil {
				t.Error(err)
			}
			keys[n] = key
		})
	}
	close(start)
	group.Wait()
	for _, key := range keys[1:] {
		sameKey(t, keys[0], key)
	}
}

// What is sealed for one run, by one workspace, is of no use to another.
func TestVaultKeepsKeysApart(t *testing.T) {
	store := memstore.New()
	v := quarantine.Vault{Keys: store, Workspace: workspaceKeys{"acme": 1, "other": 2}}
	if _, err := v.Create(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	kept, err := store.RunKey(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []ingest.Ref{
		{WorkspaceID: "acme", ImportID: run.ImportID, RunID: "run_2"},
		{WorkspaceID: "other", ImportID: run.ImportID, RunID: run.RunID},
		{WorkspaceID: "unknown", ImportID: run.ImportID, RunID: run.RunID},
	} {
		if _, err := store.CreateRunKey(t.Context(), foreign, kept); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Open(t.Context(), foreign); err == nil {
			t.Errorf("the key of another run opened as that of %v", foreign)
		}
	}
	stolen := quarantine.Vault{Keys: store, Workspace: workspaceKeys{"acme": 9}}
	if _, err := stolen.Open(t.Context(), run); err == nil {
		t.Error("the key opened with another workspace key")
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	key := keyOf(t, run)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, key); got != "***" {
			t.Errorf("%s prints %s", verb, got)
		}
		if got := fmt.Sprintf(verb, &key); got != "***" {
			t.Errorf("%s prints a pointer as %s", verb, got)
		}
	}
}

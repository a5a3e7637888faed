package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

func newRef(workspaceID string) ingest.Ref {
	return ingest.Ref{WorkspaceID: workspaceID, ImportID: id.New(id.Import), RunID: id.New(id.Run)}
}

func testRunKey(t *testing.T, s Store) {
	ref := newRef("w")
	_, err := s.RunKey(t.Context(), ref)
	fails(t, "RunKey before there is one", err, fault.QuarantineEmpty)

	want := ingest.RunKey{Sealed: "sealed", CreatedAt: noon}
	made, err := s.CreateRunKey(t.Context(), ref, want)
	did(t, "CreateRunKey", true, made, err)
	made, err = s.CreateRunKey(t.Context(), ref, ingest.RunKey{Sealed: "another", CreatedAt: noon})
	did(t, "CreateRunKey again", false, made, err)
	got, err := s.RunKey(t.Context(), ref)
	ok(t, "RunKey", err)
	same(t, "key", want, got)

	foreign := ref
	foreign.WorkspaceID = "thief"
	_, err = s.RunKey(t.Context(), foreign)
	fails(t, "RunKey of another workspace", err, fault.QuarantineEmpty)
	ok(t, "DestroyRunKey of another workspace", s.DestroyRunKey(t.Context(), foreign, noon))
	got, err = s.RunKey(t.Context(), ref)
	ok(t, "RunKey", err)
	same(t, "key that another workspace meant to destroy", want, got)
}

func testDestroyedRunKey(t *testing.T, s Store) {
	for name, before := range map[string]ingest.RunKey{"made": {Sealed: "sealed", CreatedAt: noon}, "never made": {}} {
		ref := newRef("w")
		if before.Sealed != "" {
			made, err := s.CreateRunKey(t.Context(), ref, before)
			did(t, name+": CreateRunKey", true, made, err)
		}
		ok(t, name+": DestroyRunKey", s.DestroyRunKey(t.Context(), ref, noon.Add(time.Hour)))
		ok(t, name+": DestroyRunKey again", s.DestroyRunKey(t.Context(), ref, noon.Add(2*time.Hour)))
		got, err := s.RunKey(t.Context(), ref)
		ok(t, name+": RunKey", err)
		same(t, name+": destroyed key", ingest.RunKey{CreatedAt: before.CreatedAt, DestroyedAt: noon.Add(time.Hour)}, got)
		made, err := s.CreateRunKey(t.Context(), ref, ingest.RunKey{Sealed: "another", CreatedAt: noon})
		did(t, name+": CreateRunKey in the place of a destroyed one", false, made, err)
	}
}

func raceRunKey(t *testing.T, s Store) {
	ref := newRef("w")
	oneWon(t, race(func(n int) verdict {
		made, err := s.CreateRunKey(t.Context(), ref, ingest.RunKey{Sealed: fmt.Sprint(n), CreatedAt: noon})
		return verdict{made, err}
	}))
}

package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
)

// decided is what the API tells of a run that a person has decided on.
type decided struct {
	run
	Attempt  int      `json:"attempt"`
	Findings []object `json:"findings"`
	Released object   `json:"released"`
	Replays  string   `json:"replays"`
}

// held waits until a guard holds a run.
func (w workspace) held(t *testing.T, i imported, id string) {
	t.Helper()
	eventually(t, "the run is held", func() bool { return w.run(t, i, id).Status == "held" })
}

// decide posts a person's decision on a run.
func (w workspace) decide(t *testing.T, i imported, id, decision string) decided {
	t.Helper()
	var r decided
	w.post(t, "/v1/imports/"+i.ID+"/runs/"+id+"/"+decision, nil, &r)
	return r
}

// TestARunThatAGuardHolds: nothing of it lands before a person has released it, no other run passes it, and released it
// lands once. Discarded it ends, and driven again it is held again, without its source being read.
func TestARunThatAGuardHolds(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", "user_id,name,score\nu1,Ann,1\n,Bob,2\nu3,Cid,3\n")
	request := newImport(w.active(t), "people", "merge")
	request["guards"] = object{"missing_identifiers": object{"limit": 0}}
	var i imported
	w.post(t, "/v1/imports", request, &i)
	want := counts{Read: 3, Written: 2, Quarantined: 1}

	r := w.begin(t, i)
	w.held(t, i, r.ID)
	if landed := w.snapshotsOf(t, i, r); len(landed) > 0 {
		t.Errorf("%d snapshots of a run that is held", len(landed))
	}
	w.send(t, http.MethodPost, "/v1/imports/"+i.ID+"/runs", nil).refused(t, http.StatusConflict, "import.run_open")
	released := w.decide(t, i, r.ID, "release")
	if released.Attempt != 1 || released.Released["actor"] == "" || len(released.Findings) != 1 {
		t.Errorf("released %+v", released)
	}
	w.succeeded(t, i, r, want)
	if landed := w.snapshotsOf(t, i, r); len(landed) != 1 {
		t.Errorf("%d snapshots of a run that was released, want one", len(landed))
	}
	if got := slices.Sorted(maps.Keys(w.rows(t, i))); !slices.Equal(got, []string{"u1", "u3"}) {
		t.Errorf("rows: %v", got)
	}

	r = w.begin(t, i)
	w.held(t, i, r.ID)
	if discarded := w.decide(t, i, r.ID, "discard"); discarded.Status != "failed" || discarded.Error.Code != "run.discarded" {
		t.Errorf("discarded %+v", discarded)
	}
	w.decide(t, i, r.ID, "redrive")
	w.held(t, i, r.ID)
	w.decide(t, i, r.ID, "release")
	w.succeeded(t, i, r, want)
}

// TestAQuarantineThatIsReplayed: after its mapping was mended an import takes in what it had rejected, once.
func TestAQuarantineThatIsReplayed(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", "user_id,name,score\nu1,Ann,1\nu2,Bob,many\nu3,Cid,3\n")
	i := w.importing(t, w.active(t), "people", "merge")
	r := w.succeed(t, i, counts{Read: 3, Written: 2, Quarantined: 1})
	w.send(t, http.MethodPatch, "/v1/imports/"+i.ID, object{"mapping": []object{
		{"source": "user_id", "target": "identifier"}, {"source": "name", "target": "name"}, {"source": "score", "target": "grade", "type": "string"},
	}}).decode(t, &i)
	replay := w.decide(t, i, r.ID, "replay")
	if replay.Trigger != "replay" || replay.Replays != r.ID {
		t.Errorf("replay %+v", replay)
	}
	w.succeeded(t, i, replay.run, counts{Read: 1, Written: 1})
	rows := w.rows(t, i)
	if got := slices.Sorted(maps.Keys(rows)); !slices.Equal(got, []string{"u1", "u2", "u3"}) || rows["u2"]["grade"] != "many" {
		t.Errorf("rows: %v", rows)
	}
	w.send(t, http.MethodPost, "/v1/imports/"+i.ID+"/runs/"+r.ID+"/replay", nil).refused(t, http.StatusConflict, "quarantine.replayed")
}

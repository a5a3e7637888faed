package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/manifest"
)

func TestWhatRunsLeftIsVerified(t *testing.T) {
	w := newWorld(t)
	w.run(40)
	w.run(2)
	r := w.run(300)
	printed, code := w.verify(false)
	if code != fits {
		t.Fatalf("code %d:\n%s", code, printed)
	}
	for _, want := range []string{"import imp_01 of workspace acme", "run_01", "run_03", " 300 ", r.SnapshotID, r.ManifestHash[:12], "3 manifests verified"} {
		if !strings.Contains(printed, want) {
			t.Errorf("it does not say %q:\n%s", want, printed)
		}
	}
}

func TestAnImportWithoutRunsFits(t *testing.T) {
	if printed, code := newWorld(t).verify(false); code != fits || !strings.Contains(printed, "0 manifests") {
		t.Errorf("code %d:\n%s", code, printed)
	}
}

func TestExpiredSnapshotsAreNoMismatch(t *testing.T) {
	w := newWorld(t)
	w.run(3)
	w.run(4)
	upkeep := lake.Upkeep{KeepSnapshots: 1, OrphanAge: lake.LeastOrphanAge}
	if _, err := w.lake.Maintain(t.Context(), lake.TableOf(w.imported()), upkeep); err != nil {
		t.Fatal(err)
	}
	w.run(5)
	if printed, code := w.verify(false); code != fits || !strings.Contains(printed, string(manifest.Expired)) {
		t.Errorf("code %d:\n%s", code, printed)
	}
}

func TestTamperingIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		tamper func(*world)
		want   manifest.Kind
		run    string
	}{
		"a number in a manifest": {func(w *world) {
			w.replace("manifests/acme/imp_01/run_02.json", `"rows_read":4,`, `"rows_read":5,`)
		}, manifest.Missing, "run_03"},
		"a manifest removed": {func(w *world) {
			w.must(w.objects.Delete(w.t.Context(), "manifests/acme/imp_01/run_01.json"))
		}, manifest.Missing, "run_02"},
		"rows of a stranger": {func(w *world) {
			w.commit("run_99", w.land("run_99", 9))
			w.replace(w.metadata(), `"headwater.run-id":"run_99"`, `"engine":"other"`)
		}, manifest.Foreign, ""},
		"rows of a run without a manifest": {func(w *world) { w.commit("run_99", w.land("run_99", 9)) }, manifest.Unrecorded, "run_99"},
		"a snapshot's count":               {func(w *world) { w.replace(w.metadata(), `"added-records":"4"`, `"added-records":"3"`) }, manifest.Differing, "run_02"},
		"a snapshot's run":                 {func(w *world) { w.replace(w.metadata(), `"headwater.run-id":"run_02"`, `"headwater.run-id":"run_77"`) }, manifest.Differing, "run_02"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.run(3)
			w.run(4)
			w.run(5)
			test.tamper(w)
			printed, code := w.verify(true)
			var reports []manifest.Report
			if err := json.Unmarshal([]byte(printed), &reports); err != nil || len(reports) != 1 {
				t.Fatalf("%v: %s", err, printed)
			}
			found := false
			for _, p := range reports[0].Problems {
				found = found || p.Kind == test.want && p.RunID == test.run
			}
			if code != mismatched || !found {
				t.Errorf("code %d, want %d and %q of %q:\n%s", code, mismatched, test.want, test.run, printed)
			}
			if text, _ := w.verify(false); !strings.Contains(text, "MISMATCH") || !strings.Contains(text, string(test.want)) {
				t.Errorf("the table does not say so:\n%s", text)
			}
		})
	}
}

package e2e_test

import (
	"context"
	"testing"

	"github.com/headwaterhq/headwater/shared/names"
)

// TestEverythingIsThereAfterARestart ends the stack in the middle of a run and of a validation. What was there is there again, and
// what was under way ends.
func TestEverythingIsThereAfterARestart(t *testing.T) {
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 50_000).csv())
	c := w.active(t)
	i := w.importing(t, c, "people", "append")
	first := w.succeed(t, i, counts{Read: 50_000, Written: 50_000})
	open := w.begin(t, i)
	arn := execution(names.RunImport, open.ID)
	eventually(t, "the run is at its rows", func() bool { return entered(t, arn, "Extract") })
	var validating connection
	w.post(t, "/v1/connections", w.newConnection(here.Customer), &validating)

	if err := here.close(); err != nil {
		t.Fatal(err)
	}
	if err := here.open(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := w.run(t, i, first.ID); got.Status != "succeeded" || got.Counts != first.Counts {
		t.Errorf("the first run is %+v", got)
	}
	landed := 1
	switch got := w.end(t, i, open.ID); {
	case got.Status == "succeeded":
		landed++
	case got.Error == nil || got.Error.Code != "run.aborted":
		t.Errorf("the run that was open %s: %+v", got.Status, got.Error)
	}
	t.Logf("the run that was open landed: %v", landed == 2)
	if got := w.validated(t, validating); got.Status == "inactive" && got.LastValidation.Error.Code != "validation.aborted" {
		t.Errorf("the connection is %s: %+v", got.Status, got.LastValidation)
	}
	w.holds(t, i, people(1, 50_000), landed)
	w.succeed(t, i, counts{Read: 50_000, Written: 50_000}) // with the stored credential
	w.holds(t, i, people(1, 50_000), landed+1)
}

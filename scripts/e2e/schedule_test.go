package e2e_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/names"
)

// daily is a request to import every day.
func daily(c connection) object {
	request := newImport(c, "people", "full_refresh")
	delete(request, "every_hours")
	return request
}

func (w workspace) runs(t *testing.T, i imported) []run {
	t.Helper()
	var page list[run]
	w.get(t, "/v1/imports/"+i.ID+"/runs", &page)
	return page.Items
}

// TestADueImportRunsOnceHoweverManyDispatch starts dispatch-imports twice at once for the same time.
func TestADueImportRunsOnceHoweverManyDispatch(t *testing.T) {
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 10).csv())
	c := w.active(t)
	imports := make([]imported, 4)
	for n := range imports {
		w.post(t, "/v1/imports", daily(c), &imports[n])
	}
	open := w.queue(t, imports[0]) // of one import, another run is open
	slot := object{"scheduled_time": time.Now().UTC().Add(25 * time.Hour).Format(time.RFC3339)}
	both := []string{start(t, names.DispatchImports, id.Nonce(), slot), start(t, names.DispatchImports, id.Nonce(), slot)}
	for _, arn := range both {
		if s := ended(t, arn); s != types.ExecutionStatusSucceeded {
			t.Errorf("a dispatch %s", s)
		}
	}
	for n, i := range imports {
		runs := w.runs(t, i)
		if len(runs) != 1 || (runs[0].Trigger == "schedule") != (n > 0) {
			t.Fatalf("import %d has runs %+v", n, runs)
		}
		if n > 0 {
			w.succeeded(t, i, runs[0], counts{Read: 10, Written: 10})
		}
	}
	w.send(t, "POST", "/v1/imports/"+imports[0].ID+"/runs", nil).refused(t, 409, "import.run_open")
	start(t, names.RunImport, open.ID, w.ref(imports[0], open))
	w.succeeded(t, imports[0], open, counts{Read: 10, Written: 10})
}

// TestADayPasses: every import runs again, and every connection is validated again.
func TestADayPasses(t *testing.T) {
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 10).csv())
	c := w.active(t)
	var i imported
	w.post(t, "/v1/imports", daily(c), &i)
	w.succeed(t, i, counts{Read: 10, Written: 10})
	w.put(t, "people/b.csv", people(11, 15).csv())
	if err := here.Day(); err != nil {
		t.Fatal(err)
	}
	var runs []run
	eventually(t, "the import runs by its schedule", func() bool {
		runs = w.runs(t, i)
		return len(runs) > 1
	})
	if w.succeeded(t, i, runs[0], counts{Read: 15, Written: 15}); runs[0].Trigger != "schedule" {
		t.Errorf("the run's trigger is %s", runs[0].Trigger)
	}
	w.holds(t, i, people(1, 15), 1)
	first := c.LastValidation.ID
	eventually(t, "the connection is validated again", func() bool {
		w.get(t, "/v1/connections/"+c.ID, &c)
		return c.LastValidation.ID != first && c.LastValidation.Outcome != "running"
	})
	if c.Status != "active" || c.LastValidation.Outcome != "passed" || w.tables(t, c)["people"].Files != 2 {
		t.Errorf("the connection is %s after %+v", c.Status, c.LastValidation)
	}
}

package e2e_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
)

// TestTheLakeIsMaintainedBesideImports: many small runs leave many small files; the nightly upkeep makes few of them, while
// another run commits, and no row goes or comes twice.
func TestTheLakeIsMaintainedBesideImports(t *testing.T) {
	const runs = 6
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 40).csv())
	c := w.active(t)
	request := newImport(c, "people", "append")
	var i imported
	w.post(t, "/v1/imports", request, &i)
	for range runs {
		w.succeed(t, i, counts{Read: 40, Written: 40})
	}
	last := w.queue(t, i)
	night := start(t, names.MaintainLake, id.Nonce(), object{"scheduled_time": time.Now().UTC().Format(time.RFC3339)})
	start(t, names.RunImport, last.ID, w.ref(i, last))
	w.succeeded(t, i, last, counts{Read: 40, Written: 40})
	if s := ended(t, night); s != types.ExecutionStatusSucceeded {
		t.Errorf("the upkeep %s", s)
	}
	w.holds(t, i, people(1, 40), runs+1)
	snapshots, err := here.lake.Snapshots(t.Context(), lake.TableID{Workspace: w.id, Name: "user_profile_" + i.ID})
	if err != nil {
		t.Fatal(err)
	}
	replaced, committed := 0, 0
	for _, s := range snapshots {
		if s.Operation == "replace" {
			replaced++
		}
		if s.RunID != "" {
			committed++
		}
	}
	if replaced == 0 || committed != runs+1 {
		t.Errorf("%d snapshots of upkeep, %d of runs", replaced, committed)
	}
}

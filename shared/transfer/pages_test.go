package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// What a worker reads of a plan does not grow with the number of splits, and every split of a plan of several pages is read.
func TestWorkersReadTheirPageOfThePlan(t *testing.T) {
	const splits = 600
	w := newWorld(t, ingest.FullRefresh, splits-1) // and the row without an identifier
	w.splitRows = 1
	ref := w.begin(t)
	if n := w.plan(t, ref); n != splits {
		t.Fatalf("%d splits, want %d", n, splits)
	}
	key := w.run(t, ref).PlanKey
	head, err := w.objects.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for n := range 4 {
		if _, err := w.objects.Get(t.Context(), fmt.Sprintf("%s/%06d.json", strings.TrimSuffix(key, ".json"), n)); err == nil {
			pages++
		}
	}
	if pages != 3 || len(head) > 4<<10 || strings.Contains(string(head), "rows 1 to") {
		t.Errorf("%d pages, the head has %d bytes: %s", pages, len(head), head)
	}
	for _, n := range []int{0, 249, 250, 499, 500, splits - 1} {
		if done, err := w.extractor().Extract(t.Context(), ingest.SplitRef{Ref: ref, Split: n}); err != nil || !done {
			t.Fatalf("split %d: %t, %v", n, done, err)
		}
	}
	for _, n := range []int{-1, splits} {
		if _, err := w.extractor().Extract(t.Context(), ingest.SplitRef{Ref: ref, Split: n}); err == nil {
			t.Errorf("split %d, which there is not, was extracted", n)
		}
	}
}

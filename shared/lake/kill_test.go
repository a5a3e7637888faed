package lake_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// A commit that is killed at any of its requests, before or after the request
// had its effect, and run again, must leave what one undisturbed commit leaves.
func TestCommitKilledAnywhereIsFinishedByTheNext(t *testing.T) {
	for _, mode := range []ingest.Mode{ingest.Append, ingest.FullRefresh} {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("%s, %s its effect", mode, when), func(t *testing.T) {
				for at := 1; killCommit(t, mode, when, at); at++ {
					if at > 100 {
						t.Fatal("a commit takes more than 100 requests")
					}
				}
			})
		}
	}
}

// killCommit kills a commit at one request and runs it again. It returns false
// when the commit was over before that request.
func killCommit(t *testing.T, mode ingest.Mode, when string, at int) bool {
	t.Helper()
	p := newPlace(t)
	l := p.open(t)
	first := landPeople(t, l, "run_1", "one", 5)
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(first)); err != nil {
		t.Fatal(err)
	}
	second := landPeople(t, l, "run_2", "two", 5)
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	seen := 0 // requests of a commit come one after another, but for hooks' lock
	counting := func(string) {
		p.traffic.mu.Lock()
		defer p.traffic.mu.Unlock()
		if seen++; seen == at {
			kill()
		}
	}
	if when == "before" {
		p.traffic.hooks(counting, nil)
	} else {
		p.traffic.hooks(nil, counting)
	}
	_, err := l.Commit(ctx, people, "run_2", mode, parts(second))
	p.traffic.hooks(nil, nil)
	killed := ctx.Err() != nil
	if err == nil && !killed {
		return false
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("killed at request %d: %v", at, err)
	}
	again := p.open(t)
	snapshot, err := again.Commit(t.Context(), people, "run_2", mode, parts(second))
	if err != nil || snapshot == "" {
		t.Fatalf("after being killed at request %d: %q, %v", at, snapshot, err)
	}
	want := map[string]int{"two-000000": 1, "two-000001": 1, "two-000002": 1, "two-000003": 1, "two-000004": 1}
	if mode == ingest.Append {
		for i := range 5 {
			want[fmt.Sprintf("one-%06d", i)] = 1
		}
	}
	if diff := cmp.Diff(want, identifiers(t, again)); diff != "" {
		t.Errorf("killed at request %d, rows (-want +got):\n%s", at, diff)
	}
	return killed
}

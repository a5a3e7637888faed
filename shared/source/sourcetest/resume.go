package sourcetest

import (
	"io"
	"slices"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
)

// testResume: from every checkpoint a read goes on exactly where it was.
func testResume(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	snapshot := discover(t, s)
	inside := false
	for _, want := range h.importable() {
		plan := plan(t, s, snapshot, want.Name, h.TargetBytes)
		for _, split := range plan.Splits {
			req := source.ReadRequest{Table: plan.Table, Split: split}
			var whole content
			var points []source.Checkpoint
			var rows, rejects []int
			read(t, s, req, func(b source.Batch) {
				whole.add(t, b)
				points, rows, rejects = append(points, b.After), append(rows, len(whole.rows)), append(rejects, len(whole.rejects))
			})
			inside = inside || len(points) > 2
			for i, from := range points {
				var rest content
				req.From = from
				read(t, s, req, func(b source.Batch) { rest.add(t, b) })
				if !slices.Equal(rest.rows, whole.rows[rows[i]:]) {
					t.Errorf("%s, %s: from checkpoint %d of %d: %d rows, want the last %d", want.Name, split.Label, i+1, len(points), len(rest.rows), len(whole.rows)-rows[i])
				}
				if !slices.Equal(rest.rejects, whole.rejects[rejects[i]:]) {
					t.Errorf("%s, %s: from checkpoint %d: other rejects", want.Name, split.Label, i+1)
				}
			}
		}
	}
	if !inside {
		t.Error("no split has more than two batches: make a table of the harness bigger")
	}
}

// testClose: readers and sessions close twice, and in the middle of a read.
func testClose(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	plan := plan(t, s, discover(t, s), h.biggest().Name, h.TargetBytes)
	r, err := s.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: plan.Splits[0]})
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Release()
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("closing the reader: %v", err)
		}
	}
	if _, err := r.Next(t.Context()); err == nil || err == io.EOF { //nolint:errorlint // a closed reader has not ended
		t.Errorf("Next after Close: %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("closing the session: %v", err)
		}
	}
}

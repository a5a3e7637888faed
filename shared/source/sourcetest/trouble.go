package sourcetest

import (
	"io"
	"slices"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// testInterrupted: a read that breaks in the middle goes on by itself, with no
// row lost and none twice.
func testInterrupted(t *testing.T, h Harness) { testTrouble(t, h, h.Interrupt) }

// testRefresh: a token that expires in the middle of a read is replaced.
func testRefresh(t *testing.T, h Harness) { testTrouble(t, h, h.Expire) }

func testTrouble(t *testing.T, h Harness, trouble func(*testing.T)) {
	s := open(t, h, h.Config)
	p := plan(t, s, discover(t, s), h.biggest().Name, h.TargetBytes)
	req := source.ReadRequest{Table: p.Table, Split: p.Splits[0]}
	var calm, troubled content
	read(t, s, req, func(b source.Batch) { calm.add(t, b) })
	first := true
	read(t, s, req, func(b source.Batch) {
		if troubled.add(t, b); first {
			first = false
			trouble(t)
		}
	})
	if first {
		t.Fatal("the split has no batch")
	}
	if !slices.Equal(calm.rows, troubled.rows) {
		t.Errorf("%d rows, want the %d that an undisturbed read gives", len(troubled.rows), len(calm.rows))
	}
}

// testChanged: what is read after the source has changed is what was planned,
// or it fails and says that the source changed; it is never a mixture.
func testChanged(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	p := plan(t, s, discover(t, s), h.biggest().Name, h.TargetBytes)
	var before, after content
	before.readAll(t, s, p, nil)
	h.Change(t)
	if err := after.tryAll(t, s, p); err != nil {
		if fault.CodeOf(err) != fault.SourceChanged {
			t.Errorf("got %v, want %s", err, fault.SourceChanged)
		}
		if h.Driver.Spec().Can(source.SnapshotReads) {
			t.Error("the platform has snapshot reads, and the read failed")
		}
		return
	}
	if !slices.Equal(before.rows, after.rows) {
		t.Errorf("%d rows, want the %d of the plan's moment", len(after.rows), len(before.rows))
	}
}

// readAll reads every split of a plan.
func (c *content) readAll(t *testing.T, s *source.Source, p source.Plan, filter source.Filter) {
	t.Helper()
	for _, split := range p.Splits {
		read(t, s, source.ReadRequest{Table: p.Table, Split: split, Filter: filter}, func(b source.Batch) { c.add(t, b) })
	}
}

// tryAll reads every split, and returns the first error.
func (c *content) tryAll(t *testing.T, s *source.Source, p source.Plan) error {
	t.Helper()
	for _, split := range p.Splits {
		if err := c.try(t, s, source.ReadRequest{Table: p.Table, Split: split}); err != nil {
			return err
		}
	}
	return nil
}

func (c *content) try(t *testing.T, s *source.Source, req source.ReadRequest) error {
	t.Helper()
	r, err := s.Read(t.Context(), req)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // what Next says counts
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return nil
		}
		if err != nil {
			return err
		}
		c.add(t, b)
		b.Release()
	}
}

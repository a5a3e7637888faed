package ingest_test

import (
	"context"
	"testing"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// What tells rows apart is fixed with the import, whatever its mapping becomes.
func TestFingerprintStays(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*ingest.NewImport)
		want   []string
	}{
		"append with a cursor": {func(*ingest.NewImport) {}, []string{"Email", "Happened", "int64"}},
		"of a query":           {func(n *ingest.NewImport) { n.Table, n.Query, n.Cursor.Type = "", "SELECT 1", schema.Timestamp }, []string{"Email", "Happened", "int64"}},
		"append without one":   {func(n *ingest.NewImport) { n.Cursor = nil }, nil},
		"merge":                {func(n *ingest.NewImport) { n.Mode = ingest.Merge }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, n := newWorld(), newImport()
			n.Mode, n.Cursor = ingest.Append, &ingest.Cursor{Column: "Happened"}
			n.Mapping = append(n.Mapping, ingest.Column{Source: "int64", Target: "age"})
			test.change(&n)
			i, err := w.service().Create(t.Context(), "w", "ada", n)
			ok(t, err)
			same(t, "fingerprint", test.want, i.Fingerprint)
			got, err := w.service().Update(t.Context(), "w", i.ID, ingest.Change{Mapping: ingest.Mapping{{Source: "string", Target: "identifier"}}})
			ok(t, err)
			same(t, "fingerprint of another mapping", test.want, got.Fingerprint)
			same(t, "stored import", got, w.get(t, i))
		})
	}
}

func TestWhatSpreadsRowsIsMappedAnew(t *testing.T) {
	first := newImport().Mapping
	for name, test := range map[string]struct {
		landed  bool
		mapping ingest.Mapping
		want    bool
	}{
		"another identifier":       {true, ingest.Mapping{{Source: "string", Target: "identifier"}}, true},
		"other transforms":         {true, ingest.Mapping{{Source: "Email", Target: "identifier"}}, true},
		"another trait":            {true, append(first[:1:1], ingest.Column{Source: "string", Target: "city"}), false},
		"before anything has been": {false, ingest.Mapping{{Source: "string", Target: "identifier"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, n := newWorld(), newImport()
			n.Mode, n.Cursor = ingest.Append, &ingest.Cursor{Column: "Happened"}
			i, err := w.service().Create(t.Context(), "w", "ada", n)
			ok(t, err)
			if test.landed {
				w.ended(t, i, func(r *ingest.Run) { r.Status = ingest.Failed })
			}
			_, err = w.service().Update(t.Context(), "w", i.ID, ingest.Change{Mapping: test.mapping})
			ok(t, err)
			if _, err = w.service().Update(t.Context(), "w", i.ID, ingest.Change{Mapping: test.mapping}); err != nil {
				t.Fatal(err)
			}
			if got := w.get(t, i).Respread; got != test.want {
				t.Errorf("respread is %t", got)
			}
		})
	}
}

// A target that has landed keeps its type: the lake would refuse every later run.
func TestALandedTargetKeepsItsType(t *testing.T) {
	w, n := newWorld(), newImport()
	n.Mapping = append(n.Mapping, ingest.Column{Source: "int64", Target: "age"})
	i, err := w.service().Create(t.Context(), "w", "ada", n)
	ok(t, err)
	change := func(last ingest.Column) error {
		_, err := w.service().Update(t.Context(), "w", i.ID, ingest.Change{Mapping: append(n.Mapping[:1:1], last)})
		return err
	}
	ok(t, change(ingest.Column{Source: "string", Target: "age"}))
	ok(t, change(ingest.Column{Source: "int64", Target: "age"}))
	w.ended(t, i, func(r *ingest.Run) { r.Status = ingest.Failed })
	for _, last := range []ingest.Column{{Source: "string", Target: "age"}, {Source: "int64", Target: "age", Type: schema.String}} {
		same(t, "problems", []problem{{fault.ImportMapping, "mapping[1].type"}}, problems(change(last)))
	}
	ok(t, change(ingest.Column{Source: "string", Target: "age", Type: schema.Int64}))
	ok(t, change(ingest.Column{Source: "string", Target: "age_text"}))
}

// The flag of a membership is there when it is mapped, and goes with it.
func TestTheFlagOfAMembershipFollowsItsMapping(t *testing.T) {
	w, n := newWorld(), newImport()
	n.Type, n.Mode = ingest.GroupIdentity, ingest.Merge
	n.Mapping = ingest.Mapping{{Source: "Email", Target: "user_id"}, {Source: "string", Target: "group_id"}}
	i, err := w.service().Create(t.Context(), "w", "ada", n)
	ok(t, err)
	for _, want := range []string{"is_deleted", "", "is_deleted"} {
		mapping := n.Mapping
		if want != "" {
			mapping = append(mapping[:2:2], ingest.Column{Source: "bool", Target: want})
		}
		got, err := w.service().Update(t.Context(), "w", i.ID, ingest.Change{Mapping: mapping})
		ok(t, err)
		same(t, "stored import", got, w.get(t, i))
		same(t, "flag", want, got.Deleted)
		same(t, "key", []string{"user_id", "group_id"}, got.Key)
	}
}

// meanwhile is a world in which something happens while a mapping is held to its table.
type meanwhile struct {
	*world
	do func()
}

func (m meanwhile) Table(ctx context.Context, workspaceID, connectionID, name string) (connection.Connection, schema.Table, error) {
	m.do()
	return m.world.Table(ctx, workspaceID, connectionID, name)
}

// Of two changes at the same time one is refused, and says why: none is undone by the other.
func TestChangesAtTheSameTime(t *testing.T) {
	w := newWorld()
	i, err := w.service().Create(t.Context(), "w", "ada", newImport())
	ok(t, err)
	late := func(do func()) error {
		s := w.service()
		s.Schemas = meanwhile{w, do}
		_, err := s.Update(t.Context(), "w", i.ID, ingest.Change{Mapping: newImport().Mapping, Precedence: new(9)})
		return err
	}
	fails(t, late(func() {
		_, err := w.service().Update(t.Context(), "w", i.ID, ingest.Change{Precedence: new(7)})
		ok(t, err)
	}), fault.ImportChanged)
	same(t, "precedence", 7, w.get(t, i).Precedence)
	fails(t, late(func() {
		_, err := w.service().Start(t.Context(), "w", i.ID)
		ok(t, err)
	}), fault.ImportRunOpen)
	same(t, "precedence", 7, w.get(t, i).Precedence)
}

package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/snapshot"
)

const prefix = "schemas/w/con_1/"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// tester is a test, or a case of rapid's.
type tester interface {
	rapid.TB
	Context() context.Context
}

// assemble keeps the pages and makes one snapshot of them.
func assemble(t tester, objects snapshot.Objects, pages ...[]schema.Table) (snapshot.Assembled, error) {
	t.Helper()
	var parts []string
	for n, tables := range pages {
		parts = append(parts, fmt.Sprintf("discoveries/%d.json", n))
		if err := snapshot.WritePage(t.Context(), objects, prefix, parts[n], tables); err != nil {
			t.Fatal(err)
		}
	}
	return snapshot.Assemble(t.Context(), objects, prefix, parts, noon)
}

func open(t tester, objects snapshot.Objects, pages ...[]schema.Table) *snapshot.Index {
	t.Helper()
	made, err := assemble(t, objects, pages...)
	if err != nil {
		t.Fatal(err)
	}
	index, err := snapshot.Open(t.Context(), objects, made.Key)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func names(t tester, index *snapshot.Index, after string) []string {
	t.Helper()
	var found []string
	for e, err := range index.After(after) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, e.Name)
	}
	return found
}

func table(name string, columns ...string) schema.Table {
	t := schema.Table{Name: name, Namespace: "crm", Kind: schema.BaseTable, Rows: 7, Bytes: 70, Files: 1}
	for _, c := range columns {
		t.Columns = append(t.Columns, schema.Column{Name: c, Type: schema.String})
	}
	return t
}

func TestTablesComeBackWhole(t *testing.T) {
	objects := &memstore.Objects{}
	nested := schema.Table{
		Name: `crm."odd,name"`, Namespace: "crm", Kind: schema.View, Comment: strings.Repeat("é", 200), Rows: 1 << 60, Bytes: 2, Files: 3,
		Partitioning: &schema.Partitioning{Column: "day", Granularity: "day", FilterRequired: true}, Clustering: []string{"a"}, Key: []string{"a"},
		Columns: []schema.Column{
			{Name: "a", Type: schema.JSON, Repeated: true, Loss: "none", Fields: []schema.Column{{Name: "b", Type: schema.Int64}, {Name: "c", Type: schema.Date}}},
			{Name: "d", Type: schema.Decimal, Precision: 38, Scale: 9},
		},
	}
	broken := schema.Table{Name: "broken", Format: "csv", ProblemCode: "source.malformed", Problem: "truncated", ProblemAt: "a.csv"}
	index := open(t, objects, []schema.Table{nested, table("z", "a")}, nil, []schema.Table{broken})
	if index.Len() != 3 || !index.DiscoveredAt().Equal(noon) {
		t.Errorf("%d tables at %v", index.Len(), index.DiscoveredAt())
	}
	var entries []snapshot.Entry
	for _, name := range []string{nested.Name, "broken", "z"} {
		e, ok, err := index.Find(name)
		if !ok || err != nil {
			t.Fatalf("Find(%s) = %t, %v", name, ok, err)
		}
		entries = append(entries, e)
	}
	got, err := index.Tables(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]schema.Table{nested, broken, table("z", "a")}, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("tables (-kept +read):\n%s", diff)
	}
	e := entries[0]
	if e.Columns != 2 || e.Width != 4 || e.Kind != schema.View || e.Rows != 1<<60 || e.Comment != strings.Repeat("é", 128)+"…" {
		t.Errorf("entry %+v", e)
	}
	for _, name := range []string{"", "a", "crm", "zz"} {
		if e, ok, err := index.Find(name); ok || err != nil {
			t.Errorf("Find(%q) = %+v, %t, %v", name, e, ok, err)
		}
	}
}

// Whatever the pages, the index has every table once, in order, from any place on.
func TestIndexIsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfNDistinct(rapid.StringN(1, 6, -1), 0, 40, rapid.ID).Draw(t, "names")
		pages := make([][]schema.Table, rapid.IntRange(1, 5).Draw(t, "pages"))
		for _, name := range all {
			n := rapid.IntRange(0, len(pages)-1).Draw(t, "page")
			pages[n] = append(pages[n], table(name))
		}
		index := open(t, &memstore.Objects{}, pages...)
		slices.Sort(all)
		for _, after := range append([]string{"", "\U0010ffff"}, all...) {
			from, found := slices.BinarySearch(all, after)
			if found {
				from++
			}
			if diff := cmp.Diff(all[from:], names(t, index, after), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("tables after %q (-want +got):\n%s", after, diff)
			}
		}
	})
}

func TestVersionIsOfTheTables(t *testing.T) {
	base := [][]schema.Table{{table("b", "x"), table("a", "x", "y")}, {table("c")}}
	want := schema.Snapshot{Tables: []schema.Table{table("a", "x", "y"), table("b", "x"), table("c")}}.Version()
	grown := table("c")
	grown.Rows, grown.Bytes, grown.Files = 8, 80, 2
	for name, test := range map[string]struct {
		pages [][]schema.Table
		same  bool
	}{
		"as it was":   {base, true},
		"other pages": {[][]schema.Table{{table("c")}, {table("a", "x", "y"), table("b", "x")}}, true},
		"more rows":   {[][]schema.Table{base[0], {grown}}, true},
		"a column":    {[][]schema.Table{base[0], {table("c", "x")}}, false},
		"a table":     {base[:1], false},
		"a name":      {[][]schema.Table{base[0], {table("d")}}, false},
	} {
		made, err := assemble(t, &memstore.Objects{}, test.pages...)
		if err != nil {
			t.Fatal(err)
		}
		if (made.Version == want) != test.same || made.Key != prefix+made.Version+".jsonl" {
			t.Errorf("%s: version %s in %s; the same: want %t", name, made.Version, made.Key, test.same)
		}
	}
}

// A day on which nothing but the estimates changed keeps no second copy of the columns.
func TestPagesAreKeptOnce(t *testing.T) {
	objects := &memstore.Objects{}
	grown := table("a", "x")
	grown.Rows = 8
	open(t, objects, []schema.Table{table("a", "x")})
	before := len(objects.Keys())
	index := open(t, objects, []schema.Table{grown})
	if e, _, _ := index.Find("a"); len(objects.Keys()) != before || e.Rows != 8 {
		t.Errorf("%d objects, %d before; %d rows", len(objects.Keys()), before, e.Rows)
	}
}

func TestATableTwiceIsRefused(t *testing.T) {
	for _, pages := range [][][]schema.Table{{{table("a"), table("b"), table("a")}}, {{table("a")}, {table("b"), table("a", "x")}}} {
		if _, err := assemble(t, &memstore.Objects{}, pages...); !errors.Is(err, &fault.Error{Code: fault.SourceChanged}) {
			t.Errorf("error %v, want %s", err, fault.SourceChanged)
		}
	}
}

func TestWhatIsDamagedIsNotRead(t *testing.T) {
	objects := &memstore.Objects{}
	good := open(t, objects, []schema.Table{table("a"), table("b")})
	e, _, err := good.Find("b")
	if err != nil {
		t.Fatal(err)
	}
	e.Page = 7
	if _, err := good.Table(t.Context(), e); err == nil {
		t.Error("a page that is not there was read")
	}
	if _, err := snapshot.Open(t.Context(), objects, prefix+"missing.jsonl"); err == nil {
		t.Error("an index that is not there was opened")
	}
	if err := objects.Put(t.Context(), prefix+"x.jsonl", []byte(`{"tables":1}`+"\n"+`{"name":"a"`+"\n")); err != nil {
		t.Fatal(err)
	}
	damaged, err := snapshot.Open(t.Context(), objects, prefix+"x.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := damaged.Find("a"); err == nil {
		t.Error("a damaged entry was found")
	}
}

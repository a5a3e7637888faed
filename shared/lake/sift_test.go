package lake_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

// link is a row of an identity graph.
type link struct{ First, FirstType, Second, SecondType string }

var (
	linkColumns = []schema.Column{
		{Name: "first_id", Type: schema.String},
		{Name: "first_id_type", Type: schema.String, Nullable: true},
		{Name: "second_id", Type: schema.String},
		{Name: "second_id_type", Type: schema.String, Nullable: true},
	}
	linkArrow = arrow.NewSchema([]arrow.Field{
		{Name: "first_id", Type: arrow.BinaryTypes.String},
		{Name: "first_id_type", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "second_id", Type: arrow.BinaryTypes.String},
		{Name: "second_id_type", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	linkHub = lake.Hub{First: "first_id", Second: "second_id", FirstType: "first_id_type", SecondType: "second_id_type"}
)

func landLinks(t tester, l *lake.Lake, id lake.TableID, runID string, rows []link) lake.Files {
	t.Helper()
	if err := l.Ensure(t.Context(), id, linkColumns, lake.SpreadOf(ingest.IdentityGraph)); err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, linkArrow)
	defer b.Release()
	for _, row := range rows {
		for i, value := range []string{row.First, row.FirstType, row.Second, row.SecondType} {
			if value == "" {
				b.Field(i).AppendNull()
			} else {
				b.Field(i).(*array.StringBuilder).Append(value)
			}
		}
	}
	return landBatch(t, l, id, runID, b.NewRecordBatch())
}

func linkOf(row lake.Row) link {
	text := func(column string) string {
		value, _ := row.Value(column)
		found, _ := value.(string)
		return found
	}
	return link{text("first_id"), text("first_id_type"), text("second_id"), text("second_id_type")}
}

// hubless is what a map makes of the links.
func hubless(rows []link, most int) (kept, rejected []link, hubs int) {
	type node struct{ id, kind string }
	others := make(map[node]map[node]bool)
	add := func(a, b node) {
		if others[a] == nil {
			others[a] = make(map[node]bool)
		}
		if a != b {
			others[a][b] = true
		}
	}
	for _, row := range rows {
		a, b := node{row.First, row.FirstType}, node{row.Second, row.SecondType}
		add(a, b)
		add(b, a)
	}
	for _, of := range others {
		if len(of) > most {
			hubs++
		}
	}
	for _, row := range rows {
		if len(others[node{row.First, row.FirstType}]) > most || len(others[node{row.Second, row.SecondType}]) > most {
			rejected = append(rejected, row)
		} else {
			kept = append(kept, row)
		}
	}
	return kept, rejected, hubs
}

func TestSiftEqualsAModel(t *testing.T) {
	p := newPlace(t)
	p.config.MergeRows = 4 // more links go through temporary files
	l := p.open(t)
	tables := 0
	anyOrder := cmp.Options{cmpopts.SortSlices(func(a, b link) bool { return fmt.Sprint(a) < fmt.Sprint(b) }), cmpopts.EquateEmpty()}
	rapid.Check(t, func(t *rapid.T) {
		tables++
		id := lake.TableID{Workspace: "acme-1", Name: fmt.Sprintf("links_%d", tables)}
		one := rapid.Custom(func(t *rapid.T) link {
			return link{
				First: rapid.StringMatching("[a-h]").Draw(t, "first"), FirstType: rapid.SampledFrom([]string{"", "", "x"}).Draw(t, "type"),
				Second: rapid.StringMatching("[a-h]").Draw(t, "second"),
			}
		})
		each := rapid.SliceOfN(rapid.SliceOfN(one, 0, 12), 0, 4).Draw(t, "parts")
		hub := linkHub
		hub.Links = rapid.IntRange(1, 4).Draw(t, "links")
		files := make([]lake.Files, len(each))
		for i, rows := range each {
			files[i] = landLinks(t, l, id, "run_1", rows)
		}
		if len(each) == 0 {
			landLinks(t, l, id, "run_0", nil)
		}
		kept, rejected, hubs := hubless(slices.Concat(each...), hub.Links)
		var sifted lake.Sifted
		for range 2 { // the second as after a kill
			var heard []link
			var err error
			sifted, err = l.Sift(t.Context(), id, "run_1", hub, parts(files...), func(row lake.Row) error {
				heard = append(heard, linkOf(row))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rejected, heard, anyOrder); diff != "" || sifted.Hubs != hubs || sifted.Rows != int64(len(rejected)) {
				t.Fatalf("%d hubs, %d rows; want %d, %d (-want +got):\n%s", sifted.Hubs, sifted.Rows, hubs, len(rejected), diff)
			}
		}
		if _, err := l.Commit(t.Context(), id, "run_1", ingest.FullRefresh, encodedParts(sifted.Parts)); err != nil {
			t.Fatal(err)
		}
		rows, err := l.Rows(t.Context(), id, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var got []link
		for _, row := range rows {
			got = append(got, linkOf(row))
		}
		if diff := cmp.Diff(kept, got, anyOrder); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func encodedParts(encoded [][]byte) func(func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) {
		for _, one := range encoded {
			if !yield(one, nil) {
				return
			}
		}
	}
}

func TestSiftRewritesOnlyFilesWithHubs(t *testing.T) {
	p := newPlace(t)
	l := p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "links"}
	clean := landLinks(t, l, id, "run_1", []link{{First: "a", Second: "b"}, {First: "c", Second: "d"}})
	dirty := landLinks(t, l, id, "run_1", []link{{First: "hub", Second: "b"}, {First: "hub", Second: "c"}, {First: "d", Second: "hub"}})
	before := len(p.keys(t, ".parquet"))
	hub := linkHub
	hub.Links = 2
	sifted, err := l.Sift(t.Context(), id, "run_1", hub, parts(clean, dirty), func(lake.Row) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lake.Sifted{Parts: [][]byte{clean.Encoded, nil}, Hubs: 1, Rows: 3}, sifted); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if after := len(p.keys(t, ".parquet")); after != before {
		t.Errorf("%d files were written for rows that all go", after-before)
	}
	hub.SecondType = "" // an identifier without a type is the same on the side that has no types
	both := landLinks(t, l, id, "run_1", []link{{First: "x", Second: "a"}, {First: "b", Second: "x"}, {First: "x", Second: "c"}})
	if sifted, err := l.Sift(t.Context(), id, "run_1", hub, parts(both), func(lake.Row) error { return nil }); err != nil || sifted.Hubs != 1 {
		t.Errorf("%d hubs, %v", sifted.Hubs, err)
	}
	hub.Second = "nobody"
	if _, err := l.Sift(t.Context(), id, "run_1", hub, parts(clean), nil); fault.CodeOf(err) != fault.LakeIncompatible {
		t.Errorf("a column that the table lacks: %v", err)
	}
}

// Neither many links nor one that has most of them may take more memory than fits.
func TestSiftMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const parts, links, limit = 4, 100_000, 128 << 20 // a half of them of one identifier
	p := newPlace(t)
	p.config.MergeRows = 20_000
	l := p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "links"}
	files := make([][]byte, parts)
	for part := range parts {
		rows := make([]link, links)
		for i := range rows {
			n := part*links + i
			rows[i] = link{First: fmt.Sprint("device-", n), Second: fmt.Sprint("person-", n)}
			if i%2 == 0 {
				rows[i].First = "unknown"
			}
		}
		files[part] = landLinks(t, l, id, "run_1", rows).Encoded
	}
	hub := linkHub
	hub.Links = 50
	rejected := 0
	peak, stop := watchHeap()
	sifted, err := l.Sift(t.Context(), id, "run_1", hub, encodedParts(files), func(lake.Row) error {
		rejected++
		return nil
	})
	stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d links, %d rejected, at most %d MiB in use, with the objects", parts*links, rejected, *peak>>20)
	if sifted.Hubs != 1 || sifted.Rows != parts*links/2 || rejected != parts*links/2 {
		t.Errorf("%d hubs, %d rows, %d rejected", sifted.Hubs, sifted.Rows, rejected)
	}
	if *peak > limit {
		t.Errorf("%d MiB in use", *peak>>20)
	}
}

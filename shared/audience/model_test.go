package audience_test

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/audience"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// TestPreviewAgreesWithTheModel holds previews of random expressions over random tables against an evaluation that
// looks at one person at a time, and at all rows each time.
func TestPreviewAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		e := drawExpression(rt, 3)
		var want []string
		for _, name := range w.people() {
			if w.holds(e, name) {
				want = append(want, name)
			}
		}
		got, err := w.service(t).Preview(t.Context(), "acme", e, 100)
		if err != nil {
			rt.Fatal(err)
		}
		slices.Sort(got.Sample)
		if diff := gocmp.Diff(append([]string{}, want...), got.Sample); diff != "" || got.Count != int64(len(want)) {
			rt.Fatalf("count %d, sample (-want +got):\n%s", got.Count, diff)
		}
	})
}

var names = []string{"ada", "bob", "cyd", "dot", "eve", "fay"}

func drawWorld(t *rapid.T) world {
	var w world
	w.table(ingest.UserProfile, 0, "", profileColumns, record{"identifier": "ada"})
	cursors := []schema.Type{"", schema.Int64, schema.String}
	for range rapid.IntRange(0, 3).Draw(t, "profile imports") {
		columns := profileColumns[:rapid.IntRange(2, 3).Draw(t, "columns")]
		w.table(ingest.UserProfile, rapid.IntRange(0, 1).Draw(t, "precedence"), rapid.SampledFrom(cursors).Draw(t, "cursor"), columns)
	}
	w.table(ingest.UserProfile, 0, schema.Int64, profileColumns)
	for range rapid.IntRange(1, 2).Draw(t, "activity imports") {
		w.table(ingest.UserActivity, 0, "", activityColumns)
	}
	w.table(ingest.UserActivity, 0, "", activityColumns[:3])
	for range rapid.IntRange(0, 2).Draw(t, "group imports") {
		w.table(ingest.GroupIdentity, 0, rapid.SampledFrom(cursors).Draw(t, "cursor"), groupColumns[:rapid.IntRange(2, 4).Draw(t, "columns")])
	}
	split := rapid.Bool().Draw(t, "in buckets")
	for n := range w {
		if !split && n == 1 {
			w[n].buckets = 0
		}
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			r := record{}
			for _, c := range w[n].columns {
				r[c.Name] = drawValue(t, c)
			}
			w[n].rows = append(w[n].rows, r)
		}
	}
	return w
}

func drawValue(t *rapid.T, c schema.Column) any {
	switch {
	case c.Name == "identifier", c.Name == "user_id":
		return rapid.SampledFrom(names).Draw(t, c.Name)
	case c.Name == "event_name":
		return rapid.SampledFrom([]string{"order", "visit"}).Draw(t, c.Name)
	case c.Name == "group_id":
		return rapid.SampledFrom([]string{"g", "h"}).Draw(t, c.Name)
	case c.Name == "event_time":
		return noon.Add(-time.Duration(rapid.IntRange(-1, 4).Draw(t, c.Name)) * 12 * time.Hour).UnixMicro()
	case rapid.IntRange(0, 4).Draw(t, "null") == 0:
		return nil
	case c.Type == schema.Bool:
		return rapid.Bool().Draw(t, c.Name)
	case c.Type == schema.Int64:
		return rapid.Int64Range(0, 3).Draw(t, c.Name)
	}
	return rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, c.Name)
}

func drawExpression(t *rapid.T, depth int) audience.Expression {
	kinds := []string{"plan", "age", "activity", "group"}
	if depth > 0 {
		kinds = append(kinds, "all", "any", "not")
	}
	some := func() (all []audience.Expression) {
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			all = append(all, drawExpression(t, depth-1))
		}
		return all
	}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case "all":
		return audience.Expression{All: some()}
	case "any":
		return audience.Expression{Any: some()}
	case "not":
		inner := drawExpression(t, depth-1)
		return audience.Expression{Not: &inner}
	case "activity":
		return audience.Expression{Activity: drawActivity(t)}
	case "group":
		return audience.Expression{Group: &audience.Group{IDs: rapid.SampledFrom([][]string{{"g"}, {"h"}, {"g", "h"}, {"none"}}).Draw(t, "groups")}}
	default:
		c := drawCondition(t, kind)
		return audience.Expression{Trait: &audience.Trait{Name: c.Column, Op: c.Op, Values: c.Values, OrNull: c.OrNull}}
	}
}

func drawCondition(t *rapid.T, column string) source.Condition {
	c := source.Condition{Column: column, Op: rapid.SampledFrom([]source.Op{
		source.Equal, source.NotEqual, source.Less, source.LessOrEqual, source.Greater, source.GreaterOrEqual, source.In, source.IsNull, source.NotNull,
	}).Draw(t, "op")}
	if c.Op == source.IsNull || c.Op == source.NotNull {
		return c
	}
	c.OrNull = rapid.Bool().Draw(t, "or null")
	count := 1
	if c.Op == source.In {
		count = rapid.IntRange(1, 3).Draw(t, "values")
	}
	for range count {
		c.Values = append(c.Values, strconv.Itoa(rapid.IntRange(0, 4).Draw(t, "value")))
	}
	return c
}

func drawActivity(t *rapid.T) *audience.Activity {
	a := &audience.Activity{Event: rapid.SampledFrom([]string{"", "order", "visit", "none"}).Draw(t, "event")}
	switch rapid.IntRange(0, 3).Draw(t, "period") {
	case 1:
		a.WithinDays = new(rapid.Int64Range(1, 2).Draw(t, "days"))
	case 2:
		a.From = new(noon.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "from")) * time.Hour))
	}
	if rapid.Bool().Draw(t, "ends") {
		a.To = new(noon.Add(-time.Duration(rapid.IntRange(-10, 20).Draw(t, "to")) * time.Hour))
	}
	if rapid.Bool().Draw(t, "has at least") {
		a.AtLeast = new(rapid.Int64Range(0, 2).Draw(t, "at least"))
	}
	if rapid.Bool().Draw(t, "has at most") {
		a.AtMost = new(rapid.Int64Range(2, 3).Draw(t, "at most"))
	}
	for range rapid.IntRange(0, 2).Draw(t, "properties") {
		c := drawCondition(t, "amount")
		a.Where = append(a.Where, audience.Property{Property: c.Column, Op: c.Op, Values: c.Values, OrNull: c.OrNull})
	}
	return a
}

// people are the identifiers of user_profile imports, sorted.
func (w world) people() []string {
	known := map[string]bool{}
	for _, t := range w {
		for _, r := range t.rows {
			if t.of.Type == ingest.UserProfile {
				known[r["identifier"].(string)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(known))
}

func (w world) holds(e audience.Expression, name string) bool {
	each := func(e audience.Expression) bool { return w.holds(e, name) }
	switch {
	case e.All != nil:
		return !slices.ContainsFunc(e.All, func(e audience.Expression) bool { return !each(e) })
	case e.Any != nil:
		return slices.ContainsFunc(e.Any, each)
	case e.Not != nil:
		return !each(*e.Not)
	case e.Trait != nil:
		return compares(source.Condition{Op: e.Trait.Op, Values: e.Trait.Values, OrNull: e.Trait.OrNull}, w.trait(e.Trait.Name, name))
	case e.Activity != nil:
		return w.did(*e.Activity, name)
	}
	return slices.ContainsFunc(e.Group.IDs, func(group string) bool { return w.isIn(group, name) })
}

// compares evaluates a condition on a text or a whole number of one digit.
func compares(c source.Condition, v any) bool {
	switch {
	case c.Op == source.IsNull:
		return v == nil
	case c.Op == source.NotNull:
		return v != nil
	case v == nil:
		return c.OrNull
	}
	text, ok := v.(string)
	if n, isNumber := v.(int64); !ok && isNumber {
		text = strconv.FormatInt(n, 10)
	}
	order := cmp.Compare(text, c.Values[0])
	switch c.Op {
	case source.Equal:
		return order == 0
	case source.NotEqual:
		return order != 0
	case source.Less:
		return order < 0
	case source.LessOrEqual:
		return order <= 0
	case source.Greater:
		return order > 0
	case source.GreaterOrEqual:
		return order >= 0
	}
	return slices.Contains(c.Values, text)
}

// less orders values of one type, NULL first.
func less(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b != nil
	}
	if n, ok := a.(int64); ok {
		return n < b.(int64)
	}
	return a.(string) < b.(string)
}

// trait is the value that counts, by the words of the API's document.
func (w world) trait(trait, name string) any {
	type best struct {
		of            ingest.Import
		value, cursor any
	}
	var found []best // of each import with the trait
	for _, t := range w {
		if t.of.Type != ingest.UserProfile {
			continue
		}
		var mine *best
		for _, r := range t.rows {
			b := best{t.of, r[trait], r[ingest.CursorColumn]}
			if r["identifier"] != name || b.value == nil {
				continue
			}
			if mine == nil || less(mine.cursor, b.cursor) || !less(b.cursor, mine.cursor) && less(mine.value, b.value) {
				mine = &b
			}
		}
		if mine != nil {
			found = append(found, *mine)
		}
	}
	if len(found) == 0 {
		return nil
	}
	highest := slices.MaxFunc(found, func(a, b best) int { return cmp.Compare(a.of.Precedence, b.of.Precedence) }).of.Precedence
	found = slices.DeleteFunc(found, func(b best) bool { return b.of.Precedence != highest })
	slices.Reverse(found) // the newest first
	wins := found[0]
	for _, b := range found[1:] {
		both := b.cursor != nil && wins.cursor != nil && b.of.Cursor.Type == wins.of.Cursor.Type
		if both && less(wins.cursor, b.cursor) {
			wins = b
		}
	}
	return wins.value
}

func (w world) did(a audience.Activity, name string) bool {
	var n int64
	for _, t := range w {
		for _, r := range t.rows {
			if t.of.Type != ingest.UserActivity || r["identifier"] != name || a.Event != "" && a.Event != r["event_name"] {
				continue
			}
			at := time.UnixMicro(r["event_time"].(int64))
			early := a.From != nil && at.Before(*a.From) || a.WithinDays != nil && at.Before(noon.AddDate(0, 0, -int(*a.WithinDays)))
			late := a.To != nil && !at.Before(*a.To) || a.To == nil && a.WithinDays != nil && !at.Before(noon)
			wrong := slices.ContainsFunc(a.Where, func(p audience.Property) bool {
				return !compares(source.Condition{Op: p.Op, Values: p.Values, OrNull: p.OrNull}, r[p.Property])
			})
			if !early && !late && !wrong {
				n++
			}
		}
	}
	least := int64(1)
	if a.AtMost != nil {
		least = 0
	}
	if a.AtLeast != nil {
		least = *a.AtLeast
	}
	return n >= least && (a.AtMost == nil || n <= *a.AtMost)
}

// isIn reports whether one of the imports says so in its last row.
func (w world) isIn(group, name string) bool {
	for _, t := range w {
		var last record
		for _, r := range t.rows {
			if t.of.Type != ingest.GroupIdentity || r["user_id"] != name || r["group_id"] != group {
				continue
			}
			if last == nil || later(r, last) {
				last = r
			}
		}
		if last != nil && last["is_deleted"] != true {
			return true
		}
	}
	return false
}

func later(a, b record) bool {
	for _, by := range []string{ingest.CursorColumn, "cursor"} {
		if less(b[by], a[by]) {
			return true
		}
		if less(a[by], b[by]) {
			return false
		}
	}
	return a["is_deleted"] == true
}

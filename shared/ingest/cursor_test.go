package ingest_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

func TestLower(t *testing.T) {
	for _, test := range []struct {
		typ             schema.Type
		lookback        int64
		watermark, want string
	}{
		{schema.Timestamp, 3600, "", ""},
		{schema.Timestamp, 0, "2026-03-01T12:00:00.25+02:00", "2026-03-01T12:00:00.25+02:00"},
		{schema.Timestamp, 3600, "2026-03-01T12:00:00.25+02:00", "2026-03-01T09:00:00.25Z"},
		{schema.Timestamp, 3660 * 86400, "0005-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		{schema.Date, 1, "2026-03-01", "2026-02-28"},
		{schema.Date, 3660, "0002-01-01", "0001-01-01"},
		{schema.Int64, 7, "-3", "-10"},
		{schema.Int64, math.MaxInt64, "-2", strconv.FormatInt(math.MinInt64, 10)},
		{schema.Int64, math.MaxInt64, "-1", strconv.FormatInt(math.MinInt64, 10)},
		{schema.String, 0, "b", "b"},
	} {
		got, err := ingest.Cursor{Type: test.typ, Lookback: test.lookback}.Lower(test.watermark)
		if err != nil || got != test.want {
			t.Errorf("Lower of %s %q less %d = %q, %v, want %q", test.typ, test.watermark, test.lookback, got, err, test.want)
		}
	}
	if _, err := (ingest.Cursor{Type: schema.Int64, Lookback: 1}).Lower("x"); err == nil {
		t.Error("Lower of what is no number has no error")
	}
}

// valuesOf draws values of a cursor in the form of literals.
func valuesOf(t schema.Type) *rapid.Generator[string] {
	switch t {
	case schema.Int64:
		return rapid.Map(rapid.Int64(), func(v int64) string { return strconv.FormatInt(v, 10) })
	case schema.Date:
		return rapid.Map(rapid.Int64Range(0, 3_000_000), func(days int64) string {
			return time.Date(1, 1, 1+int(days), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		})
	case schema.Timestamp:
		return rapid.Custom(func(t *rapid.T) string {
			at := time.UnixMicro(rapid.Int64Range(-60_000_000_000_000_000, 250_000_000_000_000_000).Draw(t, "at"))
			zone := time.FixedZone("", 60*rapid.IntRange(-12*60, 12*60).Draw(t, "zone"))
			return at.In(zone).Format(time.RFC3339Nano)
		})
	}
	return rapid.String()
}

var cursorTypes = []schema.Type{schema.Timestamp, schema.Date, schema.Int64, schema.String}

// Later is a maximum: of any values in any order it is one of them, and none is greater.
func TestLaterIsTheGreatest(t *testing.T) {
	for _, typ := range cursorTypes {
		t.Run(string(typ), func(t *testing.T) {
			c := ingest.Cursor{Type: typ}
			rapid.Check(t, func(t *rapid.T) {
				values := rapid.SliceOfN(rapid.OneOf(valuesOf(typ), rapid.Just("")), 1, 6).Draw(t, "values")
				greatest := ""
				for _, v := range values {
					greatest = c.Later(greatest, v)
				}
				for _, v := range values {
					if c.Later(greatest, v) != greatest {
						t.Fatalf("the greatest of %q is %q, but %q is later", values, greatest, v)
					}
				}
				other := ""
				for _, v := range rapid.Permutation(values).Draw(t, "shuffled") {
					other = c.Later(v, other)
				}
				if c.Later(other, greatest) != other || c.Later(greatest, other) != greatest {
					t.Fatalf("%q is the greatest in one order and %q in another", greatest, other)
				}
			})
		})
	}
}

// Lower is never above the watermark, and less the more one looks back.
func TestLowerIsBelow(t *testing.T) {
	for _, typ := range []schema.Type{schema.Timestamp, schema.Date, schema.Int64} {
		t.Run(string(typ), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				watermark := valuesOf(typ).Draw(t, "watermark")
				less, more := rapid.Int64Range(0, 3660).Draw(t, "less"), rapid.Int64Range(3660, 1_000_000).Draw(t, "more")
				high, err := ingest.Cursor{Type: typ, Lookback: less}.Lower(watermark)
				ok(t, err)
				low, err := ingest.Cursor{Type: typ, Lookback: more}.Lower(watermark)
				ok(t, err)
				c := ingest.Cursor{Type: typ}
				if c.Later(watermark, high) != watermark || c.Later(high, low) != high {
					t.Fatalf("%q less %d is %q and less %d is %q", watermark, less, high, more, low)
				}
				if _, err := source.Literal(schema.Column{Type: typ}, low); err != nil {
					t.Fatalf("%q less %d is %q, which is no %s", watermark, more, low, typ)
				}
			})
		})
	}
}

func TestReads(t *testing.T) {
	own := source.Condition{Column: "int64", Op: source.Greater, Values: []string{"1"}}
	from := func(value string, orNull bool) source.Condition {
		return source.Condition{Column: "Happened", Op: source.GreaterOrEqual, Values: []string{value}, OrNull: orNull}
	}
	notNull := source.Condition{Column: "Happened", Op: source.NotNull}
	to := source.Condition{Column: "Happened", Op: source.Less, Values: []string{"2026-02-02T00:00:00Z"}}
	between := &ingest.Range{From: "2026-02-01T00:00:00Z", To: "2026-02-02T00:00:00Z"}
	const watermark, lower = "2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z"
	for name, test := range map[string]struct {
		nulls     ingest.Nulls
		watermark string
		run       ingest.Run
		want      source.Filter
	}{
		"first, nulls by default": {"", "", ingest.Run{}, source.Filter{own, notNull}},
		"first, nulls excluded":   {ingest.NullsExcluded, "", ingest.Run{}, source.Filter{own, notNull}},
		"first, nulls included":   {ingest.NullsIncluded, "", ingest.Run{}, source.Filter{own}},
		"first, nulls fail":       {ingest.NullsFail, "", ingest.Run{}, source.Filter{own}},
		"later, nulls by default": {"", watermark, ingest.Run{}, source.Filter{own, from(lower, false)}},
		"later, nulls included":   {ingest.NullsIncluded, watermark, ingest.Run{}, source.Filter{own, from(lower, true)}},
		"later, nulls fail":       {ingest.NullsFail, watermark, ingest.Run{}, source.Filter{own, from(lower, true)}},
		"a backfill": {
			ingest.NullsIncluded, watermark, ingest.Run{Trigger: ingest.Backfill, Range: between}, source.Filter{own, from(between.From, false), to},
		},
		"a replay": {"", watermark, ingest.Run{Trigger: ingest.Replay}, source.Filter{own}},
	} {
		t.Run(name, func(t *testing.T) {
			i := ingest.Import{Filter: source.Filter{own}, Watermark: test.watermark}
			i.Cursor = &ingest.Cursor{Column: "Happened", Type: schema.Timestamp, Lookback: 3600, Nulls: test.nulls}
			got, err := i.Reads(test.run)
			ok(t, err)
			same(t, "filter", test.want, got)
			ok(t, got.Validate("filter", people()))
		})
	}
	got, err := ingest.Import{Filter: source.Filter{own}, Watermark: watermark}.Reads(ingest.Run{})
	ok(t, err)
	same(t, "filter without a cursor", source.Filter{own}, got)
	broken := ingest.Import{Cursor: &ingest.Cursor{Type: schema.Int64, Lookback: 1}, Watermark: "x"}
	if _, err := broken.Reads(ingest.Run{}); err == nil {
		t.Error("a watermark that is no number is read from")
	}
}

// What is read must not leave its marks in the import, which other runs are planned from.
func TestReadsLeavesTheImportAlone(t *testing.T) {
	backing := make(source.Filter, 1, 4)
	backing[0] = source.Condition{Column: "a", Op: source.NotNull}
	i := ingest.Import{Filter: backing, Cursor: &ingest.Cursor{Column: "b", Type: schema.Int64}, Watermark: "1"}
	_, err := i.Reads(ingest.Run{})
	ok(t, err)
	same(t, "what is behind the import's filter", source.Condition{}, backing[:2][1])
}

func TestSources(t *testing.T) {
	i := ingest.Import{Mapping: ingest.Mapping{{Source: "a", Target: "x"}, {Source: "b", Target: "y"}}}
	same(t, "without a cursor", []string{"a", "b"}, i.Sources())
	i.Cursor = &ingest.Cursor{Column: "c"}
	same(t, "with a cursor of its own", []string{"a", "b", "c"}, i.Sources())
	i.Cursor = &ingest.Cursor{Column: "b"}
	same(t, "with a mapped cursor", []string{"a", "b"}, i.Sources())
	i.Fingerprint = []string{"b", "d"}
	same(t, "with what tells rows apart", []string{"a", "b", "d"}, i.Sources())
}

func TestLakeColumns(t *testing.T) {
	mapped := schema.Column{Name: "identifier", Type: schema.String}
	cursor := schema.Column{Name: ingest.CursorColumn, Type: schema.Date, Nullable: true}
	row := schema.Column{Name: ingest.RowColumn, Type: schema.String}
	for _, test := range []struct {
		mode   ingest.Mode
		cursor *ingest.Cursor
		want   []schema.Column
	}{
		{ingest.FullRefresh, nil, []schema.Column{mapped}},
		{ingest.Append, nil, []schema.Column{mapped}},
		{ingest.Append, &ingest.Cursor{Type: schema.Date}, []schema.Column{mapped, cursor, row}},
		{ingest.Merge, nil, []schema.Column{mapped}},
		{ingest.Merge, &ingest.Cursor{Type: schema.Date}, []schema.Column{mapped, cursor}},
	} {
		i := ingest.Import{Mode: test.mode, Cursor: test.cursor, Mapping: ingest.Mapping{{Target: "identifier", Type: schema.String, Required: true}}}
		same(t, fmt.Sprintf("columns of %s with a cursor: %t", test.mode, test.cursor != nil), test.want, i.LakeColumns())
	}
}

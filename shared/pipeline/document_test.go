package pipeline_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
)

// documented is one row of the table of casts in docs/mapping.md.
type documented struct {
	from, to         schema.Type
	result           string // "exact", "nearest", "cut"
	quarantine       string // empty: every value can be cast
	example, becomes string
	refused          string
}

func (d documented) String() string { return fmt.Sprintf("%s to %s", d.from, d.to) }

// casts reads the table.
func casts(t *testing.T) []documented {
	t.Helper()
	document, err := os.ReadFile("../../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(document), "| from | to | result | to quarantine | example | refused |\n|---|---|---|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	plain := func(cell string) string { return strings.Trim(strings.TrimSpace(cell), "`—") }
	var rows []documented
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 6 {
			t.Fatalf("not a row of six: %s", line)
		}
		example, becomes, _ := strings.Cut(cells[4], " → ")
		rows = append(rows, documented{
			schema.Type(plain(cells[0])), schema.Type(plain(cells[1])), plain(cells[2]), plain(cells[3]), plain(example), plain(becomes), plain(cells[5]),
		})
	}
	return rows
}

// sources are what drivers deliver for each logical type.
var sources = map[schema.Type]arrow.DataType{
	schema.String: text, schema.Int64: int64s, schema.Float64: float64s, schema.Decimal: decimal(38, 12), schema.Bool: bools,
	schema.Date: date, schema.Timestamp: timestamp, schema.Time: clock, schema.JSON: text,
}

// read makes an array of the one value that a cell of the table shows.
func read(t *testing.T, alloc memory.Allocator, from schema.Type, cell string) arrow.Array {
	t.Helper()
	switch {
	case from == schema.String || from == schema.JSON:
		return build(t, alloc, text, cell)
	case from == schema.Decimal:
		n, err := decimal128.FromString(cell, 38, 12)
		if err != nil {
			t.Fatal(err)
		}
		return build(t, alloc, sources[from], n)
	case strings.HasPrefix(cell, "+"): // a year that the cast from text does not take
		var year, month, of int
		if _, err := fmt.Sscanf(cell, "+%d-%d-%d", &year, &month, &of); err != nil {
			t.Fatal(err)
		}
		return build(t, alloc, date, arrow.Date32FromTime(time.Date(year, time.Month(month), of, 0, 0, 0, 0, time.UTC)))
	}
	in := build(t, alloc, text, cell)
	defer in.Release()
	return cast(t, alloc, in, from)
}

// cast is what becomes of an array, none of which may be refused.
func cast(t *testing.T, alloc memory.Allocator, in arrow.Array, to schema.Type) arrow.Array {
	t.Helper()
	result := one(t, alloc, in, to)
	defer result.Release()
	if len(result.Rejects) > 0 {
		t.Fatalf("%s to %s: %+v", in, to, result.Rejects)
	}
	out := result.Record.Column(0)
	out.Retain()
	return out
}

// written is the text of an array's one value.
func written(t *testing.T, alloc memory.Allocator, in arrow.Array) string {
	t.Helper()
	out := cast(t, alloc, in, schema.String)
	defer out.Release()
	return valueAt(t, out, 0).(string)
}

func TestEveryPairIsDocumented(t *testing.T) {
	shown := make(map[[2]schema.Type]bool)
	for _, row := range casts(t) {
		pair := [2]schema.Type{row.from, row.to}
		if shown[pair] {
			t.Errorf("%s is shown twice", row)
		}
		shown[pair] = true
	}
	for _, from := range schema.Types() {
		for _, to := range schema.Types() {
			want := ingest.Castable(from, to) && (from != to || from == schema.Decimal)
			if got := shown[[2]schema.Type{from, to}]; got != want {
				t.Errorf("%s to %s: in the table %t, castable %t", from, to, got, want)
			}
		}
	}
}

func TestDocumentedCasts(t *testing.T) {
	for _, row := range casts(t) {
		t.Run(row.String(), func(t *testing.T) {
			alloc := checked(t)
			in := read(t, alloc, row.from, row.example)
			defer in.Release()
			out := cast(t, alloc, in, row.to)
			defer out.Release()
			if got := written(t, alloc, out); got != row.becomes {
				t.Errorf("%s becomes %s, not %s", row.example, got, row.becomes)
			}
			row.isExact(t, alloc, in, out)
			row.refuses(t, alloc)
		})
	}
}

// isExact casts the example back: it comes back where the result is exact, and
// shows the loss where it is not.
func (d documented) isExact(t *testing.T, alloc memory.Allocator, in, out arrow.Array) {
	t.Helper()
	if d.result != "exact" && d.result != "nearest" && d.result != "cut" {
		t.Errorf("%q says nothing of the result", d.result)
	}
	if !ingest.Castable(d.to, d.from) && d.from != schema.JSON {
		return
	}
	back := out
	if d.from != schema.JSON {
		back = cast(t, alloc, out, d.from)
		defer back.Release()
	}
	original, returned := written(t, alloc, in), written(t, alloc, back)
	if exact := original == returned; exact != (d.result == "exact") {
		t.Errorf("%s comes back as %s, which is not what %q says", original, returned, d.result)
	}
}

// refuses sends the refused example to quarantine; where there is none, any value can be cast.
func (d documented) refuses(t *testing.T, alloc memory.Allocator) {
	t.Helper()
	if (d.quarantine == "") != (d.refused == "") {
		t.Fatal("what goes to quarantine has no example, or the reverse")
	}
	if d.refused != "" {
		in := read(t, alloc, d.from, d.refused)
		defer in.Release()
		result := one(t, alloc, in, d.to)
		defer result.Release()
		if len(result.Rejects) != 1 || result.Rejects[0].Rule != pipeline.RuleCast {
			t.Errorf("%s is not refused: %v", d.refused, result.Record)
		}
		return
	}
	rapid.Check(t, func(rt *rapid.T) {
		in := build(t, alloc, sources[d.from], values(sources[d.from]).Draw(rt, "value"))
		defer in.Release()
		result := one(t, alloc, in, d.to)
		defer result.Release()
		if len(result.Rejects) > 0 {
			rt.Errorf("%s is refused, though nothing is said to be", in)
		}
	})
}

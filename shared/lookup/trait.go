package lookup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Claim is what one row says of a trait.
type Claim struct {
	Value    any // of lake.Cell; nil is NULL
	Cursor   any // of the row's ingest.CursorColumn; nil when it has none
	Distance int // links between its identifier and the one that is asked for
	By       Claimant
}

// Claimant is the import that says it.
type Claimant struct {
	ImportID   string
	Precedence int
	CursorType schema.Type // "" when its rows have no cursor
}

// ClaimantOf is an import as it claims traits.
func ClaimantOf(i ingest.Import) Claimant {
	c := Claimant{ImportID: i.ID, Precedence: i.Precedence}
	if i.Cursor != nil {
		c.CursorType = i.Cursor.Type
	}
	return c
}

// Beats reports whether a claim takes the place of another one that was made before. Whoever merges
// claims asks imports from the newest to the oldest, and begins with what NULL says.
//
// A value beats NULL, and higher precedence lower. Of the same precedence the greater
// cursor wins, if both have one of the same type; within one import that is so
// for every row, and of the same cursor the nearer identifier wins, then the greater value, so that the order
// in which rows are read does not matter.
func (c Claim) Beats(other Claim) bool {
	switch {
	case c.Value == nil || other.Value == nil:
		return c.Value != nil
	case c.By.Precedence != other.By.Precedence:
		return c.By.Precedence > other.By.Precedence
	case c.By.ImportID == other.By.ImportID:
		return cmp.Or(Compare(c.Cursor, other.Cursor), cmp.Compare(other.Distance, c.Distance), Compare(c.Value, other.Value)) > 0
	}
	return c.By.CursorType == other.By.CursorType && c.Cursor != nil && other.Cursor != nil && Compare(c.Cursor, other.Cursor) > 0
}

// Compare orders two values of one column as lake.Cell has them, NULL first and
// NaN last. Decimals, which are text there, have an order too, but not that of their numbers.
func Compare(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case float64:
		if b, ok := b.(float64); ok {
			return compareFloats(a, b)
		}
	case bool:
		if b, ok := b.(bool); ok {
			return cmp.Compare(rank(a), rank(b))
		}
	case json.RawMessage:
		if b, ok := b.(json.RawMessage); ok {
			return bytes.Compare(a, b)
		}
	}
	return cmp.Compare(kind(a), kind(b))
}

// compareFloats puts NaN above all others, and -0 beside 0.
func compareFloats(a, b float64) int {
	if math.IsNaN(a) || math.IsNaN(b) {
		return cmp.Compare(rank(math.IsNaN(a)), rank(math.IsNaN(b)))
	}
	return cmp.Compare(a, b)
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// kind orders what cannot be compared otherwise: NaN and the infinities are text among numbers.
func kind(v any) int {
	switch v {
	case nil:
		return 0
	case "-Infinity":
		return 2
	case "Infinity":
		return 4
	case "NaN":
		return 5
	}
	switch v.(type) {
	case bool:
		return 1
	case int64, float64:
		return 3
	}
	return 6
}

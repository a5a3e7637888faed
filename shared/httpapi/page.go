package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/strictjson"
)

// Limits of a list's page. A Lambda answers with at most 6 MB, and a column
// takes some 100 bytes.
const (
	defaultLimit = 50
	maxLimit     = 200
	maxColumns   = 20_000
)

// Limit returns how many items a page has at most, by its parameter.
func Limit(asked *int32) (int, error) {
	switch {
	case asked == nil:
		return defaultLimit, nil
	case *asked < 1 || *asked > maxLimit:
		return 0, fault.Field(fault.InvalidRequest, "limit", fmt.Sprintf("must be from 1 to %d", maxLimit))
	}
	return int(*asked), nil
}

// Fit lowers a page's limit so that its items have no more columns together
// than an answer can hold. One item always fits.
func Fit[T any](items []T, limit int, columns func(T) int) int {
	total := 0
	for i, item := range items {
		if total += columns(item); i > 0 && total > maxColumns {
			return min(limit, i)
		}
	}
	return limit
}

// List is one list of one workspace, the only one that its cursors are good for.
type List struct {
	Kind      string `json:"k"` // "runs"
	Workspace string `json:"w"`
	Of        string `json:"o,omitempty"` // what the list belongs to: the import of its runs
}

// position is what a cursor says.
type position struct {
	List
	After string `json:"a"`
}

// maxCursor bounds a cursor's text. The longest says the name of a table, which
// has two parts of a kilobyte on BigQuery.
const maxCursor = 4096

// Cursor returns the opaque text for "after this item".
func (l List) Cursor(after string) string {
	text, err := json.Marshal(position{l, after})
	if err != nil {
		panic("httpapi: a cursor always marshals: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// After returns the item that a cursor names, "" for an empty cursor.
// Whatever this list did not give is fault.InvalidCursor.
func (l List) After(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	bad := fault.Field(fault.InvalidCursor, "cursor", "is not one that this list returned")
	if len(cursor) > maxCursor {
		return "", bad
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return "", bad
	}
	var p position
	if err := strictjson.Decode(text, &p); err != nil || p.List != l || p.After == "" {
		return "", bad
	}
	return p.After, nil
}

// Page cuts what was read, one more than limit if there was one, and returns
// the cursor of the next page; "" on the last.
func Page[T any](l List, items []T, limit int, name func(T) string) ([]T, string) {
	if len(items) <= limit {
		return items, ""
	}
	return items[:limit], l.Cursor(name(items[limit-1]))
}

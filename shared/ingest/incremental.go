package ingest

import "github.com/headwaterhq/headwater/shared/schema"

// Cursor makes an import incremental: a run reads the rows whose cursor is at or
// above the import's Watermark less Lookback.
type Cursor struct {
	Column string      `json:"column"`         // of the source
	Type   schema.Type `json:"type,omitempty"` // resolved: timestamp, date, int64 or string
	// Lookback goes below the watermark, for rows that come late with an older
	// value: seconds of a timestamp, days of a date, units of an int64; a string has none.
	Lookback int64 `json:"lookback,omitempty"`
	Nulls    Nulls `json:"nulls,omitempty"` // "" is NullsExcluded
}

// Nulls is what becomes of rows without a cursor.
type Nulls string

// What becomes of them.
const (
	NullsExcluded Nulls = "exclude" // they are not read
	NullsIncluded Nulls = "include" // every run reads them
	NullsFail     Nulls = "fail"    // one of them fails the run
)

// Range is the rows whose cursor is in [From, To), each as source.Literal takes it.
type Range struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Columns that an incremental import's lake table has beside its mapping's. Targets do not begin so.
const (
	SystemPrefix = "_hw_"
	CursorColumn = SystemPrefix + "cursor" // the cursor's value, of the cursor's type, optional; with a Cursor
	RowColumn    = SystemPrefix + "row"    // string, required: fingerprint of the row, 32 hex digits; in Append with a Cursor
)

// WorkspaceKeys are the secrets of a workspace that imports work with, 32 bytes each.
type WorkspaceKeys struct {
	HMAC       []byte // of the transform hmac_sha256
	Quarantine []byte // seals the runs' keys
}

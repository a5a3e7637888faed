package pipeline

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Option changes how a Mapper works.
type Option func(*options)

type options struct {
	alloc       memory.Allocator
	hmac        []byte
	cursor      *ingest.Cursor
	fingerprint []string
	filter      source.Filter
	table       schema.Table
	window      *schema.Column
	bounds      []string
	flag        string
}

// WithAllocator sets where Arrow memory comes from.
func WithAllocator(alloc memory.Allocator) Option { return func(o *options) { o.alloc = alloc } }

// WithHMAC gives the workspace's key to ingest.HMACSHA256, a mapping with which needs it, and to RowKey.
func WithHMAC(key []byte) Option { return func(o *options) { o.hmac = slices.Clone(key) } }

// WithCursor adds the column ingest.CursorColumn with the source's own value of
// the cursor, and makes Cursor say the greatest that was read. A row without one is
// fault.RunCursorNull where the cursor asks for that.
func WithCursor(c ingest.Cursor) Option { return func(o *options) { o.cursor = &c } }

// WithFingerprint adds the column ingest.RowColumn: 32 hex digits that rows of
// the same values share in these columns of the source, and no others; see the package documentation.
func WithFingerprint(columns []string) Option {
	return func(o *options) { o.fingerprint = columns }
}

// WithFilter leaves out rows for which a filter on the table that is read does not hold, before
// anything else looks at them. It is for sources that cannot apply it themselves.
func WithFilter(f source.Filter, table schema.Table) Option {
	return func(o *options) { o.filter, o.table = f, table }
}

// WithWindows makes Windows count by a timestamp, date or int64 column of the
// source, in the windows of a source.Tally with these bounds.
func WithWindows(c schema.Column, bounds []string) Option {
	return func(o *options) { o.window, o.bounds = &c, bounds }
}

// WithFlag counts, in Result.Flagged, the rows with true in a boolean target.
func WithFlag(target string) Option { return func(o *options) { o.flag = target } }

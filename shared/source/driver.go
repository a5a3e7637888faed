// Package source is how Headwater reads external data platforms.
//
// A Driver is one platform, a Session is one opened connection to it. Drivers
// are small and raw: they return their SDK's errors as they are. Source, the
// portable type around a Session, classifies errors, retries what is
// transient, bounds time, traces and redacts, the same for every platform.
//
// Everything here only reads: no interface has a way to write to a source.
package source

import (
	"context"
	"encoding/json"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Driver is one platform.
type Driver interface {
	// Spec describes the platform; it never changes.
	Spec() Spec
	// Open prepares a session. It validates cfg's values but need not reach
	// the platform. cfg already conforms to Spec.
	Open(ctx context.Context, cfg Config) (Session, error)
	// Classify maps an error of the platform's SDK to a fault, nil when it is
	// not one the driver knows. The message must carry no secret.
	Classify(err error) *fault.Error
}

// Session is one opened connection. Its methods may be called concurrently.
type Session interface {
	// Checks lists the named permission checks, in order.
	Checks() []Check
	// Discover returns one page of tables. An empty cursor starts; an empty
	// DiscoverPage.Next ends. The order is the driver's own, the same each time,
	// and a cursor goes on in another session. A page is a few hundred tables at
	// most, so that memory stays bounded whatever the source holds.
	Discover(ctx context.Context, cursor string) (DiscoverPage, error)
	// Plan splits one table from metadata only.
	Plan(ctx context.Context, req PlanRequest) (Plan, error)
	// Read opens a split at a checkpoint.
	Read(ctx context.Context, req ReadRequest) (Reader, error)
	// Close releases the session. A second Close is a no-op.
	Close() error
}

// Estimator is a Session that can say what reading would cost, without reading.
type Estimator interface {
	Estimate(ctx context.Context, req PlanRequest) (Estimate, error)
}

// Estimate is what a plan would make the platform do.
type Estimate struct {
	Bytes int64 // scanned, and on BigQuery billed
	Rows  int64 // 0 is unknown
}

// Counter is a Session that can count what a plan reads, by the platform's own
// means and not by reading as a Reader does, as of the plan's moment.
type Counter interface {
	// Count counts the rows of a plan; with a Column also by windows of its values.
	// A plan that it cannot count, or only as the source is by now, is fault.SourceUnsupported, whose message says why.
	Count(ctx context.Context, req CountRequest) (Tally, error)
}

// CountRequest asks for the rows that a plan reads.
type CountRequest struct {
	PlanRequest                // that of the plan
	Plan        Plan           // what was answered
	Column      *schema.Column // of the table: a timestamp, date or int64; nil counts all rows only
}

// MaxWindows is how many windows a Tally has at most, beside the one for NULL.
const MaxWindows = 24

// Tally is rows counted. Bounds are ascending values of the column as Literal takes
// them: window 0 is below the first, window i in [Bounds[i-1], Bounds[i]), the last from the last one on.
type Tally struct {
	Rows   int64    `json:"rows"`
	Column string   `json:"column,omitempty"` // empty: not counted by windows
	Bounds []string `json:"bounds,omitempty"`
	Counts []int64  `json:"counts,omitempty"` // one more than Bounds, and after them one for NULL
}

// DiscoverPage is one page of a discovery.
type DiscoverPage struct {
	Tables []schema.Table
	Next   string // opaque; empty at the end
}

// PlanRequest asks for the splits of a table, or of a query's result.
type PlanRequest struct {
	Table schema.Table // as discovered; only its Name counts
	// Query is a SELECT in the platform's own SQL, instead of a table. Only
	// platforms with the capability Queries take one.
	Query       string
	Columns     []string // projection; empty means all that are supported
	Filter      Filter   // only rows for which it holds; needs the capability RowFilter
	TargetBytes int64    // wanted size of a split, before decompression
	// MaximumBytes caps what the platform may scan and bill for this plan, 0 is
	// no cap. Beyond it Plan fails with fault.SourceCostLimit.
	MaximumBytes int64
	// Labels name the run at the platform: job labels, a query tag.
	Labels map[string]string
}

// Plan is a table cut into splits, and the schema as it is now. All splits of a
// plan read the table as it was at one moment, where the platform can do that.
type Plan struct {
	Table  schema.Table // of a query: its columns, and no name
	Splits []Split
	// AsOf is the moment that every split reads, zero when the platform has none.
	AsOf time.Time
}

// Split is an independently readable part of a table. Detail is the driver's
// own and holds no secret: it is stored and travels between workers.
type Split struct {
	Label  string          `json:"label"` // for people: "profiles/part-0003.csv"
	Detail json.RawMessage `json:"detail"`
	Rows   int64           `json:"rows,omitempty"` // estimate; 0 is unknown
	Bytes  int64           `json:"bytes,omitempty"`
}

// Checkpoint is a place in a split between two batches; "" is the beginning.
// It is the driver's own and holds no secret.
type Checkpoint string

// ReadRequest asks for the rows of a split.
type ReadRequest struct {
	Table   schema.Table // as Plan returned it
	Columns []string     // those of the PlanRequest, or some of them
	Filter  Filter       // that of the PlanRequest
	Split   Split
	From    Checkpoint
}

// Projection returns the columns to read, in the order of their delivery.
func (r ReadRequest) Projection() ([]schema.Column, error) { return projection(r.Table, r.Columns) }

// Reader yields the batches of a split in a fixed order: reading again from any
// checkpoint that it gave yields the same rows that followed it.
type Reader interface {
	// Schema is the Arrow schema of every batch, in the order of ReadRequest.Columns.
	Schema() *arrow.Schema
	// Next returns the next batch, io.EOF after the last. The caller releases it.
	Next(ctx context.Context) (Batch, error)
	// Close stops the read at once. A second Close is a no-op.
	Close() error
}

// Batch is some rows, and where to go on after them.
type Batch struct {
	Record  arrow.RecordBatch
	Part    string  // what all rows are from, for people, when a split has parts: "profiles/part-0003.csv"; Origins count in it
	Origins []int64 // per row of Record, its position in the part: line or row number, from 1; nil when the driver has none
	Rejects []Reject
	After   Checkpoint
}

// Release frees the batch's memory.
func (b Batch) Release() {
	if b.Record != nil {
		b.Record.Release()
	}
}

// Reject is a row that could not be read. It counts as read and goes to
// quarantine; it is not in Batch.Record.
type Reject struct {
	Origin int64  // line or row number in the batch's part, from 1
	Column string // empty when the whole row is at fault
	Rule   string // "ragged_row", "not_utf8", "type_mismatch", "malformed_json", …
	Reason string // for people; no value of the row
}

// Package transfer moves rows from a source into the lake: it plans a run into
// splits, extracts each split in parts, holds all of them against the import's
// guards, and commits them at once.
//
// It is the one place where sources, the pipeline and the lake meet. Every step
// may be called again at any moment, by a retry or by a duplicate
// invocation: what counts is decided by conditional writes in the store, and
// whoever loses such a race drops its work.
package transfer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Objects keeps plans, parts and what is quarantined.
type Objects interface {
	Put(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
	GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error)
	Delete(ctx context.Context, keys ...string) error
}

// Connections finds connections.
type Connections interface {
	Connection(ctx context.Context, workspaceID, id string) (connection.Connection, error)
}

// plan is what every worker of a run goes by.
type plan struct {
	Import ingest.Import  `json:"import"`         // as it was when the run was planned, its mapping and cursor resolved
	Table  schema.Table   `json:"table"`          // the source, as it was then
	Splits []source.Split `json:"-"`              // in pages, see storePlan; none where only the head was read
	Count  int            `json:"splits"`         // of the plan as it is stored
	At     time.Time      `json:"at"`             // before the source was asked for anything
	AsOf   time.Time      `json:"as_of,omitzero"` // the moment that all splits read, where the source has one
	From   string         `json:"from,omitempty"` // the cursor's lower boundary

	Filter source.Filter `json:"filter,omitempty"` // the rows that the run reads
	Here   bool          `json:"here,omitempty"`   // the source does not apply it, the pipeline does

	Tally     *source.Tally `json:"tally,omitempty"`     // the source's own count of what the splits read
	Uncounted string        `json:"uncounted,omitempty"` // why there is none, for people

	Some bool `json:"some,omitempty"` // of a replay: of rows that have one fingerprint it may have but some, and others landed

	Credential string `json:"credential,omitempty"` // the version of it that the source was asked with
}

// columns are what is read of the source's table: what the import is made of, and what else the pipeline looks at.
func (p plan) columns() []string {
	columns := p.Import.Sources()
	for _, condition := range p.Import.Filter {
		if p.Here && !slices.Contains(columns, condition.Column) {
			columns = append(columns, condition.Column)
		}
	}
	return columns
}

// pushed is the part of the filter that the source applies: all or nothing.
func (p plan) pushed() source.Filter {
	if p.Here {
		return nil
	}
	return p.Filter
}

// sifts reports whether the run's links are held against the hub guard before the commit.
func (p plan) sifts() bool { return p.Import.Type == ingest.IdentityGraph }

// steps are what has to be done before the run can be committed: its splits, and the sift, which comes last.
func (p plan) steps() int {
	if p.sifts() {
		return len(p.Splits) + 1
	}
	return len(p.Splits)
}

func runKey(r ingest.Run, name string) string {
	return fmt.Sprintf(names.RunPrefix+"%s/%s/%s", r.WorkspaceID, r.ID, name)
}

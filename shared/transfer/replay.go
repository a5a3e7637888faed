package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/source"
)

// What the two objects of a part's quarantine end with.
const (
	quarantineLines = ".ndjson.gz"
	quarantineRows  = ".rows"
)

// rowsKey is the key of the rows that are beside the lines with this key.
func rowsKey(lines string) string { return strings.TrimSuffix(lines, quarantineLines) + quarantineRows }

// quarantined is a replay's split: what one part of the replayed run rejected.
type quarantined struct {
	Lines string `json:"lines"` // key of the object
}

// replay plans to read what another run rejected, by the import as it is now.
func (p *Planner) replay(ctx context.Context, i ingest.Import, run ingest.Run) (plan, error) {
	made := plan{Import: i, At: p.Now().UTC()}
	ref := run.Ref()
	ref.RunID = run.Replays
	replayed, err := p.Store.Run(ctx, ref)
	if err != nil {
		return made, err
	}
	if err := p.onto(ctx, i, run); err != nil {
		return made, err
	}
	before, err := readPlan(ctx, p.Objects, replayed)
	if err != nil {
		return made, err
	}
	made.Table, made.Some = before.Table, !alike(before.Import)
	if err := made.gate(run); err != nil {
		return made, err
	}
	for _, column := range made.columns() {
		if !slices.Contains(before.columns(), column) {
			return made, fault.Field(fault.RunSchemaGate, column, "the rows in quarantine were read without this column")
		}
	}
	parts, err := p.Store.Parts(ctx, ref)
	if err != nil {
		return made, err
	}
	for _, part := range parts {
		if part.Quarantine == "" || part.Split >= len(before.Splits) {
			continue
		}
		detail, err := json.Marshal(quarantined{Lines: part.Quarantine})
		if err != nil {
			return made, fmt.Errorf("encoding split: %w", err)
		}
		made.Splits = append(made.Splits, source.Split{
			Label:  fmt.Sprintf("quarantine of %s, part %d", before.Splits[part.Split].Label, part.Number),
			Detail: detail, Rows: part.Counts.RowsQuarantined,
		})
	}
	return made, nil
}

// alike reports whether rows that have one fingerprint are alike in all that is mapped, so that a run rejects all of them
// or none. What was mapped later than the import was created is in no fingerprint.
func alike(i ingest.Import) bool {
	return !slices.ContainsFunc(i.Mapping.Sources(), func(name string) bool { return !slices.Contains(i.Fingerprint, name) })
}

// onto refuses to replay where nothing tells the rows of the replayed run from those of
// later ones: only what the last run left out can be added to what it landed.
func (p *Planner) onto(ctx context.Context, i ingest.Import, run ingest.Run) error {
	if i.Mode == ingest.Append || i.Cursor != nil {
		return nil
	}
	after := ""
	for {
		const page = 100
		runs, err := p.Store.Runs(ctx, i.WorkspaceID, i.ID, after, page)
		if err != nil || len(runs) == 0 {
			return err
		}
		for _, r := range runs {
			switch {
			case r.ID == run.Replays:
				return nil
			case r.Status == ingest.Succeeded && r.Trigger != ingest.Replay:
				return fault.New(fault.QuarantineEmpty, "a later run has read the source again, and what it landed cannot be told from these rows")
			}
		}
		after = runs[len(runs)-1].ID
	}
}

// replayed reads the split's quarantine from where it stands.
func (s *stretch) replayed(ctx context.Context) (source.Reader, error) {
	var from quarantined
	if err := json.Unmarshal(s.split.Detail, &from); err != nil {
		return nil, fmt.Errorf("decoding split: %w", err)
	}
	ref := s.run.Ref()
	ref.RunID = s.run.Replays
	key, err := s.Vault.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	lines, err := s.Objects.Get(ctx, from.Lines)
	if err != nil {
		return nil, fmt.Errorf("reading quarantine: %w", err)
	}
	rows, err := s.Objects.Get(ctx, rowsKey(from.Lines))
	if err != nil {
		return nil, fmt.Errorf("reading quarantined rows: %w", err)
	}
	if len(rows) > 0 {
		return quarantine.NewReader(lines, rows, key, source.Checkpoint(s.at.Checkpoint))
	}
	columns, err := source.ReadRequest{Table: s.plan.Table, Columns: s.plan.columns()}.Projection()
	return nothing{source.ArrowSchema(columns)}, err
}

// nothing reads a quarantine of rows that the source's own reader refused: nobody has them.
type nothing struct{ schema *arrow.Schema }

func (n nothing) Schema() *arrow.Schema                    { return n.schema }
func (nothing) Next(context.Context) (source.Batch, error) { return source.Batch{}, io.EOF }
func (nothing) Close() error                               { return nil }

package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/source"
)

// How long a worker goes on before it records a part, and how long before its
// own deadline it stops: what a killed worker loses is at most one part.
const (
	partFor    = 2 * time.Minute
	stopBefore = time.Minute
)

// partQuarantine is how many bytes of quarantine a part keeps, as it does in memory, when nothing else is asked for.
const partQuarantine = 16 << 20

// Extractor extracts splits.
type Extractor struct {
	Store           ingest.Store
	Connections     Connections
	Sources         connection.Opener
	Objects         Objects
	Lake            *lake.Lake
	Vault           quarantine.Vault
	Now             func() time.Time
	QuarantineBytes int // a part ends when its quarantine has as many; 0 is partQuarantine
}

// Extract reads a split from where its recorded parts end, and reports
// whether it is done. Near ctx's deadline it stops after a part, not done.
//
// Once the run has more rows in quarantine than its import allows, it fails with
// fault.RunRejects after recording what it has: more of it would change nothing.
func (e *Extractor) Extract(ctx context.Context, in ingest.SplitRef) (done bool, err error) {
	w, err := e.open(ctx, in)
	if err != nil {
		return false, err
	}
	defer w.close()
	for {
		run, at, err := e.standing(ctx, in)
		if err != nil || at.Done {
			return at.Done, err
		}
		if e.late(ctx) {
			return false, nil
		}
		s := &stretch{worker: w, run: run, at: at}
		if err := s.extract(ctx); err != nil {
			return false, err
		}
	}
}

// standing is where the run and the split stand. The run is read first, so that
// what it counts is never more than what stands before the split's next part.
func (e *Extractor) standing(ctx context.Context, in ingest.SplitRef) (ingest.Run, ingest.SplitProgress, error) {
	run, err := e.Store.Run(ctx, in.Ref)
	if err == nil && run.Status != ingest.Running {
		err = fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	if err != nil {
		return run, ingest.SplitProgress{}, err
	}
	at, err := e.Store.Split(ctx, in.Ref, in.Split)
	return run, at, err
}

// late reports whether the worker's own deadline is near.
func (e *Extractor) late(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && deadline.Sub(e.Now()) < stopBefore
}

// worker is what one call needs, whatever part of the split it is at.
type worker struct {
	*Extractor
	plan   plan
	split  source.Split
	source *source.Source // nil of a replay
	key    quarantine.Key
	hmac   []byte // the workspace's
}

func (e *Extractor) open(ctx context.Context, in ingest.SplitRef) (*worker, error) {
	run, err := e.Store.Run(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	if run.Status != ingest.Running {
		return nil, fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	w := &worker{Extractor: e}
	if w.plan, err = readHead(ctx, e.Objects, run); err != nil {
		return nil, err
	}
	if in.Split < 0 || in.Split >= w.plan.Count {
		return nil, fault.Field(fault.WorkerInvalidCall, "split", "the run has no such split")
	}
	if w.split, err = readSplit(ctx, e.Objects, run, in.Split); err != nil {
		return nil, err
	}
	if w.key, err = e.Vault.Open(ctx, in.Ref); err != nil {
		return nil, err
	}
	keys, err := e.Vault.Workspace.WorkspaceKeys(ctx, in.WorkspaceID)
	if err != nil {
		return nil, err
	}
	w.hmac = keys.HMAC
	if run.Replays != "" {
		return w, nil
	}
	c, err := e.Connections.Connection(ctx, in.WorkspaceID, w.plan.Import.ConnectionID)
	if err != nil {
		return nil, err
	}
	w.source, err = e.Sources.Open(ctx, c)
	return w, err
}

func (w *worker) close() {
	if w.source != nil {
		_ = w.source.Close() // only read from
	}
}

// stretch is the work between two recorded parts of a split, read through one reader.
type stretch struct {
	*worker
	run ingest.Run // as it was before at
	at  ingest.SplitProgress
}

// extract records parts until the split ends, time is up, or another worker
// turns out to be at work on the same split.
func (s *stretch) extract(ctx context.Context) error {
	reader, err := s.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }() // what it read is complete or not used
	mapper, err := s.mapper(reader)
	if err != nil {
		return fmt.Errorf("preparing mapping: %w", err)
	}
	for !s.at.Done && !s.late(ctx) {
		if s.rejected(0) {
			return fault.New(fault.RunRejects, fmt.Sprintf("at least %d rows were rejected, and the import allows %d",
				s.run.Counts.RowsQuarantined, *s.plan.Import.Guards.MaximumRejectedRows))
		}
		p := &part{stretch: s, reader: reader, mapper: mapper, quarantine: quarantine.NewWriter(s.key, s.at.Number)}
		first, err := p.write(ctx)
		if err != nil {
			return err
		}
		if !first {
			return s.stillRunning(ctx)
		}
	}
	return nil
}

// reader goes on where the split stands.
func (s *stretch) reader(ctx context.Context) (source.Reader, error) {
	if s.source == nil {
		return s.replayed(ctx)
	}
	return s.source.Read(ctx, source.ReadRequest{
		Table: s.plan.Table, Columns: s.plan.columns(), Filter: s.plan.pushed(),
		Split: s.split, From: source.Checkpoint(s.at.Checkpoint),
	})
}

func (s *stretch) mapper(reader source.Reader) (*pipeline.Mapper, error) {
	i := s.plan.Import
	with := []pipeline.Option{pipeline.WithHMAC(s.hmac)}
	if i.Cursor != nil {
		with = append(with, pipeline.WithCursor(*i.Cursor))
	}
	if len(i.Fingerprint) > 0 {
		with = append(with, pipeline.WithFingerprint(i.Fingerprint))
	}
	if s.plan.Here {
		with = append(with, pipeline.WithFilter(s.plan.Filter, s.plan.Table))
	}
	if t := s.plan.Tally; t != nil && t.Column != "" {
		column, _ := s.plan.Table.Column(t.Column)
		with = append(with, pipeline.WithWindows(column, t.Bounds))
	}
	if i.Deleted != "" {
		with = append(with, pipeline.WithFlag(i.Deleted))
	}
	return pipeline.New(i.Type, i.Mapping, reader.Schema(), with...)
}

// rejected reports whether the run surely has more rows in quarantine than the import
// allows: those that were recorded, and as many more of this worker's.
func (s *stretch) rejected(more int64) bool {
	most := s.plan.Import.Guards.MaximumRejectedRows
	return most != nil && s.run.Replays == "" && s.run.Counts.RowsQuarantined+more > *most
}

// stillRunning says whether a part was refused because the run has ended
// (an error), or because another worker had recorded it (go on from there).
func (s *stretch) stillRunning(ctx context.Context) error {
	run, err := s.Store.Run(ctx, s.run.Ref())
	if err == nil && run.Status != ingest.Running {
		err = fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	return err
}

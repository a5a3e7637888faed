package transfer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/pipeline"
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
	Now             func() time.Time
	QuarantineBytes int // a part ends when its quarantine has as many; 0 is partQuarantine
}

// Extract reads a split from where its recorded parts end, and reports
// whether it is done. Near ctx's deadline it stops after a part, not done.
func (e *Extractor) Extract(ctx context.Context, in ingest.SplitRef) (done bool, err error) {
	run, err := e.Store.Run(ctx, in.Ref)
	if err != nil {
		return false, err
	}
	if run.Status != ingest.Running {
		return false, fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	made, err := readPlan(ctx, e.Objects, run)
	if err != nil {
		return false, err
	}
	if in.Split < 0 || in.Split >= len(made.Splits) {
		return false, fault.Field(fault.WorkerInvalidCall, "split", "the run has no such split")
	}
	c, err := e.Connections.Connection(ctx, in.WorkspaceID, made.Import.ConnectionID)
	if err != nil {
		return false, err
	}
	src, err := e.Sources.Open(ctx, c)
	if err != nil {
		return false, err
	}
	defer func() { _ = src.Close() }() // only read from
	for {
		at, err := e.Store.Split(ctx, in.Ref, in.Split)
		if err != nil || at.Done {
			return at.Done, err
		}
		if e.late(ctx) {
			return false, nil
		}
		s := &stretch{Extractor: e, run: run, plan: made, source: src, at: at}
		if err := s.extract(ctx); err != nil {
			return false, err
		}
	}
}

// late reports whether the worker's own deadline is near.
func (e *Extractor) late(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && deadline.Sub(e.Now()) < stopBefore
}

// stretch is the work between two recorded parts of a split, read through one reader.
type stretch struct {
	*Extractor
	run    ingest.Run
	plan   plan
	source *source.Source
	at     ingest.SplitProgress
}

// extract records parts until the split ends, time is up, or another worker
// turns out to be at work on the same split.
func (s *stretch) extract(ctx context.Context) error {
	reader, err := s.source.Read(ctx, source.ReadRequest{
		Table: s.plan.Table, Columns: s.plan.Import.Mapping.Sources(), Filter: s.plan.Import.Filter,
		Split: s.plan.Splits[s.at.Number], From: source.Checkpoint(s.at.Checkpoint),
	})
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }() // what it read is complete or not used
	mapper, err := pipeline.New(s.plan.Import.Type, s.plan.Import.Mapping, reader.Schema())
	if err != nil {
		return fmt.Errorf("preparing mapping: %w", err)
	}
	for !s.at.Done && !s.late(ctx) {
		p := &part{stretch: s, reader: reader, mapper: mapper}
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

// stillRunning says whether a part was refused because the run has ended
// (an error), or because another worker had recorded it (go on from there).
func (s *stretch) stillRunning(ctx context.Context) error {
	run, err := s.Store.Run(ctx, s.run.Ref())
	if err == nil && run.Status != ingest.Running {
		err = fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	return err
}

// part is one part in the making.
type part struct {
	*stretch
	reader     source.Reader
	mapper     *pipeline.Mapper
	quarantine bytes.Buffer
	counts     ingest.Counts
	after      source.Checkpoint
	last       bool
}

// write makes a part and records it; false, with its files gone, when another worker was first.
func (p *part) write(ctx context.Context) (first bool, err error) {
	writer, err := p.Lake.Writer(ctx, lake.TableOf(p.plan.Import), p.mapper.Schema(), p.run.ID)
	if err != nil {
		return false, err
	}
	keep := false
	defer func() {
		if !keep {
			err = errors.Join(err, writer.Abort(context.WithoutCancel(ctx)))
		}
	}()
	if err := p.fill(ctx, writer); err != nil {
		return false, err
	}
	files, err := writer.Close(ctx)
	if err != nil {
		return false, err
	}
	p.counts.BytesWritten = files.Bytes
	record, err := p.store(ctx, files)
	if err != nil {
		return false, err
	}
	keep, err = p.Store.RecordPart(ctx, p.run.Ref(), record)
	if err != nil {
		keep = true // it may have been recorded: its files must stay
		return false, err
	}
	if !keep {
		return false, p.Objects.Delete(ctx, keys(record)...)
	}
	p.at.Parts, p.at.Checkpoint, p.at.Done = p.at.Parts+1, record.After, record.Last
	return true, nil
}

// fill reads, maps and writes batches until the part is long or large enough or the split ends.
func (p *part) fill(ctx context.Context, writer *lake.Writer) error {
	quarantine := pipeline.NewQuarantine(&p.quarantine, p.at.Number)
	p.after = source.Checkpoint(p.at.Checkpoint)
	largest := cmp.Or(p.QuarantineBytes, partQuarantine)
	for began := p.Now(); p.Now().Sub(began) < partFor && p.quarantine.Len() < largest && !p.late(ctx); {
		batch, err := p.reader.Next(ctx)
		if err == io.EOF { //nolint:errorlint // the portable reader ends with a bare EOF
			p.last = true
			break
		}
		if err != nil {
			return err
		}
		err = p.move(ctx, batch, writer, quarantine)
		batch.Release()
		if err != nil {
			return err
		}
		p.after = batch.After
	}
	if err := quarantine.Close(); err != nil {
		return fmt.Errorf("closing quarantine: %w", err)
	}
	p.counts.RowsQuarantined = quarantine.Rows()
	p.counts.RowsRead = p.counts.RowsWritten + p.counts.RowsQuarantined
	if p.last {
		p.counts.BytesRead = p.plan.Splits[p.at.Number].Bytes
	}
	return nil
}

func (p *part) move(ctx context.Context, batch source.Batch, writer *lake.Writer, quarantine *pipeline.Quarantine) error {
	mapped, err := p.mapper.Map(batch)
	if err != nil {
		return fmt.Errorf("mapping rows: %w", err)
	}
	defer mapped.Release()
	if err := quarantine.Write(mapped.Rejects); err != nil {
		return fmt.Errorf("writing quarantine: %w", err)
	}
	if mapped.Record.NumRows() == 0 {
		return nil
	}
	p.counts.RowsWritten += mapped.Record.NumRows()
	return writer.Write(ctx, mapped.Record)
}

// store keeps the part's encoded data files and its quarantine, under names that no other worker has.
func (p *part) store(ctx context.Context, files lake.Files) (ingest.Part, error) {
	record := ingest.Part{
		Split: p.at.Number, Number: p.at.Parts, From: p.at.Checkpoint, After: string(p.after),
		Last: p.last, Counts: p.counts, At: p.Now().UTC(),
	}
	name := fmt.Sprintf("%06d-%06d-%s", record.Split, record.Number, id.Nonce())
	if files.Count > 0 {
		record.FilesKey = runKey(p.run, "parts/"+name+".avro")
		if err := p.Objects.Put(ctx, record.FilesKey, files.Encoded); err != nil {
			return record, fmt.Errorf("storing data file list: %w", err)
		}
	}
	if p.quarantine.Len() > 0 {
		record.Quarantine = fmt.Sprintf(names.QuarantinePrefix+"%s/%s/%s/%s.ndjson.gz", p.run.WorkspaceID, p.run.ImportID, p.run.ID, name)
		if err := p.Objects.Put(ctx, record.Quarantine, p.quarantine.Bytes()); err != nil {
			return record, fmt.Errorf("storing quarantine: %w", err)
		}
	}
	return record, nil
}

func keys(p ingest.Part) []string {
	var named []string
	for _, key := range []string{p.FilesKey, p.Quarantine} {
		if key != "" {
			named = append(named, key)
		}
	}
	return named
}

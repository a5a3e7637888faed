// Package landing is our side of the benchmarks: rows of a source are mapped and written as the lake's data files, through
// the packages that the extract function runs.
//
// Only the two ends are other than in a function: the source is the caller's, and the lake's bucket is a directory, so that
// no process spends time on a network that its peer does not use.
package landing

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Work is what a worker is asked to do.
type Work struct {
	Input   string         `json:"input"` // the caller's: what Open understands
	Output  string         `json:"output"`
	Mapping ingest.Mapping `json:"mapping"`
	Until   Stage          `json:"until"`
	Spread  bool           `json:"spread,omitempty"` // over the buckets of profiles
	Run     string         `json:"run,omitempty"`    // of a commit: its id
}

// Stage is how far the rows go. The cost of a stage is the difference between two workers.
type Stage string

// The stages.
const (
	Read Stage = "read" // decoded into batches
	Map  Stage = "map"  // and mapped
	Land Stage = "land" // and written, the whole work of the extract function

	Commit Stage = "commit" // and appended to the table
	Merge  Stage = "merge"  // and merged into it by the identifier
)

// Counts is what became of the rows.
type Counts struct {
	Landed      int64 `json:"landed"`
	Quarantined int64 `json:"quarantined"`
}

// Input is a table to be read, in splits.
type Input struct {
	Table  schema.Table
	Splits []func(ctx context.Context, columns []string) (source.Reader, error)
}

// Do moves every split of the input as the extract function moves one.
func (w Work) Do(ctx context.Context, from Input) (all Counts, err error) {
	if w.Mapping, err = w.Mapping.Resolve(ingest.UserProfile, from.Table); err != nil {
		return all, fmt.Errorf("resolving the mapping: %w", err)
	}
	to, err := w.openLake(ctx)
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	var parts [][]byte
	for n, split := range from.Splits {
		reader, err := split(ctx, w.Mapping.Sources())
		if err != nil {
			return all, fmt.Errorf("opening split %d: %w", n, err)
		}
		found, files, err := w.move(ctx, n, reader, to)
		if err := errors.Join(err, reader.Close()); err != nil {
			return all, fmt.Errorf("moving split %d: %w", n, err)
		}
		all.Landed += found.Landed
		all.Quarantined += found.Quarantined
		parts = append(parts, files.Encoded)
	}
	return all, w.commit(ctx, to, parts)
}

// move moves one split, into data files and a quarantine of its own.
func (w Work) move(ctx context.Context, n int, reader source.Reader, to *warehouse) (found Counts, files lake.Files, err error) {
	mapper, err := pipeline.New(ingest.UserProfile, w.Mapping, reader.Schema())
	if err != nil {
		return found, files, fmt.Errorf("preparing mapping: %w", err)
	}
	key, err := runKey(ctx)
	if err != nil {
		return found, files, err
	}
	aside := quarantine.NewWriter(key, n)
	var writer *lake.Writer
	if w.Until.writes() {
		if writer, err = to.writer(ctx, mapper, w.runID()); err != nil {
			return found, files, err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, writer.Abort(context.WithoutCancel(ctx)))
			}
		}()
	}
	for {
		batch, err := reader.Next(ctx)
		if err == io.EOF { //nolint:errorlint // a reader ends with a bare EOF
			break
		}
		if err != nil {
			return found, files, err
		}
		landed, err := w.moveBatch(ctx, batch, mapper, aside, writer)
		if err != nil {
			return found, files, err
		}
		found.Landed += landed
	}
	found.Quarantined = aside.Rows()
	if err := w.keep(n, aside); err != nil {
		return found, files, err
	}
	if writer == nil {
		return found, files, nil
	}
	if files, err = writer.Close(ctx); err != nil {
		return found, files, err
	}
	if files.Rows != found.Landed {
		return found, files, fmt.Errorf("the data files have %d rows, %d were written", files.Rows, found.Landed)
	}
	return found, files, nil
}

func (w Work) moveBatch(ctx context.Context, batch source.Batch, mapper *pipeline.Mapper, aside *quarantine.Writer, writer *lake.Writer) (landed int64, err error) {
	defer batch.Release()
	if w.Until == Read {
		if batch.Record == nil {
			return 0, nil
		}
		return batch.Record.NumRows(), nil
	}
	mapped, err := mapper.Map(batch)
	if err != nil {
		return 0, fmt.Errorf("mapping rows: %w", err)
	}
	defer mapped.Release()
	if err := aside.Write(mapped.Rejects, mapped.Rejected); err != nil {
		return 0, err
	}
	landed = mapped.Record.NumRows()
	if writer == nil || landed == 0 {
		return landed, nil
	}
	return landed, writer.Write(ctx, mapped.Record)
}

// Columns are those of the lake's table.
func (w Work) Columns() []schema.Column {
	columns := make([]schema.Column, len(w.Mapping))
	for i, c := range w.Mapping {
		columns[i] = schema.Column{Name: c.Target, Type: c.Type, Nullable: !c.Required}
	}
	return columns
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// do moves every split of the input as the extract function moves one.
func (w work) do(ctx context.Context) (counts, error) {
	switch w.Until {
	case bare:
		return w.bare(ctx, compress.Codecs.Zstd)
	case plain:
		return w.bare(ctx, compress.Codecs.Uncompressed)
	}
	from, err := open(ctx, w.Input)
	if err != nil {
		return counts{}, err
	}
	if w.Mapping, err = w.Mapping.Resolve(ingest.UserProfile, from.table); err != nil {
		return counts{}, fmt.Errorf("resolving the mapping: %w", err)
	}
	to, err := w.openLake(ctx)
	if err != nil {
		return counts{}, err
	}
	var all counts
	for n, split := range from.splits {
		reader, err := split(ctx, w.Mapping.Sources())
		if err != nil {
			return counts{}, errors.Join(fmt.Errorf("opening split %d: %w", n, err), to.close())
		}
		found, err := w.move(ctx, n, reader, to)
		if err := errors.Join(err, reader.Close()); err != nil {
			return counts{}, errors.Join(fmt.Errorf("moving split %d: %w", n, err), to.close())
		}
		all.Landed += found.Landed
		all.Quarantined += found.Quarantined
	}
	return all, to.close()
}

// move moves one split, into data files and a quarantine of its own.
func (w work) move(ctx context.Context, n int, reader source.Reader, to *warehouse) (found counts, err error) {
	mapper, err := pipeline.New(ingest.UserProfile, w.Mapping, reader.Schema())
	if err != nil {
		return found, fmt.Errorf("preparing mapping: %w", err)
	}
	aside, err := os.Create(filepath.Join(w.Output, fmt.Sprintf("quarantine-%d.ndjson.gz", n)))
	if err != nil {
		return found, fmt.Errorf("making quarantine: %w", err)
	}
	defer func() { err = errors.Join(err, aside.Close()) }()
	quarantine := pipeline.NewQuarantine(aside, n)
	var writer *lake.Writer
	if w.Until == untilLand {
		if writer, err = to.writer(ctx, mapper); err != nil {
			return found, err
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
			return found, err
		}
		landed, err := w.moveBatch(ctx, batch, mapper, quarantine, writer)
		if err != nil {
			return found, err
		}
		found.Landed += landed
	}
	if err := quarantine.Close(); err != nil {
		return found, err
	}
	found.Quarantined = quarantine.Rows()
	if writer == nil {
		return found, nil
	}
	files, err := writer.Close(ctx)
	if err != nil {
		return found, err
	}
	if files.Rows != found.Landed {
		return found, fmt.Errorf("the data files have %d rows, %d were written", files.Rows, found.Landed)
	}
	return found, nil
}

func (w work) moveBatch(ctx context.Context, batch source.Batch, mapper *pipeline.Mapper, quarantine *pipeline.Quarantine, writer *lake.Writer) (landed int64, err error) {
	defer batch.Release()
	if w.Until == untilRead {
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
	if err := quarantine.Write(mapped.Rejects); err != nil {
		return 0, err
	}
	landed = mapped.Record.NumRows()
	if writer == nil || landed == 0 {
		return landed, nil
	}
	return landed, writer.Write(ctx, mapped.Record)
}

// columns are those of the lake's table.
func (w work) columns() []schema.Column {
	columns := make([]schema.Column, len(w.Mapping))
	for i, c := range w.Mapping {
		columns[i] = schema.Column{Name: c.Target, Type: c.Type, Nullable: !c.Required}
	}
	return columns
}

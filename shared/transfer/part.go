package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/source"
)

// part is one part in the making.
type part struct {
	*stretch
	reader     source.Reader
	mapper     *pipeline.Mapper
	quarantine *quarantine.Writer
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
	p.mapper.ResetTotals()
	if err := p.fill(ctx, writer); err != nil {
		return false, err
	}
	written, err := writer.Close(ctx)
	if err != nil {
		return false, err
	}
	p.counts.BytesWritten = written.Bytes
	record, err := p.store(ctx, written)
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
	p.run.Counts = p.run.Counts.Add(record.Counts)
	return true, nil
}

// fill reads, maps and writes batches until the part is long or large enough, the split ends, or there is no use in going on.
func (p *part) fill(ctx context.Context, writer *lake.Writer) error {
	p.after = source.Checkpoint(p.at.Checkpoint)
	largest := cmp.Or(p.QuarantineBytes, partQuarantine)
	for began := p.Now(); p.Now().Sub(began) < partFor && p.quarantine.Len() < largest && !p.rejected(p.quarantine.Rows()) && !p.late(ctx); {
		batch, err := p.reader.Next(ctx)
		if err == io.EOF { //nolint:errorlint // the portable reader ends with a bare EOF
			p.last = true
			break
		}
		if err != nil {
			return err
		}
		err = p.move(ctx, batch, writer)
		batch.Release()
		if err != nil {
			return err
		}
		p.after = batch.After
	}
	p.counts.RowsQuarantined = p.quarantine.Rows()
	p.counts.RowsRead = p.counts.RowsWritten + p.counts.RowsQuarantined + p.counts.RowsFiltered
	if p.last {
		p.counts.BytesRead = p.split.Bytes
	}
	return nil
}

func (p *part) move(ctx context.Context, batch source.Batch, writer *lake.Writer) error {
	mapped, err := p.mapper.Map(batch)
	if err != nil {
		return fmt.Errorf("mapping rows: %w", err)
	}
	defer mapped.Release()
	if err := p.quarantine.Write(mapped.Rejects, mapped.Rejected); err != nil {
		return fmt.Errorf("keeping rejected rows: %w", err)
	}
	p.counts.RowsFiltered += mapped.Filtered
	p.counts.RowsFlagged += mapped.Flagged
	p.counts.RowsNameless += mapped.Nameless
	if mapped.Record.NumRows() == 0 {
		return nil
	}
	p.counts.RowsWritten += mapped.Record.NumRows()
	return writer.Write(ctx, mapped.Record)
}

// store keeps the part's encoded data files and its quarantine, under names that no other worker has.
func (p *part) store(ctx context.Context, written lake.Files) (ingest.Part, error) {
	record := ingest.Part{
		Split: p.at.Number, Number: p.at.Parts, From: p.at.Checkpoint, After: string(p.after), Last: p.last,
		Cursor: p.greatest(), Windows: p.mapper.Windows(), Counts: p.counts, At: p.Now().UTC(),
	}
	name := partName(record.Split, record.Number)
	if written.Count > 0 {
		record.FilesKey = runKey(p.run, "parts/"+name+".avro")
		if err := p.Objects.Put(ctx, record.FilesKey, written.Encoded); err != nil {
			return record, fmt.Errorf("storing data file list: %w", err)
		}
	}
	var err error
	record.Quarantine, err = keepQuarantine(ctx, p.Objects, p.run, name, p.quarantine)
	return record, err
}

// maxCursor is how many bytes of a text cursor are kept: an item of the store holds so much and no more.
const maxCursor = 1024

// greatest is the greatest cursor that the part read. A long text is cut, which makes it
// less: what is read again because of that is in the lake once all the same.
func (p *part) greatest() string {
	value := p.mapper.Cursor()
	if len(value) <= maxCursor {
		return value
	}
	return strings.ToValidUTF8(value[:maxCursor], "")
}

// keepQuarantine stores what was rejected, and returns the key of its lines, empty when
// there are none. The rows are beside them, also when there are none: whoever
// replays them need not ask.
func keepQuarantine(ctx context.Context, objects Objects, run ingest.Run, name string, from *quarantine.Writer) (key string, err error) {
	if from.Rows() == 0 {
		return "", nil
	}
	lines, rows, err := from.Close()
	if err != nil {
		return "", fmt.Errorf("closing quarantine: %w", err)
	}
	key = fmt.Sprintf(names.QuarantinePrefix+"%s/%s/%s/%s"+quarantineLines, run.WorkspaceID, run.ImportID, run.ID, name)
	for _, object := range []struct {
		key  string
		body []byte
	}{{rowsKey(key), rows}, {key, lines}} {
		if err := objects.Put(ctx, object.key, object.body); err != nil {
			return key, fmt.Errorf("storing quarantine: %w", err)
		}
	}
	return key, nil
}

// partName is another one for every worker that makes the part.
func partName(split, number int) string {
	return fmt.Sprintf("%06d-%06d-%s", split, number, id.Nonce())
}

// keys are the objects of a part.
func keys(p ingest.Part) []string {
	var named []string
	if p.FilesKey != "" {
		named = append(named, p.FilesKey)
	}
	if p.Quarantine != "" {
		named = append(named, p.Quarantine, rowsKey(p.Quarantine))
	}
	return named
}

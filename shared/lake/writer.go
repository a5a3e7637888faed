package lake

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

var errClosed = errors.New("the writer is closed")

// Writer encodes batches as Parquet data files of one table, each of one
// partition. It holds a row group, some batches and the parts of an upload in
// memory, and if the table is spread some more rows and temporary files, however
// many rows and partitions it writes. It is for one goroutine.
type Writer struct {
	table   *table.Table
	batches chan arrow.RecordBatch
	done    chan struct{} // closed when encode has returned
	cancel  context.CancelFunc
	closed  bool

	// encode's until done
	files []iceberg.DataFile
	begun []string // paths of all files, also of those that failed
	err   error
}

// Writer begins data files for a run. in names columns of the table, with the
// Arrow types that package schema documents; required columns must be declared
// not nullable. The files lie below the table's location in data/<run id>/, with
// a random part in their names, so that two workers never meet.
//
// ctx bounds the start only: end a Writer with Close or Abort.
func (l *Lake) Writer(ctx context.Context, id TableID, in *arrow.Schema, runID string) (*Writer, error) {
	running, cancel := context.WithCancel(context.WithoutCancel(l.with(ctx)))
	tbl, err := l.load(l.with(ctx), id)
	if err != nil {
		cancel()
		return nil, err
	}
	placed, err := withDataPath(tbl, tbl.Location()+"/data/"+runID)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("preparing data files: %w", err)
	}
	w := &Writer{
		table: placed, batches: make(chan arrow.RecordBatch), done: make(chan struct{}), cancel: cancel,
	}
	go w.encode(running, in, l)
	return w, nil
}

// withDataPath returns the table with another place for data files, in memory only.
func withDataPath(tbl *table.Table, path string) (*table.Table, error) {
	return altered(tbl, func(b *table.MetadataBuilder) error {
		return b.SetProperties(iceberg.Properties{table.WriteDataPathKey: path})
	})
}

// encode writes the batches that Write sends until there are no more.
func (w *Writer) encode(ctx context.Context, in *arrow.Schema, l *Lake) {
	defer close(w.done)
	defer w.cancel()
	out, err := w.encodeAll(ctx, in, l)
	if out != nil {
		w.files, w.begun = out.files, out.begun
	}
	w.err = err
}

// shape turns batches into data files.
type shape interface {
	write(batch arrow.RecordBatch) error
	end() error
	close() error // what is left after an error
}

// shape is how rows of any partitions become files of the table.
func (l *Lake) shape(tbl *table.Table, columns *layout, out *output) (shape, error) {
	if spec := tbl.Spec(); spec.IsUnpartitioned() {
		return onePiece{out, nil}, nil
	}
	return newScatter(tbl, columns, out, l)
}

func (w *Writer) encodeAll(ctx context.Context, in *arrow.Schema, l *Lake) (out *output, err error) {
	columns, err := layoutOf(w.table, in)
	if err != nil {
		return nil, err
	}
	if out, err = openOutput(ctx, w.table, columns.file, l.targetBytes); err != nil {
		return nil, err
	}
	defer out.fail()
	to, err := l.shape(w.table, columns, out)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	for batch := range w.batches {
		err := columns.write(batch, to)
		batch.Release()
		if err != nil {
			return out, err
		}
	}
	return out, to.end()
}

// onePiece is rows of one partition, or of a table without any.
type onePiece struct {
	out       *output
	partition map[int]any
}

func (o onePiece) write(batch arrow.RecordBatch) error { return o.out.write(o.partition, batch) }
func (o onePiece) end() error                          { return o.out.end() }
func (o onePiece) close() error                        { return nil }

// Write adds a batch, which stays the caller's to release. After an error only
// Abort is left to do.
func (w *Writer) Write(ctx context.Context, batch arrow.RecordBatch) error {
	if w.closed {
		return errClosed
	}
	batch.Retain()
	select {
	case w.batches <- batch:
		return nil
	case <-w.done:
		batch.Release()
		return w.failure()
	case <-ctx.Done():
		batch.Release()
		return context.Cause(ctx)
	}
}

func (w *Writer) failure() error {
	if w.err == nil {
		return errClosed
	}
	return classify(fmt.Errorf("writing data files: %w", w.err))
}

// Close finishes the last file and returns all. When ctx ends first, or on any
// other error, the files are still Abort's to remove.
func (w *Writer) Close(ctx context.Context) (Files, error) {
	if w.closed {
		return Files{}, errClosed
	}
	w.closed = true
	close(w.batches)
	select {
	case <-w.done:
	case <-ctx.Done():
		return Files{}, context.Cause(ctx)
	}
	if w.err != nil {
		return Files{}, w.failure()
	}
	return encodeFiles(w.table, w.files)
}

// Abort removes every file that was written, also those of a Close that
// succeeded: the caller must not have committed them. It lets the file at hand be
// finished first, because a store may still complete an upload that its client
// gave up; only when ctx ends is it given up. A second Abort is a no-op.
func (w *Writer) Abort(ctx context.Context) error {
	if !w.closed {
		w.closed = true
		close(w.batches)
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		w.cancel()
		<-w.done
	}
	if len(w.begun) == 0 {
		return nil
	}
	fs, err := w.table.FS(ctx)
	if err != nil {
		return fmt.Errorf("opening the lake's storage: %w", err)
	}
	return w.remove(fs)
}

func (w *Writer) remove(fs icebergio.IO) error {
	var errs []error
	for _, path := range w.begun {
		if err := fs.Remove(path); err != nil && !errors.Is(err, iofs.ErrNotExist) { // a file that failed may not be there
			errs = append(errs, err)
		}
	}
	w.files, w.begun = nil, nil
	if err := errors.Join(errs...); err != nil {
		return classify(fmt.Errorf("removing data files: %w", err))
	}
	return nil
}

package lake

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/headwaterhq/headwater/shared/lake/datafile"
)

// output writes data files, one at a time.
type output struct {
	fs     icebergio.WriteFileIO
	places table.LocationProvider
	spec   iceberg.PartitionSpec
	schema *arrow.Schema
	target int64
	keys   []int // not nil: the files are equality deletes by these fields

	scratch datafile.Scratch
	open    *openFile
	begun   []string // paths of all files, also of those that failed
	files   []iceberg.DataFile
}

type openFile struct {
	path      string
	partition map[int]any
	sink      *countingWriter
	close     func() error // the sink's
	encoder   *datafile.Encoder
}

// openOutput begins with no file. ctx is of all that is written.
func openOutput(ctx context.Context, tbl *table.Table, schema *arrow.Schema, target int64) (*output, error) {
	fs, err := tbl.FS(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the lake's storage: %w", err)
	}
	writable, ok := fs.(icebergio.WriteFileIO)
	if !ok {
		return nil, errors.New("the lake's storage cannot be written")
	}
	places, err := tbl.LocationProvider()
	if err != nil {
		return nil, err
	}
	return &output{fs: writable, places: places, spec: tbl.Spec(), schema: schema, target: target}, nil
}

// write adds rows of the partition to the open file, which must be of it, or begins one. A file that is large enough ends.
func (o *output) write(partition map[int]any, batch arrow.RecordBatch) error {
	if batch.NumRows() == 0 {
		return nil
	}
	if o.open == nil {
		if err := o.begin(partition); err != nil {
			return err
		}
	}
	if err := o.open.encoder.Write(batch); err != nil {
		return err
	}
	if o.open.sink.bytes+o.open.encoder.Buffered() >= o.target {
		return o.end()
	}
	return nil
}

func (o *output) begin(partition map[int]any) error {
	path, sink, err := o.create()
	if err != nil {
		return err
	}
	counted := &countingWriter{out: sink}
	encoder, err := datafile.New(counted, o.schema, datafile.Options{Scratch: &o.scratch})
	if err != nil {
		return errors.Join(err, sink.Close())
	}
	o.open = &openFile{path: path, partition: partition, sink: counted, close: sink.Close, encoder: encoder}
	return nil
}

func (o *output) create() (path string, sink icebergio.FileWriter, err error) {
	path = o.places.NewDataLocation(uuid.NewString() + ".parquet")
	o.begun = append(o.begun, path)
	if sink, err = o.fs.Create(path); err != nil {
		return "", nil, fmt.Errorf("creating a data file: %w", err)
	}
	return path, sink, nil
}

// end finishes the open file, if there is one.
func (o *output) end() error {
	if o.open == nil {
		return nil
	}
	done := o.open
	o.open = nil
	stats, err := done.encoder.Close()
	if err := errors.Join(err, done.close()); err != nil {
		return fmt.Errorf("finishing a data file: %w", err)
	}
	return o.describe(done.path, done.partition, stats)
}

// copy makes a data file of one that was written elsewhere.
func (o *output) copy(partition map[int]any, stats datafile.Stats, from *spool) error {
	path, sink, err := o.create()
	if err != nil {
		return err
	}
	if err := errors.Join(from.copyTo(sink), sink.Close()); err != nil {
		return fmt.Errorf("finishing a data file: %w", err)
	}
	return o.describe(path, partition, stats)
}

// describe adds a file that is complete.
func (o *output) describe(path string, partition map[int]any, stats datafile.Stats) error {
	content := iceberg.EntryContentData
	if o.keys != nil {
		content = iceberg.EntryContentEqDeletes
	}
	builder, err := iceberg.NewDataFileBuilder(o.spec, content, path, iceberg.ParquetFile,
		partition, nil, nil, stats.Rows, stats.Bytes)
	if err != nil {
		return err
	}
	if o.keys != nil {
		builder.EqualityFieldIDs(o.keys)
	}
	builder.SplitOffsets(stats.SplitOffsets)
	builder.ColumnSizes(stats.ColumnSizes).ValueCounts(stats.ValueCounts).NullValueCounts(stats.NullCounts).NaNValueCounts(stats.NaNCounts)
	builder.LowerBoundValues(stats.Lower).UpperBoundValues(stats.Upper)
	o.files = append(o.files, builder.Build())
	return nil
}

// fail gives the open file up. Its upload is ended, not cancelled: a store may complete one that its client gave up.
func (o *output) fail() {
	if o.open != nil {
		_ = o.open.close() // the failure that came before is the one to report
		o.open = nil
	}
}

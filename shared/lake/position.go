package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// positionsAtOnce is how many position deletes make a batch in memory, and a row group.
const positionsAtOnce = 1 << 17

// filePathField is the reserved field of position delete files that names the data file.
const filePathField = 2147483546

// writePositions names the rows to hide in position delete files, one for each
// partition that has such rows, and skips data files that have no others: they
// are not committed at all.
func writePositions(ctx context.Context, tbl *table.Table, files []iceberg.DataFile, found *verdict) ([]iceberg.DataFile, error) {
	partitions := make(map[string][]int)
	for i, file := range files {
		if n := found.hide[i].count(); n > 0 && !found.hidden(i) {
			name := partitionOf(file)
			partitions[name] = append(partitions[name], i)
		}
	}
	fs, err := tbl.FS(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the lake's storage: %w", err)
	}
	out, ok := fs.(icebergio.WriteFileIO)
	if !ok {
		return nil, errors.New("the lake's storage cannot be written")
	}
	places, err := tbl.LocationProvider()
	if err != nil {
		return nil, err
	}
	var written []iceberg.DataFile
	for _, numbers := range partitions {
		slices.SortFunc(numbers, func(a, b int) int { return cmp.Compare(files[a].FilePath(), files[b].FilePath()) })
		w := &positionWriter{files: files, found: found, numbers: numbers, path: places.NewDataLocation(uuid.NewString() + "-deletes.parquet")}
		file, err := w.write(tbl.Spec(), out)
		if err != nil {
			return nil, err
		}
		written = append(written, file)
	}
	return written, nil
}

// positionWriter writes one position delete file.
type positionWriter struct {
	files   []iceberg.DataFile
	found   *verdict
	numbers []int // of the data files, in the order of their paths
	path    string
	rows    int64
}

func (w *positionWriter) write(spec iceberg.PartitionSpec, fs icebergio.WriteFileIO) (iceberg.DataFile, error) {
	sink, err := fs.Create(w.path)
	if err != nil {
		return nil, err
	}
	counted := &countingWriter{out: sink}
	encoder, err := pqarrow.NewFileWriter(table.PositionalDeleteArrowSchema, counted,
		parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd)), pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, errors.Join(err, sink.Close())
	}
	err = w.encode(encoder)
	if err := errors.Join(err, encoder.Close(), sink.Close()); err != nil {
		return nil, err
	}
	first, last := w.files[w.numbers[0]], w.files[w.numbers[len(w.numbers)-1]]
	builder, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentPosDeletes, w.path, iceberg.ParquetFile,
		first.Partition(), nil, nil, w.rows, counted.bytes)
	if err != nil {
		return nil, err
	}
	// Readers go by the bounds. They must not be equal: that would say that the deletes are of one file only, which
	// iceberg then wants to find in the table as it was before.
	builder.LowerBoundValues(map[int][]byte{filePathField: []byte(first.FilePath())})
	builder.UpperBoundValues(map[int][]byte{filePathField: []byte(last.FilePath() + "~")})
	return builder.Build(), nil
}

func (w *positionWriter) encode(encoder *pqarrow.FileWriter) error {
	b := array.NewRecordBuilder(memory.DefaultAllocator, table.PositionalDeleteArrowSchema)
	defer b.Release()
	path, at := b.Field(0).(*array.StringBuilder), b.Field(1).(*array.Int64Builder)
	flush := func() error {
		batch := b.NewRecordBatch()
		defer batch.Release()
		w.rows += batch.NumRows()
		return encoder.Write(batch)
	}
	for _, number := range w.numbers {
		for row := range w.found.rows[number] {
			if !w.found.hide[number].has(uint32(row)) {
				continue
			}
			path.Append(w.files[number].FilePath())
			at.Append(row)
			if at.Len() == positionsAtOnce {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

type countingWriter struct {
	out   io.Writer
	bytes int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	w.bytes += int64(n)
	return n, err
}

package datafile

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// magic is at both ends of a Parquet file.
const magic = "PAR1"

// createdBy names the writer as readers parse it, to tell which bugs a file may have.
const createdBy = "headwater version 1.0.0"

func newFooter(in *arrow.Schema) (*metadata.FileMetaDataBuilder, error) {
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCreatedBy(createdBy))
	columns, err := pqarrow.ToParquet(in, properties, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, fmt.Errorf("describing the columns: %w", err)
	}
	return metadata.NewFileMetadataBuilder(columns, properties, nil), nil
}

// describe takes a column chunk into the footer.
func (c *chunk) describe(to *metadata.ColumnChunkMetaDataBuilder, nulls int) error {
	to.SetStats(metadata.EncodedStatistics{
		HasMin: c.min != nil, Min: c.min, HasMax: c.max != nil, Max: c.max, HasNullCount: true, NullCount: int64(nulls),
	})
	pages := metadata.EncodingStats{DataEncodingStats: map[parquet.Encoding]int32{c.encoding: c.dataPages}}
	encodings := []parquet.Encoding{c.encoding, parquet.Encodings.RLE}
	numbered := c.info.DictPageOffset > 0
	if numbered {
		pages.DictEncodingStats = map[parquet.Encoding]int32{parquet.Encodings.Plain: 1}
		encodings = append(encodings, parquet.Encodings.Plain)
	}
	if err := to.Finish(c.info, numbered, false, pages); err != nil {
		return fmt.Errorf("describing a column chunk: %w", err)
	}
	setEncodings(&to.Contents().MetaData.Encodings, encodings)
	return nil
}

// setEncodings corrects what a builder took from the properties of a writer, which
// has one encoding for all chunks of a column. Its type is internal to arrow-go.
func setEncodings[E ~int32 | ~int64](to *[]E, encodings []parquet.Encoding) {
	*to = (*to)[:0]
	for _, encoding := range encodings {
		*to = append(*to, E(encoding))
	}
}

func (e *Encoder) writeFooter() error {
	footer, err := e.footer.Finish()
	if err != nil {
		return fmt.Errorf("making the footer: %w", err)
	}
	encoded, err := footer.Serialize(context.Background())
	if err != nil {
		return fmt.Errorf("encoding the footer: %w", err)
	}
	encoded = binary.LittleEndian.AppendUint32(encoded, uint32(len(encoded)))
	if _, err := e.to.Write(append(encoded, magic...)); err != nil {
		return fmt.Errorf("writing the footer: %w", err)
	}
	return nil
}

package lake

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/codec"
	"github.com/apache/iceberg-go/table"
)

// Files describes the data files that a Writer made. They are no rows of the
// table until they are committed.
type Files struct {
	Encoded []byte // for Commit; empty when Count is 0
	Rows    int64
	Bytes   int64
	Count   int
}

// encodingVersion is the first byte of Files.Encoded. After it, each file is its
// length as an unsigned varint and an Avro manifest entry.
const encodingVersion = 1

var errEncoding = errors.New("the data files are not encoded as this version encodes them")

func encodeFiles(tbl *table.Table, files []iceberg.DataFile) (Files, error) {
	var out Files
	for _, file := range files {
		entry, err := codec.EncodeDataFile(file, tbl.Spec(), tbl.Schema(), tbl.Metadata().Version())
		if err != nil {
			return Files{}, fmt.Errorf("encoding a data file: %w", err)
		}
		if out.Count == 0 {
			out.Encoded = append(out.Encoded, encodingVersion)
		}
		out.Encoded = binary.AppendUvarint(out.Encoded, uint64(len(entry)))
		out.Encoded = append(out.Encoded, entry...)
		out.Rows += file.Count()
		out.Bytes += file.FileSizeBytes()
		out.Count++
	}
	return out, nil
}

func appendDecoded(files []iceberg.DataFile, encoded []byte, tbl *table.Table) ([]iceberg.DataFile, error) {
	if len(encoded) == 0 {
		return files, nil
	}
	if encoded[0] != encodingVersion {
		return nil, errEncoding
	}
	for rest := encoded[1:]; len(rest) > 0; {
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return nil, errEncoding
		}
		entry := rest[n : n+int(length)]
		file, err := codec.DecodeDataFile(entry, tbl.Spec(), tbl.Schema(), tbl.Metadata().Version())
		if err != nil {
			return nil, fmt.Errorf("decoding a data file: %w", err)
		}
		files = append(files, file)
		rest = rest[n+int(length):]
	}
	return files, nil
}

package file

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
)

// int96Reader reads a top-level column of INT96 timestamps of one row group. The
// Arrow reader makes nanoseconds of them, which neither the year 9999 nor what
// some writers make of times before 1970 fits into.
type int96Reader struct {
	column   *parquetfile.Int96ColumnChunkReader
	optional bool
	values   []parquet.Int96
	levels   []int16
}

// openInt96 opens the column of a row group at a row.
func openInt96(group *parquetfile.RowGroupReader, leaf int, row int64) (*int96Reader, error) {
	column, err := group.Column(leaf)
	if err != nil {
		return nil, err
	}
	typed, ok := column.(*parquetfile.Int96ColumnChunkReader)
	if !ok {
		return nil, fmt.Errorf("a column of INT96 is of type %s", column.Type())
	}
	r := &int96Reader{column: typed, optional: column.Descriptor().MaxDefinitionLevel() > 0}
	for row > 0 {
		skipped, err := typed.Skip(row)
		if err != nil {
			return nil, err
		}
		if skipped == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		row -= skipped
	}
	return r, nil
}

// read returns the next rows as microseconds, rounded down. It says of which rows
// the value is beyond what they can be.
func (r *int96Reader) read(rows int) (values arrow.Array, beyond []int, err error) {
	b := array.NewTimestampBuilder(memory.DefaultAllocator, arrow.FixedWidthTypes.Timestamp_us.(*arrow.TimestampType))
	defer b.Release()
	b.Reserve(rows)
	r.values, r.levels = resize(r.values, rows), resize(r.levels, rows)
	for b.Len() < rows {
		var levels []int16
		if r.optional {
			levels = r.levels
		}
		total, read, err := r.column.ReadBatch(int64(rows-b.Len()), r.values, levels, nil)
		if err != nil {
			return nil, nil, err
		}
		if total == 0 {
			return nil, nil, io.ErrUnexpectedEOF
		}
		chunk := r.values[:read]
		for i := range int(total) {
			if r.optional && levels[i] == 0 {
				b.AppendNull()
				continue
			}
			if len(chunk) == 0 {
				return nil, nil, io.ErrUnexpectedEOF
			}
			if micros, ok := int96Micros(chunk[0]); ok {
				b.Append(arrow.Timestamp(micros))
			} else {
				beyond = append(beyond, b.Len())
				b.AppendNull()
			}
			chunk = chunk[1:]
		}
	}
	return b.NewArray(), beyond, nil
}

// int96Micros is an INT96 in microseconds since 1970: little-endian, nanoseconds
// of the day (some writers have them negative before 1970), then the Julian day.
func int96Micros(v parquet.Int96) (micros int64, ok bool) {
	const epoch, day = 2440588, 86_400_000_000
	days := int64(int32(binary.LittleEndian.Uint32(v[8:]))) - epoch
	within := floorDiv(int64(binary.LittleEndian.Uint64(v[:8])), 1000)
	if limit := int64(math.MaxInt64/day - 1); days > limit || days < -limit || within > day || within < -day {
		return 0, false
	}
	return days*day + within, true
}

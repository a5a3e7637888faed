package lake

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/twmb/murmur3"
)

const (
	mostPartitionFields = 3
	microsPerDay        = 24 * 60 * 60 * 1_000_000
)

var errTransform = errors.New("the table's partitions are of a kind that Ensure does not make")

// divider numbers the partitions that rows are of, in the order in which they first come.
type divider struct {
	fields  []divided
	values  [mostPartitionFields][]int32 // of the batch at hand, by field
	known   map[tuple]uint32
	numbers []uint32 // of the batch at hand
	tuples  []tuple
}

// divided is a field of partitions: values puts a column's transform into to.
type divided struct {
	id     int
	column int // of the file; -1 when it has none
	values func(column arrow.Array, to []int32)
	any    func(value int32) any // as Iceberg's manifests take it
}

// tuple is a partition. A null is a value that no transform makes.
type tuple [mostPartitionFields]int32

const nullPartition = math.MinInt32

func newDivider(spec iceberg.PartitionSpec, l *layout) (*divider, error) {
	d := &divider{known: make(map[tuple]uint32)}
	if spec.NumFields() > mostPartitionFields {
		return nil, errTransform
	}
	for _, field := range spec.Fields() {
		f := divided{id: field.FieldID, column: l.column(field.SourceID()), any: func(v int32) any { return v }}
		switch transform := field.Transform.(type) {
		case iceberg.BucketTransform:
			f.values = func(column arrow.Array, to []int32) { buckets(column, int32(transform.NumBuckets), to) }
		case iceberg.DayTransform:
			f.values, f.any = days, func(v int32) any { return iceberg.Date(v) }
		default:
			return nil, errTransform
		}
		if f.column >= 0 && !divisible(field.Transform, l.file.Field(f.column).Type) {
			return nil, errTransform
		}
		d.fields = append(d.fields, f)
	}
	return d, nil
}

// divisible reports whether the transform of the type is one that divided knows.
func divisible(transform iceberg.Transform, of arrow.DataType) bool {
	if _, ok := transform.(iceberg.DayTransform); ok {
		return of.ID() == arrow.TIMESTAMP
	}
	return of.ID() == arrow.STRING || of.ID() == arrow.INT64
}

// divide returns the number of each row's partition. It is valid until the next call.
func (d *divider) divide(batch arrow.RecordBatch) []uint32 {
	rows := int(batch.NumRows())
	for i, f := range d.fields {
		d.values[i] = resized(d.values[i], rows)
		if f.column < 0 {
			fill(d.values[i])
			continue
		}
		column := batch.Column(f.column)
		f.values(column, d.values[i])
		if column.NullN() > 0 {
			for row := range rows {
				if column.IsNull(row) {
					d.values[i][row] = nullPartition
				}
			}
		}
	}
	d.numbers = resized(d.numbers, rows)
	var before tuple
	for row := range rows {
		var at tuple
		for i := range d.fields {
			at[i] = d.values[i][row]
		}
		if row > 0 && at == before {
			d.numbers[row] = d.numbers[row-1]
			continue
		}
		d.numbers[row], before = d.number(at), at
	}
	return d.numbers
}

func (d *divider) number(at tuple) uint32 {
	n, ok := d.known[at]
	if !ok {
		n = uint32(len(d.tuples))
		d.known[at], d.tuples = n, append(d.tuples, at)
	}
	return n
}

// partition is the partition of the number, by field id.
func (d *divider) partition(number int) map[int]any {
	values := make(map[int]any, len(d.fields))
	for i, f := range d.fields {
		if v := d.tuples[number][i]; v == nullPartition {
			values[f.id] = nil
		} else {
			values[f.id] = f.any(v)
		}
	}
	return values
}

// buckets is Iceberg's bucket transform: 32-bit Murmur3 of the text's bytes, or of the number's eight, little-endian.
func buckets(column arrow.Array, n int32, to []int32) {
	switch a := column.(type) {
	case *array.String:
		for row := range to {
			to[row] = int32(murmur3.StringSum32(a.Value(row))&math.MaxInt32) % n
		}
	case *array.Int64:
		var bytes [8]byte
		for row := range to {
			binary.LittleEndian.PutUint64(bytes[:], uint64(a.Value(row)))
			to[row] = int32(murmur3.Sum32(bytes[:])&math.MaxInt32) % n
		}
	default:
		panic(fmt.Sprintf("a bucket of %s", column.DataType())) // divisible has refused it
	}
}

// days is Iceberg's day transform: whole days from 1970-01-01, of times before it too.
func days(column arrow.Array, to []int32) {
	for row, at := range column.(*array.Timestamp).TimestampValues() {
		day := int64(at) / microsPerDay
		if int64(at)%microsPerDay < 0 {
			day--
		}
		to[row] = int32(day)
	}
}

func fill(values []int32) {
	for i := range values {
		values[i] = nullPartition
	}
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

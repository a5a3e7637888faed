package lake

import (
	"context"
	"maps"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"
)

// manifestsAtOnce is how many manifests are read at once.
const manifestsAtOnce = 8

// Ends of the order of comparable values.
const (
	belowAll = ""     // less than NULL and every value
	aboveAll = "\xff" // greater than every value
)

// reach is the greatest value of a column that the table has, as its files' bounds tell, as a comparable value: a row
// with a greater one is not in the table. It is by partition where rows of a key are in one partition: a row of the far future
// is in the way of rows of its own partition only.
type reach struct {
	field  iceberg.NestedField
	parted bool
	mu     sync.Mutex
	most   map[string]string // by partition, of those that the run has rows in
}

// reachOf reads how far the table goes. Without a column that tells, every row may be there.
func (m *merge) reachOf(ctx context.Context, tbl *table.Table, files []iceberg.DataFile) (*reach, error) {
	r := &reach{parted: within(tbl, m.Key), most: make(map[string]string)}
	r.field, _ = tbl.Schema().FindFieldByName(m.Fresh)
	start, snapshot := belowAll, tbl.CurrentSnapshot()
	if snapshot != nil && m.Fresh == "" {
		start = aboveAll
	}
	for _, file := range files {
		r.most[r.where(file)] = start
	}
	if snapshot == nil || m.Fresh == "" {
		return r, nil
	}
	fs, err := tbl.FS(ctx)
	if err != nil {
		return nil, err
	}
	manifests, err := snapshot.Manifests(fs)
	if err != nil {
		return nil, err
	}
	var group errgroup.Group
	group.SetLimit(manifestsAtOnce)
	for _, manifest := range manifests {
		if manifest.ManifestContent() != iceberg.ManifestContentData {
			continue
		}
		group.Go(func() error {
			for entry, err := range manifest.Entries(fs, true) {
				if err != nil {
					return err
				}
				r.extend(entry.DataFile())
			}
			return nil
		})
	}
	return r, group.Wait()
}

func (r *reach) where(file iceberg.DataFile) string {
	if r.parted {
		return partitionOf(file)
	}
	return everywhere
}

// extend takes a data file of the table into account.
func (r *reach) extend(file iceberg.DataFile) {
	where := r.where(file)
	r.mu.Lock()
	defer r.mu.Unlock()
	if before, met := r.most[where]; met && file.Count() > 0 {
		r.most[where] = max(before, r.greatest(file))
	}
}

// greatest is no less than any value that the data file has.
func (r *reach) greatest(file iceberg.DataFile) string {
	if nulls, known := file.NullValueCounts()[r.field.ID]; known && nulls == file.Count() {
		return string([]byte{isNull})
	}
	if most, known := comparableBound(r.field.Type, file.UpperBoundValues()[r.field.ID]); known {
		return most
	}
	return aboveAll
}

// before reports whether no row of the run's file is in the table, as far as the file's bounds tell.
func (r *reach) before(file iceberg.DataFile) bool {
	most := r.most[r.where(file)]
	if most == belowAll {
		return true
	}
	nulls, known := file.NullValueCounts()[r.field.ID]
	least, bounded := comparableBound(r.field.Type, file.LowerBoundValues()[r.field.ID])
	return known && nulls == 0 && bounded && least > most
}

// fresh returns the function that reports whether a row of a batch of the run's file is not in the table.
func (r *reach) fresh(file iceberg.DataFile, batch arrow.RecordBatch) (func(row int) bool, error) {
	column := columnIn(batch, r.field.Name)
	if column == nil {
		return func(int) bool { return false }, nil
	}
	value, err := appenderOf(r.field.Name, column)
	if err != nil {
		return nil, err
	}
	most := r.most[r.where(file)]
	var bytes []byte
	return func(row int) bool {
		bytes = value(bytes[:0], row)
		return string(bytes) > most
	}, nil
}

// same reports whether the other says the same. None says the same as nil.
func (r *reach) same(other *reach) bool {
	return other != nil && r.parted == other.parted && maps.Equal(r.most, other.most)
}

// reaches reports whether values of the type have bounds to compare.
func reaches(t iceberg.Type) bool {
	switch t.(type) {
	case iceberg.Int64Type, iceberg.DateType, iceberg.TimestampTzType, iceberg.StringType:
		return true
	}
	return false
}

// comparableBound is a bound of a data file as a comparable value.
func comparableBound(t iceberg.Type, bound []byte) (string, bool) {
	if t == nil || len(bound) == 0 {
		return "", false
	}
	literal, err := iceberg.LiteralFromBytes(t, bound)
	if err != nil {
		return "", false
	}
	value := []byte{isValue}
	switch v := literal.(type) {
	case iceberg.Int64Literal:
		value = appendSigned(value, int64(v))
	case iceberg.DateLiteral:
		value = appendSigned(value, int64(v))
	case iceberg.TimestampLiteral:
		value = appendSigned(value, int64(v))
	case iceberg.StringLiteral:
		value = appendText(value, string(v))
	default:
		return "", false
	}
	return string(value), true
}

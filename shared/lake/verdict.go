package lake

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/fault"
)

// mostShards is how many temporary files the claims of a large run are spread over at most.
const mostShards = 256

// verdict says of each row of a run what becomes of it, file by file.
type verdict struct {
	superseded []rowSet // a later row of the run has its key, or the table keeps its own
	hide       []rowSet // superseded, or the last of a key that it deletes
	tied       []rowSet // equal to others of its key in what was compared so far, and none is after it
	rows       []int64
}

// rowSet is a set of row numbers of one file.
type rowSet []uint64

func (s rowSet) add(row uint32)      { s[row>>6] |= 1 << (row & 63) }
func (s rowSet) has(row uint32) bool { return s[row>>6]&(1<<(row&63)) != 0 }

func (s rowSet) count() int64 {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return int64(n)
}

// hidden reports whether no row of the file is to be seen.
func (v *verdict) hidden(file int) bool { return v.hide[file].count() == v.rows[file] }

func (v *verdict) supersede(at position) {
	v.superseded[at.file].add(at.row)
	v.hide[at.file].add(at.row)
}

func newVerdict(files []iceberg.DataFile) (*verdict, error) {
	v := &verdict{}
	paths := make(map[string]bool, len(files))
	for _, file := range files {
		if paths[file.FilePath()] {
			return nil, errors.New("the run has a data file twice")
		}
		if file.Count() > math.MaxUint32 {
			return nil, errors.New("a data file has too many rows")
		}
		paths[file.FilePath()] = true
		words := (file.Count() + 63) / 64
		for _, set := range []*[]rowSet{&v.superseded, &v.hide, &v.tied} {
			*set = append(*set, make(rowSet, words))
		}
		v.rows = append(v.rows, file.Count())
	}
	return v, nil
}

// resolve finds the last row of each key. It reads the run's files once for what mostly tells, and those again that have
// rows which that leaves equal, for the rest of the order: few rows need more than a cursor, and the rest may be all columns.
func (m *merge) resolve(ctx context.Context, tbl *table.Table, files []iceberg.DataFile) (*verdict, error) {
	found, err := newVerdict(files)
	if err != nil || m.All && !m.KeepEqual {
		return found, err
	}
	first := m.first()
	mostly := &comparison{merge: m, table: tbl, files: files, found: found, order: m.Order[:first], final: first == len(m.Order), rows: found.rows}
	if err := mostly.run(ctx); err != nil {
		return nil, err
	}
	rest := &comparison{merge: m, table: tbl, files: files, found: found, order: m.Order[first:], final: true, only: found.tied}
	for _, tied := range found.tied {
		rest.rows = append(rest.rows, tied.count())
	}
	return found, rest.run(ctx)
}

// first is how many columns of the order are compared first: one, and those after it that are read anyway.
func (m *merge) first() int {
	n := min(1, len(m.Order))
	for n < len(m.Order) && slices.Contains(once(m.Key, []string{m.Deleted}), m.Order[n]) {
		n++
	}
	return n
}

// whole refuses rows without a key.
func (m *merge) whole(batch arrow.RecordBatch) error {
	for _, name := range m.Key {
		if columnIn(batch, name).NullN() > 0 {
			return fault.Field(fault.LakeIncompatible, name, "a row has no value in this key column")
		}
	}
	return nil
}

// reader returns the function from row number to claim. What it returns is
// valid until the next call.
func (m *merge) reader(batch arrow.RecordBatch, by []string) (func(row int) claim, error) {
	key, err := appenders(batch, m.Key)
	if err != nil {
		return nil, err
	}
	order, err := appenders(batch, by)
	if err != nil {
		return nil, err
	}
	deletes := func(int) bool { return false }
	if m.Deleted != "" && columnIn(batch, m.Deleted) != nil {
		flag, ok := columnIn(batch, m.Deleted).(*array.Boolean)
		if !ok {
			return nil, fault.Field(fault.LakeIncompatible, m.Deleted, "the column is not boolean")
		}
		deletes = func(row int) bool { return flag.IsValid(row) && flag.Value(row) }
	}
	var keyBytes, orderBytes []byte
	return func(row int) claim {
		keyBytes, orderBytes = key(keyBytes[:0], row), order(orderBytes[:0], row)
		sum := sha256.Sum256(keyBytes)
		return claim{key: [16]byte(sum[:16]), deletes: deletes(row), order: orderBytes}
	}, nil
}

// appenders joins the appenders of the columns.
func appenders(batch arrow.RecordBatch, names []string) (appender, error) {
	each := make([]appender, len(names))
	for i, name := range names {
		a, err := appenderOf(name, columnIn(batch, name))
		if err != nil {
			return nil, err
		}
		each[i] = a
	}
	return func(dst []byte, row int) []byte {
		for _, a := range each {
			dst = a(dst, row)
		}
		return dst
	}, nil
}

// columnIn is the batch's column of the name, nil when it has none.
func columnIn(batch arrow.RecordBatch, name string) arrow.Array {
	at := batch.Schema().FieldIndices(name)
	if len(at) == 0 {
		return nil
	}
	return batch.Column(at[0])
}

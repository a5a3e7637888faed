package file

import (
	"fmt"
	"slices"
)

// listing is what the names of a table's files tell.
type listing struct {
	name       string
	format     string
	first      string // first file with content
	files      int64  // with content
	bytes      int64
	empty      string // first file without content
	fault      error  // the first thing that makes the files no table
	partitions partitionColumns

	unlisted bool // only the name is known

	keep   int // spread holds up to twice as many files, evenly over the table
	stride int64
	spread []Object
	newest Object // the last file by key is always worth a look
}

func (l *listing) add(obj Object, p place) {
	if obj.Size == 0 {
		if l.empty == "" {
			l.empty = obj.Key
		}
		if l.format == "" {
			l.format = p.format
		}
		return
	}
	if l.files == 0 {
		l.format, l.first, l.stride = p.format, obj.Key, 1
	}
	switch {
	case l.fault != nil:
	case p.format != l.format:
		l.fault = conflicting(obj.Key, fmt.Sprintf("the table has files of more than one format: %s, and %s", l.format, p.format))
	case p.format == formatParquet && p.compressed:
		l.fault = damaged(obj.Key, "a Parquet file must not be compressed as a whole; Parquet compresses inside", nil)
	}
	l.partitions.add(p.partitions)
	if l.files%l.stride == 0 {
		l.spread = append(l.spread, obj)
	}
	if len(l.spread) == 2*l.keep { // every other one, and half as many from here on
		for i := range l.keep {
			l.spread[i] = l.spread[2*i]
		}
		l.spread, l.stride = l.spread[:l.keep], 2*l.stride
	}
	l.newest = obj
	l.files++
	l.bytes += obj.Size
}

// sample returns up to n files, evenly over the table, with the first and the last.
func (l *listing) sample(n int) []Object {
	all := l.spread
	if len(all) == 0 {
		return nil
	}
	if all[len(all)-1].Key != l.newest.Key {
		all = append(slices.Clip(all), l.newest)
	}
	if len(all) <= n {
		return all
	}
	picked := make([]Object, n)
	for i := range picked {
		picked[i] = all[i*(len(all)-1)/max(n-1, 1)]
	}
	return picked
}

package file

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// partitionColumns collects the values of partition directories and types
// them: all whole numbers, all dates, or text.
type partitionColumns struct {
	names []string
	seen  map[string]*partitionValues
	files int
}

type partitionValues struct {
	files           int // that have the partition, with a value
	notInt, notDate bool
	valued          bool
}

func (p *partitionColumns) add(partitions []partition) {
	if p.seen == nil {
		p.seen = make(map[string]*partitionValues)
	}
	p.files++
	for _, part := range partitions {
		v, known := p.seen[part.name]
		if !known {
			v = &partitionValues{}
			p.seen[part.name] = v
			p.names = append(p.names, part.name)
		}
		if part.null {
			continue
		}
		v.files++
		_, isInt := parseInt([]byte(part.value))
		_, isDate := parseDate([]byte(part.value))
		v.notInt, v.notDate = v.notInt || !isInt, v.notDate || !isDate
		v.valued = true
	}
}

func (p *partitionColumns) columns() []schema.Column {
	columns := make([]schema.Column, 0, len(p.names))
	for _, name := range p.names {
		v := p.seen[name]
		c := schema.Column{Name: name, Type: schema.String, Native: "partition", Partition: true, Nullable: v.files < p.files}
		switch {
		case v.valued && !v.notInt:
			c.Type = schema.Int64
		case v.valued && !v.notDate:
			c.Type = schema.Date
		}
		columns = append(columns, c)
	}
	return columns
}

// withPartitions appends partition columns; they win over columns of the same
// name in the files, as in Hive.
func withPartitions(columns, partitions []schema.Column) []schema.Column {
	columns = slices.DeleteFunc(slices.Clone(columns), func(c schema.Column) bool {
		return slices.ContainsFunc(partitions, func(p schema.Column) bool { return p.Name == c.Name })
	})
	return append(columns, partitions...)
}

// partitionOf returns the value of a column in a file's path; NULL when it has none.
func partitionOf(partitions []partition, name string) partition {
	for _, p := range partitions {
		if p.name == name {
			return p
		}
	}
	return partition{name: name, null: true}
}

// partitionBounds is all there is to know of a partition column in one file;
// of any other column it is nothing.
func partitionBounds(t schema.Table, partitions []partition, name string) rowfilter.Bounds {
	c, ok := t.Column(name)
	if !ok || !c.Partition {
		return rowfilter.Bounds{Rows: 1, Nulls: -1}
	}
	p := partitionOf(partitions, name)
	if p.null {
		return rowfilter.Bounds{Rows: 1, Nulls: 1}
	}
	return rowfilter.Bounds{Rows: 1, Extremes: constantArray(c, p, 2)}
}

// constantArray repeats a partition's value. The column was typed by the paths
// of the same plan, so the value parses.
func constantArray(col schema.Column, p partition, rows int) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, source.ArrowType(col))
	defer b.Release()
	b.Reserve(rows)
	if p.null {
		b.AppendNulls(rows)
		return b.NewArray()
	}
	whole, _ := parseInt([]byte(p.value))
	date, _ := parseDate([]byte(p.value))
	for range rows {
		switch b := b.(type) {
		case *array.Int64Builder:
			b.UnsafeAppend(whole)
		case *array.Date32Builder:
			b.UnsafeAppend(arrow.Date32(date))
		case *array.StringBuilder:
			b.Append(p.value)
		}
	}
	return b.NewArray()
}

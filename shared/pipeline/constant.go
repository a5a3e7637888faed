package pipeline

import (
	"encoding/base64"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/schema"
)

// literal makes an array of the one value that text stands for, in the form of
// ingest.IsLiteral. It is outside the Mapper's allocator: it lives as long as the
// Mapper, which is not released.
func literal(text string, to schema.Type, toArrow arrow.DataType) (arrow.Array, error) {
	if to == schema.Bytes {
		value, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, errNoLiteral(to)
		}
		builder := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
		defer builder.Release()
		builder.Append(value)
		return builder.NewArray(), nil
	}
	builder := array.NewStringBuilder(memory.DefaultAllocator)
	defer builder.Release()
	builder.Append(text)
	in := builder.NewArray()
	cast, err := kernelFor(in.DataType(), to, toArrow)
	if err != nil || cast == nil {
		return in, err
	}
	var refused rejects
	refused.reset(in.Len())
	value := cast(&call{in: in, alloc: memory.DefaultAllocator, rejects: &refused})
	in.Release()
	if len(refused.found) > 0 {
		return nil, errNoLiteral(to)
	}
	return value, nil
}

func errNoLiteral(t schema.Type) error {
	return fmt.Errorf("the mapping is not resolved: a constant or default is not a %s", t)
}

// constant is a column with the same value in every row. Batches share one
// array, which grows to the largest of them.
type constant struct{ values arrow.Array }

// rows returns n times the value; the caller releases it.
func (c *constant) rows(n int) (arrow.Array, error) {
	for c.values.Len() < n {
		doubled, err := array.Concatenate([]arrow.Array{c.values, c.values}, memory.DefaultAllocator)
		if err != nil {
			return nil, fmt.Errorf("repeating a constant: %w", err)
		}
		c.values = replace(c.values, doubled)
	}
	return array.NewSlice(c.values, 0, int64(n)), nil
}

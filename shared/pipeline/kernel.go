package pipeline

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/schema"
)

// kernel casts one column of a batch, rejecting the rows that it cannot cast.
type kernel func(*call) arrow.Array

// call is one use of a kernel.
type call struct {
	in      arrow.Array
	alloc   memory.Allocator
	rejects *rejects
	column  *column
}

func (c *call) reject(row int, reason string) { c.rejects.add(row, c.column, RuleCast, reason) }

// kernelFor returns the cast from an Arrow type to a logical one, nil when
// there is nothing to do, by the rules of the package documentation.
func kernelFor(from arrow.DataType, to schema.Type, toArrow arrow.DataType) (kernel, error) {
	if to == schema.JSON && from.ID() == arrow.STRING {
		return textToJSON, nil
	}
	if arrow.TypeEqual(from, toArrow) {
		return nil, nil
	}
	if to == schema.String {
		return toText(from)
	}
	switch from.ID() {
	case arrow.STRING:
		return fromText(to)
	case arrow.INT64:
		return fromInt(to)
	case arrow.FLOAT64:
		return fromFloat(to)
	case arrow.DECIMAL128:
		return fromDecimal(to)
	case arrow.DATE32:
		if to == schema.Timestamp {
			return dateToTimestamp, nil
		}
	case arrow.TIMESTAMP:
		if to == schema.Date && arrow.TypeEqual(from, arrow.FixedWidthTypes.Timestamp_us) {
			return timestampToDate, nil
		}
	}
	return nil, errNoCast(from, to)
}

func errNoCast(from arrow.DataType, to schema.Type) error {
	return fmt.Errorf("there is no cast from %s to %s", from, to)
}

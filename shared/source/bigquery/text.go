package bigquery

import (
	"errors"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// writer appends the text of one value of an array.
type writer func(b []byte, i int) []byte

// textBytes is how much text a value is expected to become.
const textBytes = 32

// textArray makes a text of every value of an array, one behind the other in
// one buffer. What is NULL stays NULL, unless every value has a text.
func textArray(a arrow.Array, write writer, every bool) (arrow.Array, error) {
	n := a.Len()
	offsets := make([]int32, n+1)
	text := make([]byte, 0, n*textBytes)
	for i := range n {
		if every || !a.IsNull(i) {
			text = write(text, i)
		}
		if len(text) > math.MaxInt32 {
			return nil, errors.New("the texts of a batch are larger than Arrow's 2 GiB")
		}
		offsets[i+1] = int32(len(text))
	}
	var valid *memory.Buffer
	nulls := 0
	if !every && a.NullN() > 0 {
		bits := make([]byte, bitutil.BytesForBits(int64(n)))
		bitutil.CopyBitmap(a.NullBitmapBytes(), a.Data().Offset(), n, bits, 0)
		valid, nulls = memory.NewBufferBytes(bits), a.NullN()
	}
	data := array.NewData(arrow.BinaryTypes.String, n,
		[]*memory.Buffer{valid, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(text)}, nil, nulls, 0)
	defer data.Release()
	return array.NewStringData(data), nil
}

package snowflake

import (
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// toJSON is one compact JSON value a row. Vectors come as lists.
func toJSON(a arrow.Array) (arrow.Array, error) {
	switch a := a.(type) {
	case *array.String:
		return textOf(a, func(dst []byte, i int) []byte { return appendCompact(dst, a.Value(i)) }), nil
	case *array.FixedSizeList:
		return vectors(a)
	}
	return nil, unexpected(a)
}

// vectors are JSON arrays with each number as short as it can be.
func vectors(a *array.FixedSizeList) (arrow.Array, error) {
	var number func(dst []byte, i int) []byte
	switch values := a.ListValues().(type) {
	case *array.Float32:
		number = func(dst []byte, i int) []byte { return appendFloat(dst, float64(values.Value(i)), 32) }
	case *array.Float64:
		number = func(dst []byte, i int) []byte { return appendFloat(dst, values.Value(i), 64) }
	case *array.Int32:
		number = func(dst []byte, i int) []byte { return strconv.AppendInt(dst, int64(values.Value(i)), 10) }
	case *array.Int64:
		number = func(dst []byte, i int) []byte { return strconv.AppendInt(dst, values.Value(i), 10) }
	default:
		return nil, unexpected(a)
	}
	return textOf(a, func(dst []byte, i int) []byte {
		from, to := a.ValueOffsets(i)
		dst = append(dst, '[')
		for n := from; n < to; n++ {
			if n > from {
				dst = append(dst, ',')
			}
			dst = number(dst, int(n))
		}
		return append(dst, ']')
	}), nil
}

func appendFloat(dst []byte, v float64, bits int) []byte {
	switch {
	case v != v: //nolint:gocritic // only NaN differs from itself
		return append(dst, `"NaN"`...)
	case v-v != 0 && v > 0: //nolint:gocritic // only infinities do not cancel out
		return append(dst, `"Infinity"`...)
	case v-v != 0: //nolint:gocritic // only infinities do not cancel out
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits)
}

// bare are the words that Snowflake writes in JSON and JSON does not have.
var bare = []struct{ from, to string }{
	{"undefined", "null"},
	{"NaN", `"NaN"`},
	{"-Infinity", `"-Infinity"`},
	{"Infinity", `"Infinity"`},
	{"-inf", `"-Infinity"`},
	{"inf", `"Infinity"`},
}

// appendCompact drops the blanks between tokens and writes what is no JSON as
// JSON. Everything else stays as it is: no digit and no escape changes.
func appendCompact(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case ' ', '\n', '\t', '\r':
			i++
		case '"':
			end := endOfString(text, i)
			dst = append(dst, text[i:end]...)
			i = end
		case 'u', 'N', 'I', 'i', '-':
			n, word := bareWord(text[i:])
			if n == 0 {
				dst = append(dst, c)
				i++
				continue
			}
			dst = append(dst, word...)
			i += n
		default:
			end := len(text)
			if n := strings.IndexAny(text[i+1:], " \n\t\r\"uNIi-"); n >= 0 {
				end = i + 1 + n
			}
			dst = append(dst, text[i:end]...)
			i = end
		}
	}
	return dst
}

// endOfString returns where the string that begins at i ends.
func endOfString(text string, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func bareWord(text string) (length int, word string) {
	for _, b := range bare {
		if len(text) >= len(b.from) && text[:len(b.from)] == b.from {
			return len(b.from), b.to
		}
	}
	return 0, ""
}

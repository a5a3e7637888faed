package rowfilter

import (
	"cmp"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/source"
)

// compare clears keep where a value does not compare with b as op says: one
// loop for each comparison, without a branch on it inside.
func compare[T cmp.Ordered](values []T, keep []bool, op source.Op, b T) {
	values = values[:len(keep)]
	switch op {
	case source.Equal:
		for i, v := range values {
			keep[i] = keep[i] && v == b
		}
	case source.NotEqual:
		for i, v := range values {
			keep[i] = keep[i] && v != b
		}
	case source.Less:
		for i, v := range values {
			keep[i] = keep[i] && v < b
		}
	case source.LessOrEqual:
		for i, v := range values {
			keep[i] = keep[i] && v <= b
		}
	case source.Greater:
		for i, v := range values {
			keep[i] = keep[i] && v > b
		}
	case source.GreaterOrEqual:
		for i, v := range values {
			keep[i] = keep[i] && v >= b
		}
	}
}

// compareText is compare for values that are looked up one by one.
func compareText(value func(int) string, keep []bool, op source.Op, b string) {
	switch op {
	case source.Equal: // lengths differ most of the time, which costs nothing to see
		for i := range keep {
			keep[i] = keep[i] && value(i) == b
		}
	case source.NotEqual:
		for i := range keep {
			keep[i] = keep[i] && value(i) != b
		}
	default:
		compareFunc(len(keep), keep, op, func(i int) int { return strings.Compare(value(i), b) })
	}
}

// compareFunc is compare by the sign of a comparison.
func compareFunc(rows int, keep []bool, op source.Op, order func(int) int) {
	for i := range min(rows, len(keep)) {
		keep[i] = keep[i] && holds(order(i), op)
	}
}

func holds(order int, op source.Op) bool {
	switch op {
	case source.Equal:
		return order == 0
	case source.NotEqual:
		return order != 0
	case source.Less:
		return order < 0
	case source.LessOrEqual:
		return order <= 0
	case source.Greater:
		return order > 0
	case source.GreaterOrEqual:
		return order >= 0
	}
	return false
}

// among clears keep where a value is not in a set.
func among[T comparable](values []T, keep []bool, set map[T]bool) {
	for i, v := range values[:len(keep)] {
		keep[i] = keep[i] && set[v]
	}
}

// float compiles comparisons of floating-point numbers: NaN equals NaN and is
// above all others, and the two zeros are equal.
func float(op source.Op, literals []any) (narrowFunc, withinFunc) {
	values := func(a arrow.Array) []float64 { return a.(*array.Float64).Float64Values() }
	in := make([]float64, len(literals))
	for i, l := range literals {
		in[i] = l.(float64)
	}
	within := func(extremes arrow.Array) bool {
		v := values(extremes)
		for _, b := range in {
			if floatOrder(v[0], b) <= 0 && floatOrder(v[1], b) >= 0 {
				return true
			}
		}
		return false
	}
	if op == source.In {
		set, nan := make(map[float64]bool, len(in)), false
		for _, b := range in {
			set[b] = true
			nan = nan || math.IsNaN(b) // which a map never finds
		}
		return func(a arrow.Array, keep []bool) {
			for i, v := range values(a)[:len(keep)] {
				keep[i] = keep[i] && (set[v] || nan && math.IsNaN(v))
			}
		}, within
	}
	b := in[0]
	return func(a arrow.Array, keep []bool) {
		v := values(a)
		switch {
		case math.IsNaN(b) || op == source.Greater || op == source.GreaterOrEqual:
			compareFunc(len(v), keep, op, func(i int) int { return floatOrder(v[i], b) })
		default: // a NaN is not less than b, nor equal to it
			compare(v, keep, op, b)
		}
	}, within
}

func floatOrder(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(a):
		return 1
	}
	return -1
}

// boolean compiles tests for equality, which is all that booleans have.
func boolean(op source.Op, literals []any) (narrowFunc, withinFunc) {
	takes := [2]bool{} // false, true
	for _, l := range literals {
		if l.(bool) {
			takes[1] = true
		} else {
			takes[0] = true
		}
	}
	if op == source.NotEqual {
		takes[0], takes[1] = !takes[0], !takes[1]
	}
	narrow := func(a arrow.Array, keep []bool) {
		values := a.(*array.Boolean)
		for i := range keep {
			if values.Value(i) {
				keep[i] = keep[i] && takes[1]
			} else {
				keep[i] = keep[i] && takes[0]
			}
		}
	}
	return narrow, func(extremes arrow.Array) bool {
		keep := [2]bool{true, true}
		narrow(extremes, keep[:])
		return keep[0] || keep[1]
	}
}

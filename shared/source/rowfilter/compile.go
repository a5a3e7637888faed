package rowfilter

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// compile prepares a condition that has been validated.
func compile(col schema.Column, c source.Condition) (test, error) {
	t := test{column: col, op: c.Op, orNull: c.OrNull}
	if c.Op == source.IsNull || c.Op == source.NotNull {
		return t, nil
	}
	literals := make([]any, len(c.Values))
	for i, text := range c.Values {
		var err error
		if literals[i], err = source.Literal(col, text); err != nil {
			return t, fmt.Errorf("compiling the filter: %w", err)
		}
		f, isFloat := literals[i].(float64)
		t.nan = t.nan || isFloat && math.IsNaN(f)
	}
	switch col.Type {
	case schema.String:
		t.narrow, t.within = text(c.Op, literals, func(a arrow.Array) func(int) string { return a.(*array.String).Value })
	case schema.Bytes:
		t.narrow, t.within = text(c.Op, literals, func(a arrow.Array) func(int) string { return a.(*array.Binary).ValueString })
	case schema.Bool:
		t.narrow, t.within = boolean(c.Op, literals)
	case schema.Float64:
		t.narrow, t.within = float(c.Op, literals)
	case schema.Decimal:
		t.narrow, t.within = decimals(c.Op, literals, col.Scale)
	case schema.Date:
		t.narrow, t.within = whole(c.Op, literals, day, func(a arrow.Array) []arrow.Date32 { return a.(*array.Date32).Date32Values() })
	case schema.Timestamp:
		t.narrow, t.within = whole(c.Op, literals, moment, func(a arrow.Array) []arrow.Timestamp { return a.(*array.Timestamp).TimestampValues() })
	case schema.Time:
		t.narrow, t.within = whole(c.Op, literals, clock, func(a arrow.Array) []arrow.Time64 { return a.(*array.Time64).Time64Values() })
	default:
		t.narrow, t.within = whole(c.Op, literals, integer, func(a arrow.Array) []int64 { return a.(*array.Int64).Int64Values() })
	}
	return t, nil
}

type (
	narrowFunc = func(arrow.Array, []bool)
	withinFunc = func(arrow.Array) bool
)

// A bound is a literal among the values that a column can hold: the greatest of
// them that is not above the literal, and whether it is the literal itself.
type bound[T any] struct {
	value T
	exact bool
}

// rounded returns the comparison with the bound's value that says the same as op
// with the literal, or that op holds always, or never.
func rounded(op source.Op, exact bool) (same source.Op, always, never bool) {
	if exact {
		return op, false, false
	}
	switch op {
	case source.Less, source.LessOrEqual:
		return source.LessOrEqual, false, false
	case source.Greater, source.GreaterOrEqual:
		return source.Greater, false, false
	case source.NotEqual:
		return op, true, false
	}
	return op, false, true
}

// whole compiles comparisons of whole numbers: integers, and dates and times in
// their unit, into which number converts a literal.
func whole[T ~int32 | ~int64](op source.Op, literals []any, number func(any) bound[int64], values func(arrow.Array) []T) (narrowFunc, withinFunc) {
	bounds := make([]bound[T], len(literals))
	for i, l := range literals {
		n := number(l)
		bounds[i] = bound[T]{T(n.value), n.exact}
	}
	return ordered(op, bounds, func(a arrow.Array) func([]bool, source.Op, T) {
		v := values(a)
		return func(keep []bool, op source.Op, b T) { compare(v, keep, op, b) }
	}, func(a arrow.Array) func(map[T]bool, []bool) {
		v := values(a)
		return func(set map[T]bool, keep []bool) { among(v, keep, set) }
	})
}

func integer(literal any) bound[int64] { return bound[int64]{literal.(int64), true} }

// day is a date in days since 1970; the literal is a midnight.
func day(literal any) bound[int64] {
	const seconds = int64(24 * time.Hour / time.Second)
	return bound[int64]{literal.(time.Time).Unix() / seconds, true}
}

// moment is a time in microseconds since 1970.
func moment(literal any) bound[int64] {
	t := literal.(time.Time)
	return bound[int64]{t.UnixMicro(), t.Nanosecond()%1000 == 0}
}

// clock is a time of day in microseconds.
func clock(literal any) bound[int64] {
	t := literal.(time.Time)
	since := t.Sub(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC))
	return bound[int64]{since.Microseconds(), t.Nanosecond()%1000 == 0}
}

// decimals compiles comparisons of decimals of one scale.
func decimals(op source.Op, literals []any, scale int32) (narrowFunc, withinFunc) {
	bounds := make([]bound[decimal128.Num], len(literals))
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
	factor := new(big.Rat).SetInt(unit)
	if scale < 0 {
		factor.Inv(factor)
	}
	// The largest that 38 digits hold; arrow's MaxDecimal128 is a tenth of it.
	largest := new(big.Int).Sub(new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil), big.NewInt(1))
	for i, l := range literals {
		scaled := new(big.Rat).Mul(l.(*big.Rat), factor)
		floor, rest := new(big.Int).DivMod(scaled.Num(), scaled.Denom(), new(big.Int))
		bounds[i] = bound[decimal128.Num]{exact: rest.Sign() == 0}
		switch { // no column has so many digits
		case floor.Cmp(largest) > 0:
			bounds[i] = bound[decimal128.Num]{value: decimal128.FromBigInt(largest)}
		case floor.CmpAbs(largest) > 0:
			bounds[i] = bound[decimal128.Num]{value: decimal128.New(math.MinInt64, 0)}
		default:
			bounds[i].value = decimal128.FromBigInt(floor)
		}
	}
	return ordered(op, bounds, func(a arrow.Array) func([]bool, source.Op, decimal128.Num) {
		v := a.(*array.Decimal128).Values()
		return func(keep []bool, op source.Op, b decimal128.Num) {
			compareFunc(len(v), keep, op, func(i int) int { return v[i].Cmp(b) })
		}
	}, func(a arrow.Array) func(map[decimal128.Num]bool, []bool) {
		v := a.(*array.Decimal128).Values()
		return func(set map[decimal128.Num]bool, keep []bool) { among(v, keep, set) }
	})
}

// text compiles comparisons of texts, or of bytes, by their bytes.
func text(op source.Op, literals []any, values func(arrow.Array) func(int) string) (narrowFunc, withinFunc) {
	bounds := make([]bound[string], len(literals))
	for i, l := range literals {
		switch l := l.(type) {
		case string:
			bounds[i] = bound[string]{l, true}
		case []byte:
			bounds[i] = bound[string]{string(l), true}
		}
	}
	return ordered(op, bounds, func(a arrow.Array) func([]bool, source.Op, string) {
		v := values(a)
		return func(keep []bool, op source.Op, b string) { compareText(v, keep, op, b) }
	}, func(a arrow.Array) func(map[string]bool, []bool) {
		v := values(a)
		return func(set map[string]bool, keep []bool) {
			for i := range keep {
				keep[i] = keep[i] && set[v(i)]
			}
		}
	})
}

// ordered compiles a condition on values that have an order.
func ordered[T comparable](op source.Op, bounds []bound[T], with func(arrow.Array) func([]bool, source.Op, T), in func(arrow.Array) func(map[T]bool, []bool)) (narrowFunc, withinFunc) {
	within := func(extremes arrow.Array) bool {
		compare := with(extremes)
		for _, b := range bounds {
			least, greatest := [2]bool{true, true}, [2]bool{true, true}
			compare(least[:], source.LessOrEqual, b.value)
			compare(greatest[:], source.GreaterOrEqual, b.value)
			if b.exact && least[0] && greatest[1] {
				return true
			}
		}
		return false
	}
	if op == source.In {
		set := make(map[T]bool, len(bounds))
		for _, b := range bounds {
			if b.exact {
				set[b.value] = true
			}
		}
		return func(a arrow.Array, keep []bool) { in(a)(set, keep) }, within
	}
	same, always, never := rounded(op, bounds[0].exact)
	return func(a arrow.Array, keep []bool) {
		switch {
		case always:
		case never:
			clear(keep)
		default:
			with(a)(keep, same, bounds[0].value)
		}
	}, within
}

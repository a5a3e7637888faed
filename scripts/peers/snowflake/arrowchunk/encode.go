package arrowchunk

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
)

// encode writes a vector that the engine calls source as a column of type t.
func encode(t datatype.Type, source string, v *engine.Vector, rows int) (arrow.Array, error) {
	mem := memory.DefaultAllocator
	missing := rows > 0 && v.Ints == nil && v.Floats == nil && v.Texts == nil && len(v.Children) == 0
	if missing {
		return nil, fmt.Errorf("no values of type %s", source)
	}
	switch t.Base {
	case datatype.Fixed:
		return fixed(t, source, v, rows)
	case datatype.Real:
		b := array.NewFloat64Builder(mem)
		b.AppendValues(v.Floats, v.Valid)
		return b.NewArray(), nil
	case datatype.Text:
		b := array.NewStringBuilder(mem)
		b.AppendValues(v.Texts, v.Valid)
		return b.NewArray(), nil
	case datatype.Binary:
		b := array.NewBinaryBuilder(mem, arrow.BinaryTypes.Binary)
		for i, s := range v.Texts {
			appendOr(b, v.Null(i), func() { b.Append([]byte(s)) })
		}
		return b.NewArray(), nil
	case datatype.Boolean:
		b := array.NewBooleanBuilder(mem)
		for i, x := range v.Ints {
			appendOr(b, v.Null(i), func() { b.Append(x != 0) })
		}
		return b.NewArray(), nil
	case datatype.Date:
		b := array.NewDate32Builder(mem)
		for i, x := range v.Ints {
			appendOr(b, v.Null(i), func() { b.Append(arrow.Date32(x)) })
		}
		return b.NewArray(), nil
	case datatype.Time:
		return clock(t, source, v), nil
	case datatype.NTZ, datatype.LTZ:
		return instant(t, source, v, rows)
	case datatype.TZ:
		return zoned(t, source, v, rows)
	case datatype.Vector:
		return vector(t, v, rows), nil
	default:
		b := array.NewStringBuilder(mem)
		for i, s := range v.Texts {
			if v.Null(i) {
				b.AppendNull()
				continue
			}
			text, err := Indent(s)
			if err != nil {
				return nil, err
			}
			b.Append(text)
		}
		return b.NewArray(), nil
	}
}

func appendOr(b array.Builder, null bool, value func()) {
	if null {
		b.AppendNull()
	} else {
		value()
	}
}

// perSecond is how many units of the engine's type a second has.
func perSecond(source string) (int64, error) {
	switch {
	case source == "TIMESTAMP", source == "TIME", source == "TIMESTAMP WITH TIME ZONE", strings.HasPrefix(source, "STRUCT(ts TIMESTAMP,"):
		return 1e6, nil
	case source == "TIMESTAMP_NS", source == "TIME_NS", strings.HasPrefix(source, "STRUCT(ts TIMESTAMP_NS,"):
		return 1e9, nil
	case source == "TIMESTAMP_MS":
		return 1e3, nil
	case source == "TIMESTAMP_S":
		return 1, nil
	}
	return 0, fmt.Errorf("no instants in type %s", source)
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// clock writes times of day as integers of their scale.
func clock(t datatype.Type, source string, v *engine.Vector) arrow.Array {
	unit := int64(1e6)
	if source == "TIME_NS" {
		unit = 1e9
	}
	scaled := func(x int64) int64 {
		if p := pow10(t.Scale); p <= unit {
			return x / (unit / p)
		}
		return x * (pow10(t.Scale) / unit)
	}
	// 86,400 seconds fit 32 bits up to a scale of 4.
	if t.Scale <= 4 {
		b := array.NewInt32Builder(memory.DefaultAllocator)
		for i, x := range v.Ints {
			appendOr(b, v.Null(i), func() { b.Append(int32(scaled(x))) })
		}
		return b.NewArray()
	}
	b := array.NewInt64Builder(memory.DefaultAllocator)
	for i, x := range v.Ints {
		appendOr(b, v.Null(i), func() { b.Append(scaled(x)) })
	}
	return b.NewArray()
}

// A moment is an instant as whole seconds since 1970 and nanoseconds on top.
type moment struct{ epoch, fraction int64 }

func momentOf(x, unit int64) moment {
	epoch, rest := x/unit, x%unit
	if rest < 0 {
		epoch, rest = epoch-1, rest+unit
	}
	return moment{epoch, rest * (1e9 / unit)}
}

// truncate drops what is finer than the scale.
func (m moment) truncate(scale int) moment {
	p := pow10(9 - scale)
	return moment{m.epoch, m.fraction / p * p}
}

func (m moment) scaled(scale int) int64 { return m.epoch*pow10(scale) + m.fraction/pow10(9-scale) }

// instant writes timestamps without an offset: integers up to a scale of 7,
// seconds and nanoseconds above.
func instant(t datatype.Type, source string, v *engine.Vector, rows int) (arrow.Array, error) {
	unit, err := perSecond(source)
	if err != nil {
		return nil, err
	}
	if t.Scale <= 7 {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		b.Reserve(rows)
		for i, x := range v.Ints {
			appendOr(b, v.Null(i), func() { b.Append(momentOf(x, unit).scaled(t.Scale)) })
		}
		return b.NewArray(), nil
	}
	b := array.NewStructBuilder(memory.DefaultAllocator, arrow.StructOf(epochField, fractionField))
	b.Reserve(rows)
	epoch, fraction := b.FieldBuilder(0).(*array.Int64Builder), b.FieldBuilder(1).(*array.Int32Builder)
	for i, x := range v.Ints {
		b.Append(!v.Null(i))
		m := momentOf(x, unit).truncate(t.Scale)
		if v.Null(i) {
			m = moment{}
		}
		epoch.Append(m.epoch)
		fraction.Append(int32(m.fraction))
	}
	return b.NewArray(), nil
}

var (
	epochField    = arrow.Field{Name: "epoch", Type: arrow.PrimitiveTypes.Int64, Nullable: true}
	fractionField = arrow.Field{Name: "fraction", Type: arrow.PrimitiveTypes.Int32, Nullable: true}
	zoneField     = arrow.Field{Name: "timezone", Type: arrow.PrimitiveTypes.Int32, Nullable: true}
)

// zoned writes timestamps with an offset, which is sent as minutes plus 1440:
// a scaled integer beside it up to a scale of 3, seconds and nanoseconds above.
func zoned(t datatype.Type, source string, v *engine.Vector, rows int) (arrow.Array, error) {
	unit, err := perSecond(source)
	if err != nil {
		return nil, err
	}
	fields := []arrow.Field{epochField, zoneField}
	if t.Scale > 3 {
		fields = []arrow.Field{epochField, fractionField, zoneField}
	}
	b := array.NewStructBuilder(memory.DefaultAllocator, arrow.StructOf(fields...))
	b.Reserve(rows)
	epoch, zone := b.FieldBuilder(0).(*array.Int64Builder), b.FieldBuilder(len(fields)-1).(*array.Int32Builder)
	for i := range rows {
		var m moment
		offset := int64(0)
		if !v.Null(i) {
			m = momentOf(v.Children[0].Ints[i], unit).truncate(t.Scale)
			offset = v.Children[1].Ints[i] + 1440
		}
		b.Append(!v.Null(i))
		if t.Scale > 3 {
			epoch.Append(m.epoch)
			b.FieldBuilder(1).(*array.Int32Builder).Append(int32(m.fraction))
		} else {
			epoch.Append(m.scaled(t.Scale))
		}
		zone.Append(int32(offset))
	}
	return b.NewArray(), nil
}

// vector writes embeddings as lists of a fixed size.
func vector(t datatype.Type, v *engine.Vector, rows int) arrow.Array {
	element := arrow.PrimitiveTypes.Int32
	if t.Scale == 1 {
		element = arrow.PrimitiveTypes.Float32
	}
	b := array.NewFixedSizeListBuilder(memory.DefaultAllocator, int32(t.Length), element)
	for i := range rows {
		b.Append(!v.Null(i))
		for j := i * t.Length; j < (i+1)*t.Length; j++ {
			switch values := b.ValueBuilder().(type) {
			case *array.Float32Builder:
				values.Append(float32(v.Children[0].Floats[j]))
			case *array.Int32Builder:
				values.Append(int32(v.Children[0].Ints[j]))
			}
		}
	}
	return b.NewArray()
}

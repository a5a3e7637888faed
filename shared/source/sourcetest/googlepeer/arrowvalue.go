package googlepeer

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/api/bigquery/v2"
)

// records turns rows into Arrow batches of at most size rows.
func (r *rows) records(chosen []choice, size int) ([]arrow.RecordBatch, error) {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrowSchema(chosenFields(chosen)))
	defer builder.Release()
	var batches []arrow.RecordBatch
	for i, row := range r.rows {
		for column, c := range chosen {
			if err := appendValue(builder.Field(column), c, row.F[c.at].V); err != nil {
				return nil, fmt.Errorf("converting column %s: %w", c.field.Name, err)
			}
		}
		if (i+1)%size == 0 || i == len(r.rows)-1 {
			batches = append(batches, builder.NewRecordBatch())
		}
	}
	return batches, nil
}

// appendValue adds a cell of the REST API to a builder.
func appendValue(b array.Builder, c choice, v any) error {
	if c.field.Mode != "REPEATED" {
		return appendOne(b, c, v)
	}
	list := b.(*array.ListBuilder)
	list.Append(true)
	elements, _ := v.([]any) // an array that is NULL is an empty one
	for _, element := range elements {
		e, ok := element.(map[string]any)
		if !ok {
			return fmt.Errorf("an array holds a %T", element)
		}
		if err := appendOne(list.ValueBuilder(), c, e["v"]); err != nil {
			return err
		}
	}
	return nil
}

func appendOne(b array.Builder, c choice, v any) error {
	switch v := v.(type) {
	case nil:
		b.AppendNull()
		return nil
	case map[string]any:
		record := b.(*array.StructBuilder)
		record.Append(true)
		cells, _ := v["f"].([]any)
		for i, sub := range c.fields {
			cell, ok := cells[sub.at].(map[string]any)
			if !ok {
				return fmt.Errorf("a record holds a %T", cells[sub.at])
			}
			if err := appendValue(record.FieldBuilder(i), sub, cell["v"]); err != nil {
				return err
			}
		}
		return nil
	case string:
		return appendText(b, c.field, v)
	default:
		return fmt.Errorf("a cell is a %T", v)
	}
}

// appendText parses a value as the REST API writes it.
func appendText(b array.Builder, f *bigquery.TableFieldSchema, s string) (err error) {
	switch b := b.(type) {
	case *array.Int64Builder:
		return parsed(b.Append, func() (int64, error) { return strconv.ParseInt(s, 10, 64) })
	case *array.Float64Builder:
		return parsed(b.Append, func() (float64, error) { return strconv.ParseFloat(s, 64) })
	case *array.BooleanBuilder:
		return parsed(b.Append, func() (bool, error) { return strconv.ParseBool(s) })
	case *array.StringBuilder:
		b.Append(s)
		return nil
	case *array.BinaryBuilder:
		return parsed(b.Append, func() ([]byte, error) { return base64.StdEncoding.DecodeString(s) })
	case *array.Decimal128Builder:
		scale := b.Type().(*arrow.Decimal128Type).Scale
		return parsed(b.Append, func() (decimal128.Num, error) {
			n, err := unscaled(s, scale)
			return decimal128.FromBigInt(n), err
		})
	case *array.Decimal256Builder:
		scale := b.Type().(*arrow.Decimal256Type).Scale
		return parsed(b.Append, func() (decimal256.Num, error) {
			n, err := unscaled(s, scale)
			return wide(n), err
		})
	case *array.TimestampBuilder:
		if f.Type == "TIMESTAMP" {
			return parsed(b.Append, func() (arrow.Timestamp, error) {
				n, err := strconv.ParseInt(s, 10, 64)
				return arrow.Timestamp(n), err
			})
		}
		at, err := time.Parse("2006-01-02T15:04:05.999999", s)
		b.Append(arrow.Timestamp(at.UnixMicro()))
		return err
	case *array.Date32Builder:
		at, err := time.Parse(time.DateOnly, s)
		b.Append(arrow.Date32FromTime(at))
		return err
	case *array.Time64Builder:
		at, err := time.Parse("15:04:05.999999", s)
		b.Append(arrow.Time64(at.Sub(at.Truncate(24 * time.Hour)).Microseconds()))
		return err
	case *array.MonthDayNanoIntervalBuilder:
		return parsed(b.Append, func() (arrow.MonthDayNanoInterval, error) { return interval(s) })
	case *array.StructBuilder:
		return appendRange(b, f, s)
	}
	return fmt.Errorf("no conversion to %s", b.Type())
}

func parsed[T any](add func(T), parse func() (T, error)) error {
	v, err := parse()
	add(v)
	return err
}

// unscaled returns a decimal as the whole number that Arrow keeps.
func unscaled(s string, scale int32) (*big.Int, error) {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return new(big.Int), fmt.Errorf("parsing a decimal: %w", strconv.ErrSyntax)
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	if !r.IsInt() {
		return new(big.Int), fmt.Errorf("parsing a decimal of scale %d: %w", scale, strconv.ErrRange)
	}
	return r.Num(), nil
}

// wide is decimal256.FromBigInt for every BIGNUMERIC: the smallest one, -2^255, is beyond what that takes.
func wide(n *big.Int) decimal256.Num {
	twos := new(big.Int).And(n, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)))
	var b [32]byte
	twos.FillBytes(b[:])
	word := binary.BigEndian.Uint64
	return decimal256.New(word(b[0:]), word(b[8:]), word(b[16:]), word(b[24:]))
}

// interval reads BigQuery's canonical form: [sign]Y-M [sign]D [sign]H:M:S[.F].
func interval(s string) (arrow.MonthDayNanoInterval, error) {
	parts := strings.Fields(s)
	if len(parts) != 3 {
		return arrow.MonthDayNanoInterval{}, fmt.Errorf("parsing an interval: %w", strconv.ErrSyntax)
	}
	var years, months, hours, minutes int64
	var clock float64
	sign, date := signed(parts[0])
	if _, err := fmt.Sscanf(date, "%d-%d", &years, &months); err != nil {
		return arrow.MonthDayNanoInterval{}, fmt.Errorf("parsing an interval's months: %w", err)
	}
	days, err := strconv.ParseInt(parts[1], 10, 32)
	if err != nil {
		return arrow.MonthDayNanoInterval{}, fmt.Errorf("parsing an interval's days: %w", err)
	}
	timeSign, timeText := signed(parts[2])
	if _, err := fmt.Sscanf(timeText, "%d:%d:%g", &hours, &minutes, &clock); err != nil {
		return arrow.MonthDayNanoInterval{}, fmt.Errorf("parsing an interval's time: %w", err)
	}
	micros := (hours*60+minutes)*60_000_000 + int64(clock*1e6+0.5)
	return arrow.MonthDayNanoInterval{Months: int32(sign * (years*12 + months)), Days: int32(days), Nanoseconds: timeSign * micros * 1000}, nil
}

func signed(s string) (int64, string) {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return -1, rest
	}
	return 1, s
}

// bounded reads the bound of a range of moments.
func bounded(s string) (arrow.Timestamp, error) {
	at, err := time.Parse("2006-01-02 15:04:05.999999", strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "+00"))
	return arrow.Timestamp(at.UnixMicro()), err
}

// appendRange reads [start, end), either of which may be UNBOUNDED.
func appendRange(b *array.StructBuilder, f *bigquery.TableFieldSchema, s string) error {
	start, end, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(s, "["), ")"), ", ")
	if !ok {
		return fmt.Errorf("parsing a range: %w", strconv.ErrSyntax)
	}
	b.Append(true)
	element := &bigquery.TableFieldSchema{Type: f.RangeElementType.Type}
	for i, bound := range []string{start, end} {
		if bound == "UNBOUNDED" || bound == "NULL" {
			b.FieldBuilder(i).AppendNull()
			continue
		}
		if at, ok := b.FieldBuilder(i).(*array.TimestampBuilder); ok {
			if err := parsed(at.Append, func() (arrow.Timestamp, error) { return bounded(bound) }); err != nil {
				return err
			}
			continue
		}
		if err := appendText(b.FieldBuilder(i), element, bound); err != nil {
			return err
		}
	}
	return nil
}

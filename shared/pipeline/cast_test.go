package pipeline_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
)

// rejected is what a table expects of a value that cannot be cast.
type rejected struct{}

var no = rejected{}

func micros(s string) arrow.Timestamp {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return arrow.Timestamp(at.UnixMicro())
}

func day(s string) arrow.Date32 {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return arrow.Date32FromTime(at)
}

// dec is the unscaled value of a decimal, as digits.
func dec(digits string) decimal128.Num {
	n, err := decimal128.FromString(digits, 38, 0)
	if err != nil {
		panic(err)
	}
	return n
}

const nines38 = "99999999999999999999999999999999999999"

func TestCasts(t *testing.T) {
	type pair struct{ in, want any }
	tests := []struct {
		from   arrow.DataType
		to     schema.Type
		values []pair
	}{
		{text, schema.String, []pair{{"", ""}, {" a ", " a "}, {nil, nil}}},
		{text, schema.Int64, []pair{
			{"0", int64(0)},
			{"-0", int64(0)},
			{"+7", int64(7)},
			{"007", int64(7)},
			{nil, nil},
			{"9223372036854775807", int64(math.MaxInt64)},
			{"-9223372036854775808", int64(math.MinInt64)},
			{"9223372036854775808", no},
			{"-9223372036854775809", no},
			{"18446744073709551616", no},
			{"99999999999999999999999", no},
			{"", no},
			{"-", no},
			{"+", no},
			{" 1", no},
			{"1 ", no},
			{"1.0", no},
			{"1e3", no},
			{"0x1", no},
			{"1_000", no},
			{"--1", no},
			{"１", no},
		}},
		{text, schema.Float64, []pair{
			{"0", 0.0},
			{"-0", math.Copysign(0, -1)},
			{"1.5", 1.5},
			{".5", 0.5},
			{"5.", 5.0},
			{"1E3", 1000.0},
			{"+1e-3", 0.001},
			{nil, nil},
			{"1.7976931348623157e308", math.MaxFloat64},
			{"5e-324", math.SmallestNonzeroFloat64},
			{"1e-400", 0.0},
			{"1e400", no},
			{"-1e400", no},
			{"NaN", no},
			{"inf", no},
			{"Infinity", no},
			{"0x1p-2", no},
			{"1_0", no},
			{"", no},
			{".", no},
			{"1,5", no},
			{" 1", no},
			{"e5", no},
		}},
		{text, schema.Decimal, []pair{
			{"0", dec("0")},
			{"-0.0", dec("0")},
			{"1", dec("1000000000")},
			{"-1.5", dec("-1500000000")},
			{".5", dec("500000000")},
			{"5.", dec("5000000000")},
			{nil, nil},
			{"0.000000001", dec("1")},
			{"0.0000000010", dec("1")},
			{"0.0000000001", no},
			{"1.1234567891", no},
			{"1.123456789000", dec("1123456789")},
			{"1e3", dec("1000000000000")},
			{"1E-9", dec("1")},
			{"1e-10", no},
			{"10e-10", dec("1")},
			{"123.456e2", dec("12345600000000")},
			{"99999999999999999999999999999.999999999", dec(nines38)},
			{"-99999999999999999999999999999.999999999", dec("-" + nines38)},
			{"100000000000000000000000000000", no},
			{"1e29", no},
			{"1e28", dec("10000000000000000000000000000000000000")},
			{"0e9999", dec("0")},
			{"1e400", no},
			{"1e99999", no},
			{"12345678901234567890123456789", dec("12345678901234567890123456789000000000")},
			{"1000000000000000000000000000000000000000e-20", dec("10000000000000000000000000000")},
			{"", no},
			{".", no},
			{"-", no},
			{"e1", no},
			{"1e", no},
			{"1e+", no},
			{"1.2.3", no},
			{"NaN", no},
			{"1_0", no},
			{"$1", no},
			{" 1", no},
		}},
		{text, schema.Bool, []pair{
			{"true", true},
			{"TRUE", true},
			{"False", false},
			{"1", true},
			{"0", false},
			{nil, nil},
			{"", no},
			{"t", no},
			{"yes", no},
			{"2", no},
			{"truE ", no},
			{"\x54\x12ue", no},
		}},
		{text, schema.Date, []pair{
			{"1970-01-01", arrow.Date32(0)},
			{"1969-12-31", arrow.Date32(-1)},
			{"2024-02-29", day("2024-02-29")},
			{"2000-02-29", day("2000-02-29")},
			{nil, nil},
			{"0001-01-01", day("0001-01-01")},
			{"9999-12-31", day("9999-12-31")},
			{"1900-02-29", no},
			{"2023-02-29", no},
			{"2024-04-31", no},
			{"2024-13-01", no},
			{"2024-00-01", no},
			{"2024-01-00", no},
			{"0000-01-01", no},
			{"2024-1-1", no},
			{"20240101", no},
			{"2024/01/01", no},
			{"2024-01-01T00:00:00Z", no},
			{"", no},
			{"2024-01-0a", no},
		}},
		{text, schema.Timestamp, []pair{
			{"1970-01-01T00:00:00Z", arrow.Timestamp(0)},
			{"1969-12-31T23:59:59.999999Z", arrow.Timestamp(-1)},
			{nil, nil},
			{"2024-02-29T12:30:45+02:00", micros("2024-02-29T10:30:45Z")},
			{"2024-01-01T00:00:00-00:30", micros("2024-01-01T00:30:00Z")},
			{"2024-01-01t00:00:00z", micros("2024-01-01T00:00:00Z")},
			{"2024-01-01T00:00:00+23:59", micros("2023-12-31T00:01:00Z")},
			{"2024-01-01 10:00:00", micros("2024-01-01T10:00:00Z")},
			{"2024-01-01 10:00:00.5", micros("2024-01-01T10:00:00.5Z")},
			{"2024-01-01 10:00:00+01:00", micros("2024-01-01T09:00:00Z")},
			{"2024-01-01 10:00:00.123456789", micros("2024-01-01T10:00:00.123456Z")},
			{"0001-01-01T00:00:00Z", micros("0001-01-01T00:00:00Z")},
			{"9999-12-31T23:59:59.999999Z", micros("9999-12-31T23:59:59.999999Z")},
			{"2024-01-01T10:00:00", no},
			{"2024-01-01", no},
			{"2024-01-01 24:00:00", no},
			{"2024-01-01 23:60:00", no},
			{"2016-12-31T23:59:60Z", no},
			{"2024-01-01 10:00", no},
			{"2024-01-01 10:00:00.", no},
			{"2024-01-01T10:00:00.Z", no},
			{"2024-01-01T10:00:00+0100", no},
			{"2024-01-01T10:00:00+24:00", no},
			{"2024-01-01T10:00:00 Z", no},
			{"2024-01-01_10:00:00", no},
			{"1704067200", no},
			{"", no},
			{"2023-02-29 00:00:00", no},
			{"2024-01-01T10:00:00+01:60", no},
		}},
		{text, schema.Time, []pair{
			{"00:00:00", arrow.Time64(0)},
			{"23:59:59.999999", arrow.Time64(86_399_999_999)},
			{"01:02:03.5", arrow.Time64(3_723_500_000)},
			{nil, nil},
			{"01:02:03.1234569", arrow.Time64(3_723_123_456)},
			{"24:00:00", no},
			{"1:02:03", no},
			{"01:02", no},
			{"01:02:60", no},
			{"01:02:03Z", no},
			{"", no},
		}},
		{text, schema.JSON, []pair{
			{`{"a": [1, null]}`, `{"a": [1, null]}`},
			{`1`, `1`},
			{`"x"`, `"x"`},
			{` null `, ` null `},
			{nil, nil},
			{`{a:1}`, no},
			{``, no},
			{`x`, no},
			{`{} {}`, no},
			{`[1,]`, no},
			{`NaN`, no},
		}},
		{int64s, schema.Int64, []pair{{int64(math.MaxInt64), int64(math.MaxInt64)}, {nil, nil}}},
		{int64s, schema.Float64, []pair{
			{int64(1) << 53, float64(1 << 53)},
			{int64(1)<<53 + 1, no},
			{int64(1)<<53 + 2, float64(1<<53 + 2)},
			{nil, nil},
			{int64(math.MaxInt64), no},
			{int64(math.MinInt64), float64(math.MinInt64)},
			{int64(-7), -7.0},
		}},
		{int64s, schema.Decimal, []pair{
			{int64(math.MaxInt64), dec("9223372036854775807000000000")}, {int64(math.MinInt64), dec("-9223372036854775808000000000")}, {int64(0), dec("0")}, {nil, nil},
		}},
		{int64s, schema.Bool, []pair{{int64(0), false}, {int64(1), true}, {int64(2), no}, {int64(-1), no}, {nil, nil}}},
		{int64s, schema.String, []pair{{int64(math.MinInt64), "-9223372036854775808"}, {int64(0), "0"}, {nil, nil}}},
		{float64s, schema.Int64, []pair{
			{1e15, int64(1e15)},
			{math.Copysign(0, -1), int64(0)},
			{-3.0, int64(-3)},
			{nil, nil},
			{0.5, no},
			{math.NaN(), no},
			{math.Inf(1), no},
			{math.Inf(-1), no},
			{float64(1 << 63), no},
			{-float64(1 << 63), int64(math.MinInt64)},
			{9223372036854774784.0, int64(9223372036854774784)},
		}},
		{float64s, schema.Decimal, []pair{
			{0.1, dec("100000000")},
			{-2.5, dec("-2500000000")},
			{1e28, dec("10000000000000000000000000000000000000")},
			{math.Copysign(0, -1), dec("0")},
			{nil, nil},
			{1e29, no},
			{1e-10, no},
			{math.Nextafter(0.3, 1), no},
			{math.NaN(), no},
			{math.Inf(1), no},
		}},
		{float64s, schema.String, []pair{
			{100000.0, "100000"},
			{0.1, "0.1"},
			{1e20, "100000000000000000000"},
			{1e21, "1e+21"},
			{1e-6, "0.000001"},
			{1e-7, "1e-07"},
			{math.Copysign(0, -1), "0"},
			{nil, nil},
			{math.NaN(), "NaN"},
			{math.Inf(1), "Infinity"},
			{math.Inf(-1), "-Infinity"},
		}},
		{decimal(10, 2), schema.Int64, []pair{{dec("1200"), int64(12)}, {dec("-1200"), int64(-12)}, {dec("1201"), no}, {dec("0"), int64(0)}, {nil, nil}}},
		{decimal(38, 0), schema.Int64, []pair{
			{dec("9223372036854775807"), int64(math.MaxInt64)}, {dec("-9223372036854775808"), int64(math.MinInt64)}, {dec("9223372036854775808"), no}, {dec("-9223372036854775809"), no}, {dec(nines38), no},
		}},
		{decimal(38, 9), schema.Float64, []pair{{dec("100000000"), 0.1}, {dec(nines38), 1e29}, {dec("-1"), -1e-9}, {nil, nil}}},
		{decimal(10, 2), schema.Decimal, []pair{{dec("123"), dec("1230000000")}, {dec("-9999999999"), dec("-99999999990000000")}, {nil, nil}}},
		{decimal(38, 12), schema.Decimal, []pair{{dec("1000"), dec("1")}, {dec("1001"), no}, {dec("-5000"), dec("-5")}}},
		{decimal(38, 0), schema.Decimal, []pair{
			{dec("99999999999999999999999999999"), dec("99999999999999999999999999999000000000")}, {dec("100000000000000000000000000000"), no}, {dec(nines38), no}, {dec("-" + nines38), no},
		}},
		{decimal(38, 9), schema.Decimal, []pair{{dec(nines38), dec(nines38)}, {nil, nil}}},
		{decimal(10, 2), schema.String, []pair{{dec("1250"), "12.5"}, {dec("1200"), "12"}, {dec("-5"), "-0.05"}, {dec("0"), "0"}, {nil, nil}}},
		{decimal(38, 0), schema.String, []pair{{dec(nines38), nines38}, {dec("100000000000000000000"), "100000000000000000000"}, {dec("-10000000000000000000"), "-10000000000000000000"}}},
		{decimal(38, 30), schema.String, []pair{{dec("1"), "0.000000000000000000000000000001"}, {dec(nines38), "99999999.999999999999999999999999999999"}}},
		{bools, schema.Bool, []pair{{true, true}, {nil, nil}}},
		{bools, schema.String, []pair{{true, "true"}, {false, "false"}, {nil, nil}}},
		{date, schema.Date, []pair{{arrow.Date32(-1), arrow.Date32(-1)}, {nil, nil}}},
		{date, schema.Timestamp, []pair{
			{arrow.Date32(-1), micros("1969-12-31T00:00:00Z")},
			{arrow.Date32(19782), micros("2024-02-29T00:00:00Z")},
			{nil, nil},
			{arrow.Date32(106751991), arrow.Timestamp(106751991 * 86400 * 1_000_000)},
			{arrow.Date32(106751992), no},
			{arrow.Date32(math.MinInt32), no},
		}},
		{date, schema.String, []pair{{arrow.Date32(-1), "1969-12-31"}, {day("2024-02-29"), "2024-02-29"}, {nil, nil}}},
		{timestamp, schema.Timestamp, []pair{{arrow.Timestamp(-1), arrow.Timestamp(-1)}, {nil, nil}}},
		{timestamp, schema.Date, []pair{
			{arrow.Timestamp(-1), arrow.Date32(-1)},
			{arrow.Timestamp(0), arrow.Date32(0)},
			{micros("2024-02-29T23:59:59.999999Z"), day("2024-02-29")},
			{nil, nil},
			{arrow.Timestamp(-86_400_000_000), arrow.Date32(-1)},
			{arrow.Timestamp(-86_400_000_001), arrow.Date32(-2)},
		}},
		{timestamp, schema.String, []pair{
			{micros("2024-01-02T03:04:05Z"), "2024-01-02T03:04:05Z"}, {micros("1969-12-31T23:59:59.9Z"), "1969-12-31T23:59:59.9Z"}, {arrow.Timestamp(1), "1970-01-01T00:00:00.000001Z"}, {nil, nil},
		}},
		{clock, schema.Time, []pair{{arrow.Time64(1), arrow.Time64(1)}, {nil, nil}}},
		{clock, schema.String, []pair{{arrow.Time64(0), "00:00:00"}, {arrow.Time64(86_399_500_000), "23:59:59.5"}, {nil, nil}}},
		{binaries, schema.Bytes, []pair{{[]byte{0, 255}, "\x00\xff"}, {[]byte{}, ""}, {nil, nil}}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s to %s", test.from, test.to), func(t *testing.T) {
			alloc := checked(t)
			values := make([]any, len(test.values))
			var want []any
			var wantRejects []pipeline.Rejected
			for i, p := range test.values {
				values[i] = p.in
				if p.want == no {
					wantRejects = append(wantRejects, pipeline.Rejected{Origin: int64(i + 1), Rule: pipeline.RuleCast, Column: "c", Value: oracleValue(p.in, test.from), HasRow: true})
				} else {
					want = append(want, p.want)
				}
			}
			in := build(t, alloc, test.from, values...)
			defer in.Release()
			result := one(t, alloc, in, test.to)
			defer result.Release()
			var got []any
			for i := range result.Record.Column(0).Len() {
				got = append(got, valueAt(t, result.Record.Column(0), i))
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(sameFloat), unscaled); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			for i := range result.Rejects {
				if result.Rejects[i].Reason == "" {
					t.Errorf("row %d has no reason", result.Rejects[i].Origin)
				}
				result.Rejects[i].Reason = ""
			}
			if diff := cmp.Diff(wantRejects, result.Rejects); diff != "" {
				t.Errorf("rejects (-want +got):\n%s", diff)
			}
		})
	}
}

// unscaled shows decimals as digits.
var unscaled = cmp.Transformer("unscaled", func(n decimal128.Num) string { return n.BigInt().String() })

// sameFloat tells negative zero from zero and finds NaN equal to itself.
func sameFloat(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// Every pair that a mapping may ask for must have a kernel, and no other.
func TestKernelsAreWhatMappingsAllow(t *testing.T) {
	types := map[schema.Type]arrow.DataType{
		schema.String: text, schema.Int64: int64s, schema.Float64: float64s, schema.Decimal: decimal(10, 2), schema.Bool: bools,
		schema.Date: date, schema.Timestamp: timestamp, schema.Time: clock, schema.Bytes: binaries,
	}
	for from, in := range types {
		for _, to := range schema.Types() {
			sc := arrow.NewSchema([]arrow.Field{{Name: "c", Type: in}}, nil)
			_, err := pipeline.New("", ingest.Mapping{{Source: "c", Target: "c", Type: to}}, sc)
			if allowed := ingest.Castable(from, to); allowed != (err == nil) {
				t.Errorf("%s to %s: castable %v, but New says %v", from, to, allowed, err)
			}
		}
	}
}

package bigquery

import (
	"math/big"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
)

// appendDecimal writes an unscaled integer as BigQuery prints a NUMERIC: all its
// digits, no zeros at the end of the fraction.
func appendDecimal(b []byte, unscaled *big.Int, scale int32) []byte {
	if unscaled.Sign() < 0 {
		b = append(b, '-')
	}
	digits := new(big.Int).Abs(unscaled).Append(nil, 10)
	for len(digits) <= int(scale) {
		digits = append([]byte{'0'}, digits...)
	}
	whole, fraction := digits[:len(digits)-int(scale)], digits[len(digits)-int(scale):]
	for len(fraction) > 0 && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	b = append(b, whole...)
	if len(fraction) > 0 {
		b = append(append(b, '.'), fraction...)
	}
	return b
}

const (
	secondNanos = 1_000_000_000
	minuteNanos = 60 * secondNanos
	hourNanos   = 60 * minuteNanos
)

// appendInterval writes an interval as BigQuery prints one: each of its three
// parts (years and months, days, time) has a sign of its own.
// Source: "Interval type" in GoogleSQL's data types, canonical format.
func appendInterval(b []byte, v arrow.MonthDayNanoInterval) []byte {
	months := int64(v.Months)
	if months < 0 {
		b, months = append(b, '-'), -months
	}
	b = append(strconv.AppendInt(b, months/12, 10), '-')
	b = append(strconv.AppendInt(b, months%12, 10), ' ')
	b = append(strconv.AppendInt(b, int64(v.Days), 10), ' ')
	nanos := v.Nanoseconds
	if nanos < 0 {
		b, nanos = append(b, '-'), -nanos
	}
	b = append(strconv.AppendInt(b, nanos/hourNanos, 10), ':')
	b = append(strconv.AppendInt(b, nanos%hourNanos/minuteNanos, 10), ':')
	b = strconv.AppendInt(b, nanos%minuteNanos/secondNanos, 10)
	if rest := nanos % secondNanos; rest > 0 {
		text := strconv.FormatInt(secondNanos+rest, 10)[1:]
		for text[len(text)-1] == '0' {
			text = text[:len(text)-1]
		}
		b = append(append(b, '.'), text...)
	}
	return b
}

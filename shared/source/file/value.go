package file

import (
	"math"
	"strconv"
	"time"
	"unsafe"
)

// The parse functions read a whole field. They take exactly one spelling of a
// value, so that text that merely looks like one ("007", "+41 79", "1.") stays text.
// The usual spellings are read by words, everything else byte by byte: those
// functions say what is a value.

// parseInt reads -?(0|[1-9][0-9]*) that fits 64 bits; not -0.
func parseInt(f []byte) (int64, bool) {
	if n := len(f); n > 0 && n <= 8 && cap(f) >= 8 && f[0] > '0' {
		if v, ok := number(word(f, 0), n); ok {
			return int64(v), true
		}
	}
	return parseAnyInt(f)
}

func parseAnyInt(f []byte) (int64, bool) {
	digits := f
	negative := len(f) > 0 && f[0] == '-'
	if negative {
		digits = f[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || (digits[0] == '0' && len(f) > 1) {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	if negative {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}

const (
	exactInt    = 1 << 53 // up to here float64 holds every whole number
	exactDigits = 17      // a float64 has no more significant decimal digits
)

var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// parseFloat reads a JSON number that float64 holds without loss of digits:
// a whole number up to 2^53, or at most 17 significant digits.
func parseFloat(f []byte) (float64, bool) {
	n, sign := len(f), 0
	if n > 0 && f[0] == '-' {
		sign = 1
	}
	if n == 0 || cap(f) < sign+8 {
		return parseAnyFloat(f)
	}
	w := word(f, sign)
	point := first(w, '.')
	decimals := n - sign - point - 1
	if decimals < 0 && f[0] > '0' && n <= 8 {
		if whole, ok := number(w, n); ok {
			return float64(int64(whole)), true
		}
		return parseAnyFloat(f)
	}
	// At most seven digits before the point and eight after it: float64 holds them all.
	if point == 0 || point > 7 || decimals < 1 || decimals > 8 || cap(f) < n-decimals+8 || point > 1 && f[sign] == '0' {
		return parseAnyFloat(f)
	}
	whole, ok1 := number(w, point)
	fraction, ok2 := number(word(f, n-decimals), decimals)
	if !ok1 || !ok2 {
		return parseAnyFloat(f)
	}
	v := (float64(int64(whole))*powersOfTen[decimals] + float64(int64(fraction))) / powersOfTen[decimals]
	if sign > 0 {
		v = -v
	}
	return v, true
}

func parseAnyFloat(f []byte) (float64, bool) {
	if scanNumber(f, 0, len(f)) != len(f) || len(f) == 0 {
		return 0, false
	}
	i := 0
	negative := f[0] == '-'
	if negative {
		i++
	}
	var mantissa uint64
	digits, fraction, point := 0, 0, false
	for ; i < len(f) && f[i]|0x20 != 'e'; i++ {
		if f[i] == '.' {
			point = true
			continue
		}
		if point {
			fraction++
		}
		if mantissa > 0 || f[i] != '0' {
			digits++
		}
		if digits <= exactDigits {
			mantissa = mantissa*10 + uint64(f[i]-'0')
		} else if f[i] != '0' || !point {
			return 0, false
		} else {
			fraction--
		}
	}
	whole := !point && i == len(f)
	if whole && mantissa > exactInt {
		return 0, false
	}
	if i < len(f) || mantissa > exactInt || fraction >= len(powersOfTen) {
		v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(f), len(f)), 64)
		return v, err == nil
	}
	v := float64(mantissa) / powersOfTen[fraction]
	if negative {
		v = -v
	}
	return v, true
}

// parseBool reads true and false, in the spellings of CSV writers.
func parseBool(f []byte) (value, ok bool) {
	switch string(f) {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

func twoDigits(f []byte, i int) (int, bool) {
	a, b := f[i]-'0', f[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// lengths are how many days the months have.
var lengths = [...]int{1: 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// before are the days of a year before its months, without a leap day.
var before = [...]int{1: 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334}

// parseDate reads YYYY-MM-DD as days since 1970-01-01.
func parseDate(f []byte) (int32, bool) {
	if len(f) != 10 {
		return 0, false
	}
	two, ok := pairs(word(f, 0), dateLayout, dateMost)
	day, ok2 := twoDigits(f, 8)
	if !ok || !ok2 {
		return 0, false
	}
	year, month := int(two&0xff)*100+int(two>>16&0xff), int(two>>40&0xff)
	if month < 1 || month > 12 || day < 1 || day > 28 && day > lengths[month] && !(month == 2 && day == 29 && leap(year)) {
		return 0, false
	}
	// Leap days are counted from March on; 400 years more, a whole cycle of the calendar, keep all of it positive.
	year += 400
	leaps := year
	if month < 3 {
		leaps--
	}
	return int32(year*365 + leaps/4 - leaps/100 + leaps/400 + before[month] + day - daysTo1970), true
}

// daysTo1970 is what the sum is for the first of January 1970.
const daysTo1970 = 865_625

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// parseTimestamp reads YYYY-MM-DD, T or a space, hh:mm:ss, up to six digits of a
// fraction, and Z, ±hh:mm or nothing for UTC, as microseconds since 1970.
func parseTimestamp(f []byte) (int64, bool) {
	if len(f) < 19 || (f[10] != 'T' && f[10] != ' ') {
		return 0, false
	}
	days, ok := parseDate(f[:10])
	two, ok2 := pairs(word(f, 11), timeLayout, timeMost)
	hour, minute, second := int64(two&0xff), int64(two>>24&0xff), int64(two>>48&0xff)
	if !ok || !ok2 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	seconds := int64(days)*86400 + hour*3600 + minute*60 + second
	if len(f) == 20 && f[19] == 'Z' {
		return seconds * int64(time.Second/time.Microsecond), true
	}
	micros, rest, ok := parseFraction(f[19:])
	if !ok {
		return 0, false
	}
	offset, ok := parseZone(rest)
	return (seconds-offset)*int64(time.Second/time.Microsecond) + micros, ok
}

// parseFraction reads an optional fraction of a second. Digits after the sixth
// must be zero: nothing is rounded away.
func parseFraction(f []byte) (micros int64, rest []byte, ok bool) {
	if len(f) == 0 || f[0] != '.' {
		return 0, f, true
	}
	end := scanDigits(f, 1, len(f))
	for i := 1; i < end || i <= 6; i++ {
		digit := int64(0)
		if i < end {
			digit = int64(f[i] - '0')
		}
		if i <= 6 {
			micros = micros*10 + digit
		} else if digit != 0 {
			return 0, nil, false
		}
	}
	return micros, f[end:], end > 1 && end <= 10
}

// parseZone reads an optional zone as seconds east of UTC.
func parseZone(f []byte) (int64, bool) {
	switch {
	case len(f) == 0, len(f) == 1 && f[0] == 'Z':
		return 0, true
	case len(f) != 6 || f[3] != ':' || (f[0] != '+' && f[0] != '-'):
		return 0, false
	}
	hours, ok1 := twoDigits(f, 1)
	minutes, ok2 := twoDigits(f, 4)
	offset := int64(hours*3600 + minutes*60)
	if f[0] == '-' {
		offset = -offset
	}
	return offset, ok1 && ok2 && hours <= 23 && minutes <= 59
}

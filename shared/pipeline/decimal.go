package pipeline

import (
	"math/bits"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// Decimals of the lake are decimal(38, 9).
const (
	precision = 38
	scale     = 9
)

// chunk is how many decimal digits a uint64 always holds.
const chunk = 19

// digits collects significant digits, from the first that is not zero to the
// last: zeros are held back until another digit follows.
type digits struct {
	high, low uint64 // the first 19, the next 19
	n         int    // how many
	zeros     int    // held back
}

func (d *digits) push(c byte) bool {
	if c == '0' {
		if d.n > 0 {
			d.zeros++
		}
		return true
	}
	if d.n+d.zeros >= precision {
		return false
	}
	for ; d.zeros > 0; d.zeros-- {
		d.put(0)
	}
	d.put(uint64(c - '0'))
	return true
}

func (d *digits) put(v uint64) {
	if d.n < chunk {
		d.high = d.high*10 + v
	} else {
		d.low = d.low*10 + v
	}
	d.n++
}

// times10 is the number times 10^k, which has n+k ≤ 38 digits.
func (d *digits) times10(k int) decimal128.Num {
	n := decimal128.FromU64(d.high)
	if d.n > chunk {
		n = n.Mul(decimal128.GetScaleMultiplier(d.n - chunk)).Add(decimal128.FromU64(d.low))
	}
	if k == 0 {
		return n
	}
	return n.Mul(decimal128.GetScaleMultiplier(k))
}

// parseDecimal parses [+-]digits[.digits][e[+-]digits] to decimal(38, 9); false
// when it is not that, or not exactly that. At least one digit must stand before
// the exponent.
func parseDecimal(s string) (decimal128.Num, bool) {
	var none decimal128.Num
	s, negative := sign(s)
	var d digits
	seen, fraction, point := false, 0, false
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		seen = true
		if point {
			fraction++
		}
		if !d.push(c) {
			return none, false
		}
	}
	exponent, ok := parseExponent(s[i:])
	if !ok || !seen {
		return none, false
	}
	if d.n == 0 {
		return none, true
	}
	k := d.zeros - fraction + exponent + scale
	if k < 0 || d.n+k > precision {
		return none, false
	}
	n := d.times10(k)
	if negative {
		n = n.Negate()
	}
	return n, true
}

func sign(s string) (rest string, negative bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:], s[0] == '-'
	}
	return s, false
}

// parseExponent parses nothing, or e[+-]digits up to 9999.
func parseExponent(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	s, negative := sign(s[1:])
	if s == "" || len(s) > 4 {
		return 0, false
	}
	exponent := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		exponent = exponent*10 + int(s[i]-'0')
	}
	if negative {
		exponent = -exponent
	}
	return exponent, true
}

// rescale changes the number of places after the point; false when the value
// cannot be held exactly in 38 digits.
func rescale(n decimal128.Num, from, to int32) (decimal128.Num, bool) {
	if n == (decimal128.Num{}) {
		return n, true
	}
	if to >= from {
		more := int(to - from)
		if more > precision {
			return n, false
		}
		if n.Abs().GreaterEqual(decimal128.GetScaleMultiplier(precision - more)) {
			return n, false
		}
		return n.Mul(decimal128.GetScaleMultiplier(more)), true
	}
	magnitude := n.Abs()
	high, low := uint64(magnitude.HighBits()), magnitude.LowBits()
	for fewer := int(from - to); fewer > 0; fewer -= chunk {
		divisor := decimal128.GetScaleMultiplier(min(fewer, chunk)).LowBits()
		var rest uint64
		high, rest = high/divisor, high%divisor
		low, rest = bits.Div64(rest, low, divisor)
		if rest != 0 {
			return n, false
		}
	}
	exact := decimal128.New(int64(high), low)
	if n.Sign() < 0 {
		exact = exact.Negate()
	}
	return exact, true
}

// appendDecimal appends n × 10^-places without trailing zeros after the point.
func appendDecimal(dst []byte, n decimal128.Num, places int32) []byte {
	if n.Sign() < 0 {
		dst = append(dst, '-')
		n = n.Negate()
	}
	first := len(dst)
	dst = appendUint128(dst, uint64(n.HighBits()), n.LowBits())
	if places <= 0 {
		for ; places < 0 && n.Sign() != 0; places++ {
			dst = append(dst, '0')
		}
		return dst
	}
	for missing := int(places) + 1 - (len(dst) - first); missing > 0; missing-- {
		dst = append(dst, 0)
		copy(dst[first+1:], dst[first:])
		dst[first] = '0'
	}
	point := len(dst) - int(places)
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	if dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

func appendUint128(dst []byte, high, low uint64) []byte {
	if high == 0 {
		return strconv.AppendUint(dst, low, 10)
	}
	quotient, rest := bits.Div64(high, low, 1e19) // high < 1e19: it is a signed 64-bit number
	dst = strconv.AppendUint(dst, quotient, 10)
	for limit := uint64(1e18); limit > rest && limit > 1; limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, rest, 10)
}

package file

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes at a time, in a word whose lowest byte is the first of them.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word is the eight bytes of f from i on, which may lie behind its end, but in its capacity.
func word(f []byte, i int) uint64 { return binary.LittleEndian.Uint64(f[i : i+8]) }

// copied is how many bytes are copied of a short text: as many as it has at
// most, so that their number need not be looked at.
const copied = 32

func copyWords(to, from *[copied]byte) {
	a, b := word(from[:], 0), word(from[:], 8)
	c, d := word(from[:], 16), word(from[:], 24)
	binary.LittleEndian.PutUint64(to[0:], a)
	binary.LittleEndian.PutUint64(to[8:], b)
	binary.LittleEndian.PutUint64(to[16:], c)
	binary.LittleEndian.PutUint64(to[24:], d)
}

// first is the place of the first byte of w that is c, 8 when there is none.
func first(w uint64, c byte) int {
	x := w ^ ones*uint64(c)
	return bits.TrailingZeros64((x-ones)&^x&highs) >> 3
}

// number reads the first n bytes of w, 1 to 8 of them, as decimal digits.
func number(w uint64, n int) (value uint64, ok bool) {
	x := (w ^ ones*'0') << ((8 - n) * 8 & 63) // the rest are zeros before the number
	if (x+ones*(0x7f-9)|x)&highs != 0 {
		return 0, false
	}
	x = (x*10 + x>>8) & 0x00ff00ff00ff00ff
	x = (x*100 + x>>16) & 0x0000ffff0000ffff
	return (x*10000 + x>>32) & 0xffffffff, true
}

// pairs reads digits of w in pairs: what two neighbours are together stands in the
// byte of the first. layout has '0' where a digit stands, and the marks between
// them; most is what each of them can be more than that, taken from 0x7f.
func pairs(w, layout, most uint64) (values uint64, ok bool) {
	x := w ^ layout
	return x*10 + x>>8, (x+most|x)&highs == 0
}

// The layouts of dates and times: "0000-00-" and "00:00:00".
const (
	dateLayout = 0x2d30302d30303030
	dateMost   = 0x7f76767f76767676
	timeLayout = 0x30303a30303a3030
	timeMost   = 0x76767f76767f7676
)

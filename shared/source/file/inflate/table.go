package inflate

import "math/bits"

// An entry of a table says what a code stands for:
//
//	bits 0-7    how many bits the code has, in a second table those behind the first
//	bits 8-13   how many bits follow it: of a length, or of a distance
//	bit  14     it points to a second table, bit 15: to that, or to the end of the block
//	bits 16-30  a literal, the least length or distance, or where the second table is
//	bit  31     it is a literal
//
// Zero is no code.
type entry uint32

const (
	literal entry = 1 << 31
	special entry = 1 << 15
	second  entry = 1 << 14
)

func (e entry) size() uint    { return uint(e & 0xff) }
func (e entry) extra() uint   { return uint(e>>8) & 0x1f }
func (e entry) value() uint32 { return uint32(e>>16) & 0x7fff }

const (
	maxCode     = 15
	lengthCodes = 286 // 287 and 288 are not used
	distances   = 30
)

// table decodes a code by its first bits, and longer ones by a second look.
type table struct {
	first   uint // bits
	behind  uint // bits of the second tables
	entries []entry
}

// build makes the table of codes with these lengths, by symbol; meaning is what each
// symbol stands for, zero for nothing. It returns false when the lengths are those of no
// code. An incomplete code of one symbol is allowed, and one of none.
func (t *table) build(lengths []uint8, meaning func(symbol int) entry) bool {
	var count, next [maxCode + 1]int
	longest := 0
	for _, n := range lengths {
		count[n]++
		longest = max(longest, int(n))
	}
	t.behind = uint(max(longest-int(t.first), 0))
	t.entries = append(t.entries[:0], make([]entry, 1<<t.first)...)
	if longest == 0 {
		return true
	}
	code := 0
	count[0] = 0
	for n := 1; n <= longest; n++ {
		code = (code + count[n-1]) << 1
		next[n] = code
	}
	if end := code + count[longest]; end != 1<<longest && (end != 1 || longest != 1) {
		return false
	}
	for symbol, n := range lengths {
		if n > 0 {
			t.put(next[n], uint(n), meaning(symbol))
			next[n]++
		}
	}
	return true
}

// put enters a code: its bits come with the highest first.
func (t *table) put(code int, n uint, means entry) {
	reversed := int(bits.Reverse16(uint16(code)) >> (16 - n))
	if n <= t.first {
		if means != 0 {
			means |= entry(n)
		}
		for i := reversed; i < 1<<t.first; i += 1 << n {
			t.entries[i] = means
		}
		return
	}
	prefix := reversed & (1<<t.first - 1)
	if t.entries[prefix] == 0 {
		t.entries[prefix] = special | second | entry(len(t.entries))<<16 | entry(t.first)
		t.entries = append(t.entries, make([]entry, 1<<t.behind)...)
	}
	sub := t.entries[t.entries[prefix].value():]
	if means != 0 {
		means |= entry(n - t.first)
	}
	for i := reversed >> t.first; i < 1<<t.behind; i += 1 << (n - t.first) {
		sub[i] = means
	}
}

// lengthMeaning is what a symbol of the first code stands for (RFC 1951, 3.2.5).
func lengthMeaning(symbol int) entry {
	switch {
	case symbol < 256:
		return literal | entry(symbol)<<16
	case symbol == 256:
		return special
	case symbol < 265:
		return entry(symbol-254) << 16
	case symbol < 285:
		extra := uint(symbol-261) / 4
		least := (4+uint(symbol-265)%4)<<extra + 3
		return entry(least)<<16 | entry(extra)<<8
	case symbol == 285:
		return 258 << 16
	}
	return 0
}

// distanceMeaning is what a symbol of the second code stands for.
func distanceMeaning(symbol int) entry {
	switch {
	case symbol < 4:
		return entry(symbol+1) << 16
	case symbol < distances:
		extra := uint(symbol-2) / 2
		least := (2+uint(symbol)%2)<<extra + 1
		return entry(least)<<16 | entry(extra)<<8
	}
	return 0
}

package datafile

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// appendPacked appends the low width bits of each value, the first lowest. The
// last byte is filled up with zeros.
func appendPacked[T uint32 | uint64](to []byte, values []T, width int) []byte {
	at, bits := len(to), uint(width)
	to = slices.Grow(to, (len(values)*width+7)/8+8)
	to = to[:cap(to)]
	var word uint64
	var used uint
	for _, v := range values {
		word |= uint64(v) << (used & 63)
		used += bits
		if used >= 64 {
			binary.LittleEndian.PutUint64(to[at:], word)
			at += 8
			used -= 64
			word = uint64(v) >> (bits - used) // what is left of v; nothing of 64 bits
		}
	}
	binary.LittleEndian.PutUint64(to[at:], word)
	return to[:at+int(used+7)/8]
}

// appendIndexes appends dictionary indexes as Parquet's hybrid of runs and packed
// values, with the width before them.
func appendIndexes(to []byte, indexes []uint32, width int) []byte {
	to = append(to, byte(width))
	packed := 0 // where the values begin that are in no run
	for at := 0; at+8 <= len(indexes); {
		n := runOf(indexes[at:])
		if n < 8 {
			at += 8
			continue
		}
		to = appendGroups(to, indexes[packed:at], width)
		to = binary.AppendUvarint(to, uint64(n)<<1)
		value := indexes[at]
		for range (width + 7) / 8 {
			to = append(to, byte(value))
			value >>= 8
		}
		at += n
		packed = at
	}
	return appendGroups(to, indexes[packed:], width)
}

// runOf is how often the first value is repeated from the start on. Of fewer than
// eight it says so only.
func runOf(values []uint32) int {
	first := values[0]
	if values[7] != first || values[3] != first {
		return 0
	}
	for n, v := range values {
		if v != first {
			return n
		}
	}
	return len(values)
}

// appendGroups appends values packed in groups of eight.
func appendGroups(to []byte, values []uint32, width int) []byte {
	if len(values) == 0 {
		return to
	}
	groups := (len(values) + 7) / 8
	to = binary.AppendUvarint(to, uint64(groups)<<1|1)
	end := len(to) + groups*width
	to = appendPacked(to, values, width)
	return appendZeros(to, end-len(to))
}

func appendZeros(to []byte, n int) []byte {
	for range n {
		to = append(to, 0)
	}
	return to
}

// widthOf is how many bits an index into n values takes, at least one: some
// readers take none amiss.
func widthOf(n int) int { return max(1, bits.Len(uint(max(n, 1)-1))) }

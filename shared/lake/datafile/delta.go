package datafile

import (
	"encoding/binary"
	"math/bits"
)

// The layout of DELTA_BINARY_PACKED that every writer uses.
const (
	deltaBlock = 128
	deltaMini  = 32
)

// appendDeltas appends numbers as DELTA_BINARY_PACKED. Differences wrap around in
// as many bits as the physical type has: of narrow ones, 32.
func appendDeltas(to []byte, values []uint64, narrow bool) []byte {
	to = binary.AppendUvarint(to, deltaBlock)
	to = binary.AppendUvarint(to, deltaBlock/deltaMini)
	to = binary.AppendUvarint(to, uint64(len(values)))
	if len(values) == 0 {
		return append(to, 0)
	}
	last := values[0]
	to = binary.AppendVarint(to, int64(last))
	var block [deltaBlock]uint64
	for rest := values[1:]; len(rest) > 0; {
		n := min(len(rest), deltaBlock)
		least := differences(&block, rest[:n], last, narrow)
		last = rest[n-1]
		rest = rest[n:]
		to = appendDeltaBlock(to, &block, n, least, narrow)
	}
	return to
}

// differences fills the block with the difference of each value to the one before
// it, and returns the least.
func differences(block *[deltaBlock]uint64, values []uint64, last uint64, narrow bool) int64 {
	values = values[:min(len(values), deltaBlock)]
	least := int64(1<<63 - 1)
	for i, v := range values {
		d := int64(v - last)
		if narrow {
			d = int64(int32(d))
		}
		last = v
		block[i] = uint64(d)
		least = min(least, d)
	}
	return least
}

func appendDeltaBlock(to []byte, block *[deltaBlock]uint64, n int, least int64, narrow bool) []byte {
	to = binary.AppendVarint(to, least)
	widths := len(to)
	to = append(to, 0, 0, 0, 0)
	for i := range block[:n] {
		block[i] -= uint64(least)
		if narrow {
			block[i] &= 1<<32 - 1
		}
	}
	clear(block[n:])
	for mini := 0; mini*deltaMini < n; mini++ {
		values := block[mini*deltaMini : (mini+1)*deltaMini]
		var all uint64
		for _, v := range values {
			all |= v
		}
		width := bits.Len64(all)
		to[widths+mini] = byte(width)
		if width > 0 {
			to = appendPacked(to, values, width)
		}
	}
	return to
}

package datafile

import "slices"

// appendSplit appends numbers as BYTE_STREAM_SPLIT: all first bytes, all second
// ones, and so on.
func appendSplit(to []byte, values []uint64) []byte {
	n, at := len(values), len(to)
	to = slices.Grow(to, 8*n)[:at+8*n]
	streams := to[at:]
	b0, b1, b2, b3 := streams[:n], streams[n:2*n], streams[2*n:3*n], streams[3*n:4*n]
	b4, b5, b6, b7 := streams[4*n:5*n], streams[5*n:6*n], streams[6*n:7*n], streams[7*n:]
	for i, v := range values {
		b0[i], b1[i], b2[i], b3[i] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
		b4[i], b5[i], b6[i], b7[i] = byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56)
	}
	return to
}

package datafile

import (
	"bytes"
	"encoding/binary"
)

// shortest is a number in big-endian two's complement, in as few bytes as hold it.
func shortest(number []byte) []byte {
	for len(number) > 1 && (number[0] == 0 && number[1] < 0x80 || number[0] == 0xff && number[1] >= 0x80) {
		number = number[1:]
	}
	return bytes.Clone(number)
}

// ends are the least and the greatest of some texts, or of some numbers in
// big-endian two's complement of one width.
type ends struct {
	known    bool
	min, max []byte
}

// measure finds the ends of texts, which it points into. It compares the first
// eight bytes as a number, which is nearly always enough.
func (e *ends) measure(data []byte, until []uint32, signed bool) {
	var low, high uint64
	from := uint32(0)
	for _, end := range until {
		value := data[from:end]
		from = end
		head := headOf(value, signed)
		switch {
		case !e.known:
			*e = ends{true, value, value}
			low, high = head, head
		case head > low && head < high:
		default:
			if head < low || head == low && bytes.Compare(value, e.min) < 0 {
				low, e.min = head, value
			}
			if head > high || head == high && bytes.Compare(value, e.max) > 0 {
				high, e.max = head, value
			}
		}
	}
}

// headOf is the first eight bytes of a text as a number, in the order of texts, or
// of numbers when they are signed.
func headOf(value []byte, signed bool) uint64 {
	var head uint64
	if len(value) >= 8 {
		head = binary.BigEndian.Uint64(value)
	} else {
		for i, b := range value {
			head |= uint64(b) << (56 - 8*i)
		}
	}
	if signed {
		head ^= 1 << 63
	}
	return head
}

// merge takes in the ends of other texts, of which it keeps copies.
func (e *ends) merge(other ends, signed bool) {
	if !other.known {
		return
	}
	if !e.known || less(other.min, e.min, signed) {
		e.min = append(e.min[:0], other.min...)
	}
	if !e.known || less(e.max, other.max, signed) {
		e.max = append(e.max[:0], other.max...)
	}
	e.known = true
}

func less(a, b []byte, signed bool) bool {
	x, y := headOf(a, signed), headOf(b, signed)
	return x < y || x == y && bytes.Compare(a, b) < 0
}

// mostInFooter is the longest text that stands in the footer as an end of a chunk.
const mostInFooter = 256

// short are copies of the ends for the footer, nil where they are too long for it.
func (e *ends) short() (least, greatest []byte) {
	if !e.known {
		return nil, nil
	}
	if len(e.min) <= mostInFooter {
		least = append([]byte{}, e.min...)
	}
	if len(e.max) <= mostInFooter {
		greatest = append([]byte{}, e.max...)
	}
	return least, greatest
}

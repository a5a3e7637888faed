package datafile

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// mostEntries is how large a dictionary may become.
const mostEntries = 1 << 16

// texts numbers distinct texts in the order in which they come.
type texts struct {
	seed  maphash.Seed
	mixed uint64   // random, so that nobody can tell which texts collide
	slots []uint32 // a number and one more, by hash; zero is free
	keys  []key
	ends  []uint32 // where each text ends in data
	data  []byte
}

// key tells texts apart: a short one by its bytes, which are all in it, one of
// more than sixteen by a hash and then by its bytes.
type key struct {
	head, tail uint64
	length     uint32
	slot       uint32 // before it was cut to the size of the table
}

const shortText = 16

func newTexts() *texts {
	return &texts{seed: maphash.MakeSeed(), mixed: rand.Uint64(), slots: make([]uint32, 256)}
}

func (t *texts) len() int { return len(t.ends) }

func (t *texts) at(i uint32) []byte {
	if i == 0 {
		return t.data[:t.ends[0]]
	}
	return t.data[t.ends[i-1]:t.ends[i]]
}

// number returns the number of the text that stands in data between two places.
func (t *texts) number(data []byte, from, end int32) uint32 {
	k := t.keyOf(data, from, end)
	mask := uint32(len(t.slots) - 1)
	slot := k.slot & mask
	for ; t.slots[slot] != 0; slot = (slot + 1) & mask {
		i := t.slots[slot] - 1
		if have := &t.keys[i]; have.head == k.head && have.tail == k.tail && have.length == k.length &&
			(k.length <= shortText || bytes.Equal(t.at(i), data[from:end])) {
			return i
		}
	}
	t.data = append(t.data, data[from:end]...)
	t.ends = append(t.ends, uint32(len(t.data)))
	t.keys = append(t.keys, k)
	t.slots[slot] = uint32(len(t.ends))
	if 2*len(t.ends) > len(t.slots) {
		t.rehash()
	}
	return uint32(len(t.ends) - 1)
}

func (t *texts) keyOf(data []byte, from, end int32) key {
	k := key{length: uint32(end - from)}
	switch {
	case k.length > shortText:
		k.head, k.tail = maphash.Bytes(t.seed, data[from:end]), 0
	case int(from)+shortText <= len(data):
		// No branch on the length, which cannot be foretold: what is read beyond the text is cut off.
		k.head = binary.LittleEndian.Uint64(data[from:]) & firstBytes(min(k.length, 8))
		k.tail = binary.LittleEndian.Uint64(data[from+8:]) & firstBytes(max(k.length, 8)-8)
	default:
		var padded [shortText]byte
		copy(padded[:], data[from:end])
		k.head, k.tail = binary.LittleEndian.Uint64(padded[:]), binary.LittleEndian.Uint64(padded[8:])
	}
	high, low := bits.Mul64(k.head^t.mixed, k.tail^uint64(k.length)<<56^0x9e3779b97f4a7c15)
	k.slot = uint32(high ^ low)
	return k
}

// firstBytes is a mask of the first n of eight bytes.
func firstBytes(n uint32) uint64 { return 1<<(8*n) - 1 }

func (t *texts) rehash() {
	t.slots = make([]uint32, 2*len(t.slots))
	mask := uint32(len(t.slots) - 1)
	for i := range t.keys {
		slot := t.keys[i].slot & mask
		for t.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.slots[slot] = uint32(i) + 1
	}
}

func (t *texts) reset() {
	clear(t.slots)
	t.keys, t.ends, t.data = t.keys[:0], t.ends[:0], t.data[:0]
}

// numbers numbers distinct numbers in the order in which they come.
type numbers struct {
	factor uint64 // random and odd, so that nobody can tell which values collide
	shift  int
	slots  []uint32 // as of texts
	values []uint64
}

func newNumbers() *numbers {
	n := &numbers{factor: rand.Uint64() | 1}
	n.size(1024)
	return n
}

func (n *numbers) size(slots int) {
	n.slots = make([]uint32, slots)
	n.shift = 64 - bits.Len(uint(slots-1))
}

func (n *numbers) number(v uint64) uint32 {
	mask := uint32(len(n.slots) - 1)
	slot := uint32((v*n.factor)>>(n.shift&63)) & mask
	for ; n.slots[slot] != 0; slot = (slot + 1) & mask {
		if i := n.slots[slot] - 1; n.values[i] == v {
			return i
		}
	}
	n.values = append(n.values, v)
	n.slots[slot] = uint32(len(n.values))
	if 2*len(n.values) > len(n.slots) {
		n.rehash()
	}
	return uint32(len(n.values) - 1)
}

func (n *numbers) rehash() {
	values := n.values
	n.size(2 * len(n.slots))
	mask := uint32(len(n.slots) - 1)
	for i, v := range values {
		slot := uint32((v*n.factor)>>(n.shift&63)) & mask
		for n.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		n.slots[slot] = uint32(i) + 1
	}
}

func (n *numbers) reset() {
	clear(n.slots)
	n.values = n.values[:0]
}

package datafile

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// mostEntries is how large a dictionary may become.
const mostEntries = 1 << 16

// texts numbers distinct texts in the order in which they come.
type texts struct {
	seed   maphash.Seed
	slots  []uint32 // a number and one more, by hash; zero is free
	hashes []uint32
	ends   []uint32 // where each text ends in data
	data   []byte
}

func newTexts() *texts { return &texts{seed: maphash.MakeSeed(), slots: make([]uint32, 1024)} }

func (t *texts) len() int { return len(t.ends) }

func (t *texts) at(i uint32) []byte {
	if i == 0 {
		return t.data[:t.ends[0]]
	}
	return t.data[t.ends[i-1]:t.ends[i]]
}

func (t *texts) number(text []byte) uint32 {
	hash := uint32(maphash.Bytes(t.seed, text))
	mask := uint32(len(t.slots) - 1)
	slot := hash & mask
	for ; t.slots[slot] != 0; slot = (slot + 1) & mask {
		if i := t.slots[slot] - 1; t.hashes[i] == hash && bytes.Equal(t.at(i), text) {
			return i
		}
	}
	t.data = append(t.data, text...)
	t.ends = append(t.ends, uint32(len(t.data)))
	t.hashes = append(t.hashes, hash)
	t.slots[slot] = uint32(len(t.ends))
	if 2*len(t.ends) > len(t.slots) {
		t.rehash()
	}
	return uint32(len(t.ends) - 1)
}

func (t *texts) rehash() {
	t.slots = make([]uint32, 2*len(t.slots))
	mask := uint32(len(t.slots) - 1)
	for i, hash := range t.hashes {
		slot := hash & mask
		for t.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.slots[slot] = uint32(i) + 1
	}
}

func (t *texts) reset() {
	clear(t.slots)
	t.hashes, t.ends, t.data = t.hashes[:0], t.ends[:0], t.data[:0]
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

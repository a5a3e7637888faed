package file

import "math/bits"

// marks finds the bytes that end fields and records, chunk by chunk of a
// buffer: 64 bytes at a time become the bits of a word, and its bits positions.
type marks struct {
	needles [4]byte // the bytes that are looked for; some may be the same
	at      []uint32
	found   int // of at that hold positions
	next    int // of at that was not handed out yet
	begin   int // at holds the marks of the buffer from here
	end     int // to here
}

// chunkBytes is how much is looked through at once: its marks stay in the nearest cache.
const chunkBytes = 8 * kib

func newMarks(d dialect) marks {
	m := marks{needles: [4]byte{'\n', d.Delimiter, '\n', '\n'}}
	if d.Quote != 0 {
		m.needles[2] = d.Quote
	}
	if d.Escape != 0 {
		m.needles[3] = d.Escape
	}
	return m
}

// reset forgets everything: the buffer was filled anew.
func (m *marks) reset() { m.found, m.next, m.begin, m.end = 0, 0, 0, 0 }

// seek makes the next mark the first one at or behind pos.
func (m *marks) seek(pos int) {
	if pos < m.begin || pos > m.end {
		m.found, m.next, m.begin, m.end = 0, 0, pos, pos
	}
	for m.next > 0 && int(m.at[m.next-1]) >= pos {
		m.next--
	}
	for m.next < m.found && int(m.at[m.next]) < pos {
		m.next++
	}
}

// coming are the marks that are there and were not handed out, left those of
// them that are so still.
func (m *marks) coming() []uint32     { return m.at[m.next:m.found] }
func (m *marks) left(coming []uint32) { m.next = m.found - len(coming) }

// more goes on with the next chunk of buf that has marks, once all were handed
// out. It returns false when there is none.
func (m *marks) more(buf []byte) bool {
	if m.at == nil {
		m.at = make([]uint32, chunkBytes+64)
	}
	m.next, m.found, m.begin = 0, 0, m.end
	for m.found == 0 && m.end < len(buf) {
		m.begin = m.end
		m.end = min(m.begin+chunkBytes, len(buf))
		m.scan(buf[:m.end])
	}
	return m.found > 0
}

// scan adds the marks of buf[m.begin:].
func (m *marks) scan(buf []byte) {
	p := m.begin
	for ; p+64 <= len(buf); p += 64 {
		m.add(m.bitmap((*[64]byte)(buf[p:])), p)
	}
	if p < len(buf) {
		var last [64]byte
		n := copy(last[:], buf[p:])
		m.add(m.bitmap(&last)&(1<<n-1), p)
	}
}

// bitmap has a bit for each byte that is a needle.
func (m *marks) bitmap(b *[64]byte) uint64 {
	a, c, d := ones*uint64(m.needles[0]), ones*uint64(m.needles[1]), ones*uint64(m.needles[2])
	var found uint64
	if m.needles[3] == '\n' {
		for i := range 8 {
			w := word(b[:], 8*i)
			found |= gather(differs(w^a)&differs(w^c)&differs(w^d)) << (8 * i)
		}
		return found
	}
	e := ones * uint64(m.needles[3])
	for i := range 8 {
		w := word(b[:], 8*i)
		found |= gather(differs(w^a)&differs(w^c)&differs(w^d)&differs(w^e)) << (8 * i)
	}
	return found
}

// differs has the highest bit of every byte of x that is not zero.
func differs(x uint64) uint64 { return x&^highs + (ones * 0x7f) | x }

// gather makes bits of the bytes whose highest bit is not set, the lowest first.
func gather(x uint64) uint64 { return (^x & highs >> 7) * 0x0102040810204080 >> 56 }

// add appends the positions of bits; what it writes behind the last one is overwritten.
func (m *marks) add(found uint64, p int) {
	n := bits.OnesCount64(found)
	at := m.at[m.found : m.found+64]
	m.found += n
	for i := 0; i < n; i += 4 { // four without asking whether they are there
		to := (*[4]uint32)(at[i:])
		to[0] = uint32(p + bits.TrailingZeros64(found))
		found &= found - 1
		to[1] = uint32(p + bits.TrailingZeros64(found))
		found &= found - 1
		to[2] = uint32(p + bits.TrailingZeros64(found))
		found &= found - 1
		to[3] = uint32(p + bits.TrailingZeros64(found))
		found &= found - 1
	}
}

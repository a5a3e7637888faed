// Package inflate reads gzip files, faster than the libraries that are there: it
// decodes from a buffer into a buffer, eight bytes of input at a time.
package inflate

import (
	"encoding/binary"
	"errors"
	"io"
)

// ErrCorrupt is data that is no gzip file, or a damaged one. One that ends too early is
// io.ErrUnexpectedEOF.
var ErrCorrupt = errors.New("inflate: the data is not that of a gzip file")

const (
	window  = 32 << 10  // how far back a match reaches
	chunk   = 128 << 10 // that is decoded at a time
	longest = 258       // match
	slack   = 8         // bytes that are written behind the end of a match
	input   = 64 << 10  // bytes that are read at a time
	padding = 64        // zeros behind the end of the input, so that eight bytes can be read there
)

// Reader decodes the members of a gzip file one after another.
type Reader struct {
	from io.Reader
	in   []byte // from pos on not looked at yet
	pos  int
	end  int // of what was read; behind it stand zeros once ended
	done bool
	held uint64 // bits that were taken from in and not used: n of them count
	n    uint

	out   []byte // decoded: from given to at
	given int
	at    int
	err   error // once all that was decoded is given

	member  member
	step    func() error // what comes next
	last    bool         // block of the member
	stored  int          // bytes that are left of a stored block
	lengths table
	far     table
}

// NewReader returns a reader of a gzip file.
func NewReader(from io.Reader) (*Reader, error) {
	r := &Reader{from: from, in: make([]byte, input+padding), out: make([]byte, window+chunk+longest+slack)}
	r.lengths.first, r.far.first = 11, 9
	return r, r.header()
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	for r.given == r.at {
		if r.err != nil {
			return 0, r.err
		}
		r.slide()
		began := r.at
		for r.err == nil && r.at < window+chunk && (r.at == began || r.stored > 0) {
			before := r.at
			if r.err = r.step(); r.overrun() {
				r.at, r.err = before, io.ErrUnexpectedEOF // what was decoded is zeros behind the end
			}
		}
	}
	n := copy(p, r.out[r.given:r.at])
	r.given += n
	return n, nil
}

// slide makes room once half of it is used: what a match can reach stays.
func (r *Reader) slide() {
	if by := r.at - window; by > chunk/2 {
		r.member.sum(r.out[r.member.from:r.at])
		copy(r.out, r.out[by:r.at])
		r.at, r.given = window, window
		r.member.from, r.member.start = window, max(r.member.start-by, 0)
	}
}

// fill reads more input behind what is left. At the end of the input it adds zeros, so that
// the last bits can be read as any others; used tells when they were.
func (r *Reader) fill() error {
	r.unread()
	r.end = copy(r.in, r.in[r.pos:r.end])
	r.pos = 0
	for empty := 0; r.end < input && !r.done; {
		n, err := r.from.Read(r.in[r.end:input])
		r.end += n
		switch {
		case err == io.EOF:
			r.done = true
			clear(r.in[r.end : r.end+padding])
		case err != nil:
			return err
		case n == 0:
			if empty++; empty == 100 {
				return io.ErrNoProgress
			}
		case r.end >= 4*padding:
			return nil
		}
	}
	return nil
}

// unread gives whole bytes that are held back to the input.
func (r *Reader) unread() {
	r.pos -= int(r.n / 8)
	r.n %= 8
	r.held &= 1<<r.n - 1
}

// limit is up to where eight bytes can be read.
func (r *Reader) limit() int {
	if r.done {
		return r.end + padding - 8
	}
	return r.end - 8
}

// ready makes sure that at least 48 bits are held, if the input has them.
func (r *Reader) ready() error {
	if r.pos > r.limit() {
		if r.done {
			return io.ErrUnexpectedEOF
		}
		if err := r.fill(); err != nil {
			return err
		}
		if r.pos > r.limit() {
			return io.ErrUnexpectedEOF
		}
	}
	r.held |= binary.LittleEndian.Uint64(r.in[r.pos:]) << r.n
	r.pos += int((63 - r.n) >> 3)
	r.n |= 56
	return nil
}

// overrun reports whether zeros behind the end were used.
func (r *Reader) overrun() bool { return r.done && r.pos-int(r.n/8) > r.end }

// take takes up to 32 bits of those that are held.
func (r *Reader) take(n uint) uint32 {
	v := r.held & (1<<n - 1)
	r.held >>= n
	r.n -= n
	return uint32(v)
}

// block reads the beginning of a block.
func (r *Reader) block() error {
	if r.last {
		return r.trailer()
	}
	if err := r.ready(); err != nil {
		return err
	}
	r.last = r.take(1) == 1
	switch r.take(2) {
	case 0:
		return r.raw()
	case 1:
		return r.fixed()
	case 2:
		return r.dynamic()
	}
	return ErrCorrupt
}

// raw reads the beginning of a stored block.
func (r *Reader) raw() error {
	r.unread()
	r.held, r.n = 0, 0
	head, err := r.bytes(4)
	if err != nil {
		return err
	}
	n := binary.LittleEndian.Uint16(head)
	if n != ^binary.LittleEndian.Uint16(head[2:]) {
		return ErrCorrupt
	}
	r.stored, r.step = int(n), r.copyStored
	return nil
}

// copyStored copies some of a stored block.
func (r *Reader) copyStored() error {
	if r.stored == 0 {
		r.step = r.block
		return nil
	}
	if r.pos == r.end {
		if r.done {
			return io.ErrUnexpectedEOF
		}
		return r.fill()
	}
	n := copy(r.out[r.at:min(r.at+r.stored, window+chunk)], r.in[r.pos:r.end])
	r.at, r.pos, r.stored = r.at+n, r.pos+n, r.stored-n
	return nil
}

// bytes takes n bytes of the input, at most a few.
func (r *Reader) bytes(n int) ([]byte, error) {
	if r.end-r.pos < n && !r.done {
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	if r.end-r.pos < n {
		return nil, io.ErrUnexpectedEOF
	}
	r.pos += n
	return r.in[r.pos-n : r.pos], nil
}

// fixed begins a block of the codes that the format has by itself.
func (r *Reader) fixed() error {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	var far [32]uint8
	for i := range far {
		far[i] = 5
	}
	return r.codes(lengths[:], far[:])
}

func (r *Reader) codes(lengths, far []uint8) error {
	if !r.lengths.build(lengths, lengthMeaning) || !r.far.build(far, distanceMeaning) {
		return ErrCorrupt
	}
	r.step = r.decode
	return nil
}

// order is that in which the lengths of the code of lengths come (RFC 1951, 3.2.7).
var order = [...]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic begins a block that has its own codes.
func (r *Reader) dynamic() error {
	if err := r.ready(); err != nil {
		return err
	}
	lengths, far, coded := 257+int(r.take(5)), 1+int(r.take(5)), 4+int(r.take(4))
	if lengths > lengthCodes || far > distances {
		return ErrCorrupt
	}
	var of [19]uint8
	for _, symbol := range order[:coded] {
		if err := r.ready(); err != nil {
			return err
		}
		of[symbol] = uint8(r.take(3))
	}
	code := table{first: 7}
	if !code.build(of[:], func(symbol int) entry { return entry(symbol)<<16 | 1<<31 }) {
		return ErrCorrupt
	}
	var all [lengthCodes + distances]uint8
	before := uint8(0)
	for i := 0; i < lengths+far; {
		if err := r.ready(); err != nil {
			return err
		}
		e := code.entries[r.held&0x7f]
		if e == 0 {
			return ErrCorrupt
		}
		r.take(e.size())
		repeat, value := 1, uint8(e.value())
		switch value {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			repeat, value = 3+int(r.take(2)), before
		case 17:
			repeat, value = 3+int(r.take(3)), 0
		case 18:
			repeat, value = 11+int(r.take(7)), 0
		}
		if i+repeat > lengths+far {
			return ErrCorrupt
		}
		for range repeat {
			all[i] = value
			i++
		}
		before = value
	}
	if all[256] == 0 {
		return ErrCorrupt // the block could not end
	}
	return r.codes(all[:lengths], all[lengths:lengths+far])
}

package inflate

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// member is one of the compressed files that a gzip file is made of (RFC 1952).
type member struct {
	start int // in out: as far back as a match may reach, and not farther than the window
	from  int // in out: from here on nothing is in crc
	crc   uint32
	size  uint32
}

func (m *member) sum(b []byte) {
	m.crc = crc32.Update(m.crc, crc32.IEEETable, b)
	m.size += uint32(len(b))
}

// Flags of a member's header.
const (
	hasSum = 1 << (1 + iota)
	hasExtra
	hasName
	hasComment
)

// header reads the header of a member.
func (r *Reader) header() error {
	head, err := r.bytes(10)
	if err != nil {
		return err
	}
	if head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 {
		return ErrCorrupt
	}
	flags := head[3]
	digest := crc32.ChecksumIEEE(head)
	next := func(n int) ([]byte, error) {
		b, err := r.bytes(n)
		digest = crc32.Update(digest, crc32.IEEETable, b)
		return b, err
	}
	if flags&hasExtra != 0 {
		size, err := next(2)
		if err != nil {
			return err
		}
		for range binary.LittleEndian.Uint16(size) {
			if _, err := next(1); err != nil {
				return err
			}
		}
	}
	for _, flag := range []byte{hasName, hasComment} {
		for flags&flag != 0 {
			b, err := next(1)
			if err != nil {
				return err
			}
			if b[0] == 0 {
				break
			}
		}
	}
	if flags&hasSum != 0 {
		want := uint16(digest)
		sum, err := r.bytes(2)
		if err != nil {
			return err
		}
		if binary.LittleEndian.Uint16(sum) != want {
			return ErrCorrupt
		}
	}
	r.member = member{start: r.at, from: r.at}
	r.last, r.step = false, r.block
	return nil
}

// trailer reads the end of a member, and the header of the next one.
func (r *Reader) trailer() error {
	r.unread()
	r.held, r.n = 0, 0
	tail, err := r.bytes(8)
	if err != nil {
		return err
	}
	crc, size := binary.LittleEndian.Uint32(tail), binary.LittleEndian.Uint32(tail[4:])
	r.member.sum(r.out[r.member.from:r.at])
	r.member.from = r.at
	if crc != r.member.crc || size != r.member.size {
		return ErrCorrupt
	}
	if r.pos == r.end && !r.done {
		if err := r.fill(); err != nil {
			return err
		}
	}
	if r.pos == r.end && r.done {
		return io.EOF
	}
	return r.header()
}

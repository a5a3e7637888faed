package quarantine

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"io"
)

// A sealed stream is its format's name, a random salt, and chunks: each a length in four
// bytes, big endian, and as many bytes of AES-256-GCM. A chunk is bound to the run, the
// split, the salt, its number and whether it is the last; the last one to the lines too.
const (
	format    = "HWQ1"
	saltSize  = 16
	chunkSize = 64 << 10 // of what is sealed
)

// chunks is what the chunks of a stream are bound to.
type chunks struct {
	key   Key
	split int
	salt  [saltSize]byte
	count int64 // so far
	data  []byte
}

func (c *chunks) bound(last bool, lines []byte) []byte {
	c.data = bindRun(c.data[:0], forRows, c.key.run)
	c.data = binary.AppendVarint(c.data, int64(c.split))
	c.data = append(c.data, c.salt[:]...)
	c.data = binary.AppendVarint(c.data, c.count)
	c.count++
	if last {
		return append(append(c.data, 1), lines...)
	}
	return append(c.data, 0)
}

// sealer seals a stream that is written to it.
type sealer struct {
	chunks
	plain  []byte
	sealed bytes.Buffer
}

func newSealer(key Key, split int) *sealer {
	s := &sealer{chunks: chunks{key: key, split: split}, plain: make([]byte, 0, chunkSize)}
	_, _ = rand.Read(s.salt[:]) // never fails
	s.sealed.WriteString(format)
	s.sealed.Write(s.salt[:])
	return s
}

// Write never fails.
func (s *sealer) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		if len(s.plain) == chunkSize {
			s.seal(false, nil)
		}
		n := min(len(p), chunkSize-len(s.plain))
		s.plain, p = append(s.plain, p[:n]...), p[n:]
	}
	return written, nil
}

func (s *sealer) seal(last bool, lines []byte) {
	s.sealed.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s.plain)+s.key.aead.Overhead())))
	s.sealed.Write(seal(s.key.aead, s.sealed.AvailableBuffer(), s.plain, s.bound(last, lines)))
	s.plain = s.plain[:0]
}

// close ends the stream with what it is bound to.
func (s *sealer) close(lines []byte) []byte {
	s.seal(true, lines)
	return s.sealed.Bytes()
}

// opener reads a sealed stream. What it returns is genuine as far as it goes: only io.EOF says that nothing is missing.
type opener struct {
	chunks
	sealed []byte // what is left
	lines  []byte // what the last chunk is bound to
	buffer []byte
	plain  []byte // of the current chunk, what is left
	ended  bool
}

func newOpener(key Key, split int, sealed, lines []byte) (*opener, error) {
	if len(sealed) < len(format)+saltSize || string(sealed[:len(format)]) != format {
		return nil, damaged("its rows are in no known format")
	}
	o := &opener{chunks: chunks{key: key, split: split}, sealed: sealed[len(format)+saltSize:], lines: lines}
	copy(o.salt[:], sealed[len(format):])
	return o, nil
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.ended {
			return 0, io.EOF
		}
		if err := o.open(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

func (o *opener) open() (err error) {
	const header = 4
	if len(o.sealed) < header {
		return damaged("its rows end early")
	}
	size := uint64(binary.BigEndian.Uint32(o.sealed))
	if size > uint64(len(o.sealed)-header) || size > uint64(chunkSize+o.key.aead.Overhead()) {
		return damaged("its rows end early")
	}
	chunk := o.sealed[header : header+size]
	o.sealed = o.sealed[header+size:]
	o.ended = len(o.sealed) == 0
	if o.buffer, err = o.key.aead.Open(o.buffer[:0], nil, chunk, o.bound(o.ended, o.lines)); err != nil {
		return damaged("its rows are not what was sealed with these lines")
	}
	o.plain = o.buffer
	return nil
}

package datafile

import (
	"encoding/binary"

	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/zstd"
)

// squeezer makes zstd frames, each in one of two ways. One is zstd's own, which
// looks for repetitions. Much of what encodings leave has none, and looking takes
// most of the time there is: digits, hashes, ids, packed numbers, bytes of
// numbers. Of such bytes the other way codes each by how often it comes (Huffman),
// or leaves them as they are where not even that helps, several times as fast.
//
// A frame is described in RFC 8878, section 3.1.1.
type squeezer struct {
	huffman *huff0.Scratch
	zstd    *zstd.Encoder
	out     []byte
	last    int // where the header of the last block is
}

// blockSize is the most that a block may hold.
const blockSize = 128 << 10

func newSqueezer(level int) (*squeezer, error) {
	speed := zstd.SpeedFastest
	if level != 0 {
		speed = zstd.EncoderLevelFromZstd(level)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(speed), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(pageBytes), zstd.WithSingleSegment(true))
	if err != nil {
		return nil, err
	}
	return &squeezer{huffman: &huff0.Scratch{Reuse: huff0.ReusePolicyNone}, zstd: encoder}, nil
}

// search makes a frame by looking for repetitions. It is valid until the next call, as that of code is.
func (s *squeezer) search(data []byte) []byte {
	s.out = s.zstd.EncodeAll(data, s.out[:0])
	return s.out
}

// code makes a frame of bytes that are coded one by one. No part shares a code
// with another.
func (s *squeezer) code(parts ...[]byte) []byte { return s.frameOf(parts, coded) }

// frame makes a frame of a page, which consists of the parts.
func (s *squeezer) frame(by way, page []byte, parts [][]byte) []byte {
	if by == searched {
		return s.search(page)
	}
	return s.frameOf(parts, by)
}

func (s *squeezer) frameOf(parts [][]byte, by way) []byte {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	s.out = append(s.out[:0], 0x28, 0xb5, 0x2f, 0xfd, singleSegment)
	s.out = binary.LittleEndian.AppendUint32(s.out, uint32(size))
	s.last = len(s.out)
	for i, part := range parts {
		for len(part) > 0 {
			n := min(len(part), blockSize)
			if by == stored && i == len(parts)-1 { // what stands before the values is levels
				s.raw(part[:n])
			} else {
				s.block(part[:n])
			}
			part = part[n:]
		}
	}
	if s.last == len(s.out) {
		s.raw(nil) // a frame has at least one block
	}
	s.out[s.last] |= 1
	return s.out
}

// frameHeader is the length of what comes before the blocks of a frame.
const frameHeader = 9

const (
	singleSegment = 2<<6 | 1<<5 // the content's size in four bytes, which is the window's too

	rawBlock        = 0
	repeatedBlock   = 1
	compressedBlock = 2
)

func (s *squeezer) header(kind, size int) {
	s.last = len(s.out)
	h := kind<<1 | size<<3
	s.out = append(s.out, byte(h), byte(h>>8), byte(h>>16))
}

// leastCoded is from which size on bytes are coded, in four streams.
const leastCoded = 1024

func (s *squeezer) block(data []byte) {
	if len(data) >= leastCoded {
		coded, _, err := huff0.Compress4X(data, s.huffman)
		if err == huff0.ErrUseRLE { //nolint:errorlint // the package returns it bare
			s.header(repeatedBlock, len(data))
			s.out = append(s.out, data[0])
			return
		}
		if err == nil && len(coded)+literalsHeader+1 < len(data) {
			s.header(compressedBlock, literalsHeader+len(coded)+1)
			h := uint64(2) | 3<<2 | uint64(len(data))<<4 | uint64(len(coded))<<22
			s.out = append(s.out, byte(h), byte(h>>8), byte(h>>16), byte(h>>24), byte(h>>32))
			s.out = append(s.out, coded...)
			s.out = append(s.out, 0) // no sequences
			return
		}
	}
	s.raw(data)
}

func (s *squeezer) raw(data []byte) {
	s.header(rawBlock, len(data))
	s.out = append(s.out, data...)
}

// literalsHeader is the length of a header with sizes of 18 bits.
const literalsHeader = 5

// best is the way to compress some data that is worth its time, judging by a part of it.
func (s *squeezer) best(data []byte) way {
	part := data
	if len(part) > 4*leastCoded {
		n := min(max(len(part)/8, 4*leastCoded), blockSize/2)
		from := (len(part) - n) / 2
		part = part[from : from+n]
	}
	left := float64(len(s.code(part)))
	switch {
	case float64(len(s.search(part))) < worthSearching*left:
		return searched
	case left < worthCoding*float64(len(part)):
		return coded
	default:
		return stored
	}
}

// What may be left of data for a way to be worth its time: of coded data when it is
// searched, and of any when it is coded.
const (
	worthSearching = 0.92
	worthCoding    = 0.97
)

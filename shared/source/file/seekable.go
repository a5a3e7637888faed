package file

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// The seekable format of zstd: independent frames, and behind them a skippable
// frame with a table of their sizes. All numbers are little-endian.
// See contrib/seekable_format/zstd_seekable_compression_format.md of the zstd repository.
const (
	seekFooter      = 9 // number of frames, descriptor, magic
	seekMagic       = 0x8f92eab1
	skippableHeader = 8 // magic, size
	skippableMagic  = 0x184d2a5e
	seekChecksums   = 1 << 7    // of the descriptor: each entry has a checksum
	seekReserved    = 0x1f << 2 // of the descriptor: must be zero
)

// frame is a frame of a seekable file: where it begins in the object and in the content.
type frame struct{ at, base int64 }

// frames are those of a seekable file, and one more where the last one ends; nil
// when the object has no table, or one that does not add up.
func (f *Files) frames(ctx context.Context, obj Object) ([]frame, error) {
	footer, err := f.bytes(ctx, obj, obj.Size-seekFooter, seekFooter)
	if err != nil || binary.LittleEndian.Uint32(footer[5:]) != seekMagic || footer[4]&seekReserved != 0 {
		return nil, err
	}
	n, width := int64(binary.LittleEndian.Uint32(footer)), int64(8)
	if footer[4]&seekChecksums != 0 {
		width += 4
	}
	size := n*width + seekFooter
	from := obj.Size - size - skippableHeader
	if n == 0 || from < 0 || size > maxSeekTable {
		return nil, nil
	}
	table, err := f.bytes(ctx, obj, from, size+skippableHeader)
	if err != nil || binary.LittleEndian.Uint32(table) != skippableMagic || int64(binary.LittleEndian.Uint32(table[4:])) != size {
		return nil, err
	}
	frames := make([]frame, 1, n+1)
	for entry := table[skippableHeader:]; n > 0; n-- {
		last := frames[len(frames)-1]
		frames = append(frames, frame{last.at + int64(binary.LittleEndian.Uint32(entry)), last.base + int64(binary.LittleEndian.Uint32(entry[4:]))})
		entry = entry[width:]
	}
	if frames[len(frames)-1].at != from {
		return nil, nil
	}
	return frames, nil
}

// maxSeekTable bounds the memory for a table: that of some 700,000 frames, as many files are planned at once.
const maxSeekTable = 8 * mib

// bytes reads some bytes of an object.
func (f *Files) bytes(ctx context.Context, obj Object, from, length int64) ([]byte, error) {
	r := rangeReader{ctx: ctx, store: f.store, obj: obj}
	b := make([]byte, length)
	return b, r.fetch(b, from)
}

// frameRange is the frames that hold a range of the content of a seekable file.
type frameRange struct {
	From int64 `json:"from"` // bytes of the object
	To   int64 `json:"to"`
	Base int64 `json:"base"` // offset of the content at From
	Size int64 `json:"size"` // of the content of the frames
}

// cutFrames cuts a seekable file between records near every target bytes of the
// object. It returns nil when the file is not seekable.
func (f *Files) cutFrames(ctx context.Context, obj Object, csv *dialect, header []string, target int64) ([]part, error) {
	frames, err := f.frames(ctx, obj)
	if err != nil || frames == nil {
		return nil, err
	}
	end := frames[len(frames)-1]
	starts := []int64{0}
	for at := target; at+target <= obj.Size; at += target {
		i, _ := slices.BinarySearchFunc(frames, at, func(f frame, at int64) int { return int(f.at - at) })
		if i >= len(frames)-1 {
			break
		}
		start, err := f.boundaryInFrame(ctx, obj, csv, frames[i:])
		if err != nil {
			return nil, err
		}
		if start > starts[len(starts)-1] && start < end.base {
			starts = append(starts, start)
		}
	}
	parts := make([]part, len(starts))
	for i, start := range starts {
		p := wholeOf(obj)
		p.Start, p.End, p.Header = start, end.base, header
		if i+1 < len(starts) {
			p.End = starts[i+1]
		}
		first, found := slices.BinarySearchFunc(frames, p.Start, func(f frame, at int64) int { return int(f.base - at) })
		if !found {
			first--
		}
		last, _ := slices.BinarySearchFunc(frames, p.End, func(f frame, at int64) int { return int(f.base - at) })
		p.Frames = &frameRange{From: frames[first].at, To: frames[last].at, Base: frames[first].base, Size: frames[last].base - frames[first].base}
		p.bytes = p.Frames.To - p.Frames.From
		parts[i] = p
	}
	return parts, nil
}

// boundaryInFrame finds the beginning of a record in the content of some frames; 0 when it cannot.
func (f *Files) boundaryInFrame(ctx context.Context, obj Object, csv *dialect, frames []frame) (int64, error) {
	most := 2 * int64(f.limits.recordBytes)
	from := frames[0]
	enough, _ := slices.BinarySearchFunc(frames, from.base+most, func(f frame, at int64) int { return int(f.base - at) })
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := openStream(ctx, f.store, obj, from.at, frames[min(enough, len(frames)-1)].at)
	if err != nil {
		return 0, err
	}
	defer func() { _ = in.Close() }() // what was read is good, whatever Close says
	if err := in.decompress(zstdCodec); err != nil {
		return 0, err
	}
	at, found, err := newFinder(csv, int64(f.limits.recordBytes)).search(in, utf8Text, most)
	if err != nil || !found {
		return 0, err
	}
	return from.base + at, nil
}

// openFrames opens the content of a part of a seekable file, from the beginning
// of its first frame to the part's end.
func (f *Files) openFrames(ctx context.Context, p part) (*stream, error) {
	in, err := openStream(ctx, f.store, p.object(), p.Frames.From, p.Frames.To)
	if err != nil {
		return nil, err
	}
	if err := in.decompress(zstdCodec); err != nil {
		return nil, err
	}
	in.decoded = &exactly{in: in.decoded, left: p.End - p.Frames.Base, beyond: p.Frames.Base + p.Frames.Size - p.End}
	return in, nil
}

// exactly reads so many bytes and makes sure that so many more follow, so that a
// table that does not tell the truth is found out.
type exactly struct {
	in           io.Reader
	left, beyond int64
}

// errFrames becomes a fault that names the file.
var errFrames = errors.New("the frames have other sizes than the seek table says")

func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		if e.beyond >= 0 {
			n, err := io.Copy(io.Discard, e.in)
			if err != nil {
				return 0, err
			}
			if n != e.beyond {
				return 0, errFrames
			}
			e.beyond = -1
		}
		return 0, io.EOF
	}
	n, err := e.in.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		return n, errFrames
	}
	if e.left == 0 {
		err = nil // the next call looks at what follows
	}
	return n, err
}

package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/file/inflate"
)

// codec is a compression of text files, known by what stands at the beginning.
type codec struct {
	name  string
	magic []byte
	open  func(io.Reader) (io.Reader, func(), error)
}

var (
	gzipCodec = codec{"gzip", []byte{0x1f, 0x8b}, openGzip}
	zstdCodec = codec{"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd}
)

// zstdWindow bounds the memory that a zstd frame may ask for.
const zstdWindow = 128 * mib

func openGzip(r io.Reader) (io.Reader, func(), error) {
	z, err := inflate.NewReader(r)
	return z, func() {}, err
}

func openZstd(r io.Reader) (io.Reader, func(), error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

// stream is the decoded content of a file. It tells a damaged file (malformed)
// from a damaged connection (the store's own error, or unavailable).
type stream struct {
	key     string
	codec   string // "" when plain
	enc     encoding
	decoded io.Reader
	body    *body
	free    func()
}

// openWhole opens a text file from its beginning, as UTF-8. given is what is
// known of the encoding of a CSV file.
func openWhole(ctx context.Context, store Store, obj Object, format, given string) (*stream, error) {
	s, err := openStream(ctx, store, obj, 0, 0)
	if err == nil && format == formatCSV {
		s.transcode(encodingOf(given, s.peek(2)))
	}
	return s, err
}

// openStream opens a file from an offset to an end; end 0 means the whole file,
// and only then may it be compressed.
func openStream(ctx context.Context, store Store, obj Object, start, end int64) (*stream, error) {
	whole := end == 0
	length := obj.Size - start
	if !whole {
		length = end - start
	}
	rc, err := store.Open(ctx, obj, start, length)
	if err != nil {
		return nil, err
	}
	s := &stream{key: obj.Key, body: &body{rc: rc, start: start, left: length}, free: func() {}}
	s.decoded = s.body
	if !whole || start > 0 {
		return s, nil
	}
	buffered := bufio.NewReaderSize(s.body, 64*kib)
	head, _ := buffered.Peek(4) // a failure shows again at the first read
	s.decoded = buffered
	for _, c := range [...]codec{gzipCodec, zstdCodec} {
		if bytes.HasPrefix(head, c.magic) {
			if err := s.decompress(c); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// decompress makes the stream what a codec decodes. It closes a stream that it
// cannot decode.
func (s *stream) decompress(c codec) error {
	s.codec = c.name
	decoded, free, err := c.open(s.decoded)
	if err != nil {
		err = s.explain(err)
		_ = s.body.rc.Close() // the failure to decode is what matters
		return err
	}
	s.decoded, s.free = decoded, free
	return nil
}

// transcode makes the stream UTF-8.
func (s *stream) transcode(enc encoding) {
	if enc != utf8Text {
		s.enc, s.decoded = enc, newTranscoder(s.decoded, enc)
	}
}

// bufferFor is the size of a buffer for the content: no more than a small file needs.
func (s *stream) bufferFor(most int) int {
	const widest = 3 // bytes of UTF-8 for one of another encoding
	if s.codec != "" || s.body.left >= int64(most) {
		return most
	}
	return min(most, int(s.body.left+s.body.read)*widest+16)
}

// shifted reports whether offsets in the content are not those in the object.
func (s *stream) shifted() bool { return s.codec != "" || s.enc != utf8Text }

// peek returns the first bytes of a whole file's content.
func (s *stream) peek(n int) []byte {
	in, ok := s.decoded.(*bufio.Reader)
	if !ok {
		in = bufio.NewReaderSize(s.decoded, 16)
		s.decoded = in
	}
	head, _ := in.Peek(n) // a failure shows again at the first read
	return head
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.decoded.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // a wrapped EOF is no end
		err = s.explain(err)
	}
	return n, err
}

// explain returns the connection's error if it has one, else the file is damaged.
func (s *stream) explain(err error) error {
	if s.body.err != nil {
		return s.body.err
	}
	return damaged(s.key, fmt.Sprintf("the %s data is damaged or ends too early, about byte %d of the file", s.codec, s.body.start+s.body.read), err)
}

func (s *stream) Close() error {
	s.free()
	return s.body.rc.Close()
}

// body counts what arrives and keeps the error of the connection.
type body struct {
	rc         io.ReadCloser
	start      int64 // in the object
	read, left int64
	err        error
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.rc.Read(p)
	b.read += int64(n)
	b.left -= int64(n)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF) && b.left <= 0:
		return n, io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		b.err = fault.Wrap(fault.SourceUnavailable, "the connection to the source ended early", err)
		return n, b.err
	default:
		b.err = err
	}
	return n, err
}

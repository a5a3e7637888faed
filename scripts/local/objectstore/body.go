package objectstore

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

var errLength = errors.New("x-amz-decoded-content-length is missing or malformed")

// decodeBody replaces the body by what was meant: an aws-chunked body by its chunks (their own signatures are not
// verified, the request's is), a hashed body by one that fails at its end when the hash is another.
func decodeBody(r *http.Request) error {
	declared := r.Header.Get("X-Amz-Content-Sha256")
	switch {
	case strings.HasPrefix(declared, "STREAMING-"):
		size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
		if err != nil || size < 0 {
			return errLength
		}
		r.Body = readCloser{&chunked{in: bufio.NewReader(r.Body)}, r.Body}
		r.ContentLength = size
		r.Header.Set("Content-Length", strconv.FormatInt(size, 10))
		r.Header.Del("X-Amz-Content-Sha256") // gofakes3 would decode once more
		encoding := strings.TrimPrefix(strings.TrimPrefix(r.Header.Get("Content-Encoding"), "aws-chunked"), ",")
		if r.Header.Del("Content-Encoding"); encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
	case declared != "UNSIGNED-PAYLOAD" && declared != "":
		want, err := hex.DecodeString(declared)
		if err != nil {
			return errors.New("x-amz-content-sha256 is malformed")
		}
		r.Body = readCloser{&hashed{in: r.Body, sum: sha256.New(), want: want}, r.Body}
	}
	return nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// hashed fails at the end of a body whose hash is not the signed one.
type hashed struct {
	in   io.Reader
	sum  hash.Hash
	want []byte
}

func (h *hashed) Read(b []byte) (int, error) {
	n, err := h.in.Read(b)
	h.sum.Write(b[:n])
	if errors.Is(err, io.EOF) && !bytes.Equal(h.sum.Sum(nil), h.want) {
		return n, gofakes3.ErrorMessage(gofakes3.ErrBadDigest, "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return n, err
}

// chunked decodes aws-chunked: "<hex size>[;extension]\r\n<bytes>\r\n" until a size of 0, then trailers.
type chunked struct {
	in   *bufio.Reader
	left int64
	done bool
}

func (c *chunked) Read(b []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.header(); err != nil || c.done {
			return 0, orEOF(err)
		}
	}
	n, err := c.in.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	if err != nil {
		return n, io.ErrUnexpectedEOF
	}
	if c.left == 0 {
		_, err = c.line()
	}
	return n, err
}

func (c *chunked) header() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	if c.left, err = strconv.ParseInt(size, 16, 64); err != nil || c.left < 0 {
		return fmt.Errorf("reading a chunk's size: %w", io.ErrUnexpectedEOF)
	}
	if c.left > 0 {
		return nil
	}
	c.done = true
	c.skipTrailers()
	return nil
}

// skipTrailers reads to the empty line behind the trailers, or to the end: some clients leave the last line break out.
func (c *chunked) skipTrailers() {
	for {
		if line, err := c.line(); err != nil || line == "" {
			return
		}
	}
}

func (c *chunked) line() (string, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return "", io.ErrUnexpectedEOF
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// maxDelete is the largest request to delete many objects.
const maxDelete = 4 << 20

// deletedKeys reads which keys a request deletes, and leaves its body to be read again.
func deletedKeys(r *http.Request) ([]string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxDelete))
	if err != nil {
		return nil, fmt.Errorf("reading the keys to delete: %w", err)
	}
	r.Body = readCloser{bytes.NewReader(body), r.Body}
	var in struct {
		Object []struct{ Key string }
	}
	if err := xml.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("reading the keys to delete: %w", err)
	}
	keys := make([]string, len(in.Object))
	for i, o := range in.Object {
		keys[i] = o.Key
	}
	return keys, nil
}

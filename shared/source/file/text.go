package file

import (
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/source"
)

var byteOrderMark = []byte{0xef, 0xbb, 0xbf}

// position is a place between two records of a text file.
type position struct {
	Offset int64 `json:"o,omitempty"` // in the decoded content
	Line   int64 `json:"l,omitempty"` // number of the line there
}

// text is the decoded content of a CSV or NDJSON file, or of a range of one,
// in a buffer that slides over it.
type text struct {
	in   *stream
	buf  []byte
	n    int   // bytes of buf in use
	pos  int   // where to go on in buf
	base int64 // offset of buf[0]
	last bool  // buf[:n] ends where the content ends
}

func newText(in *stream, offset int64, bufferBytes int) *text {
	return &text{in: in, buf: make([]byte, bufferBytes), base: offset}
}

// fill moves what is left to the front and reads until the buffer is full.
func (t *text) fill() error {
	t.base += int64(t.pos)
	t.n = copy(t.buf, t.buf[t.pos:t.n])
	t.pos = 0
	n, err := io.ReadFull(t.in, t.buf[t.n:])
	first := t.base == 0 && t.n == 0
	t.n += n
	if first && bytes.HasPrefix(t.buf[:t.n], byteOrderMark) {
		t.pos = len(byteOrderMark)
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF { // ReadFull's own; wrapped ones are damage
		t.last, err = true, nil
	}
	return err
}

func (t *text) offset() int64 { return t.base + int64(t.pos) }

// begin makes sure that the beginning of the content is in the buffer.
func (t *text) begin() error {
	if t.n > 0 || t.last {
		return nil
	}
	return t.fill()
}

// blank reports whether the content is nothing but empty lines, as the first
// range of a file can be.
func (t *text) blank() bool {
	at, _ := skipBlank(t.buf[:t.n], t.pos)
	return t.last && at == t.n
}

// seek goes forward to an offset of the decoded content.
func (t *text) seek(offset int64) error {
	for offset > t.base+int64(t.n) {
		if t.pos = t.n; t.last {
			return errors.New("the checkpoint lies behind the end of the file")
		}
		if err := t.fill(); err != nil {
			return err
		}
	}
	t.pos = int(offset - t.base)
	return nil
}

// tokens fills b with the next records. It returns io.EOF when there are none.
func (t *text) tokens(tok tokenizer, b *block) error {
	for {
		b.reset(t.buf[:t.n])
		t.pos = tok.tokenize(b, t.buf[:t.n], t.pos, t.last)
		if !b.empty() {
			return nil
		}
		if t.last {
			return io.EOF
		}
		if err := t.fill(); err != nil {
			return err
		}
		tok.moved()
	}
}

// textReader reads the rows of a text file.
type textReader struct {
	text  *text
	tok   tokenizer
	block *block
	nulls []string
	conv  *converter
}

func (r *textReader) next(context.Context) (source.Batch, checkpoint, error) {
	start := r.text.offset()
	if err := r.text.tokens(r.tok, r.block); err != nil {
		return source.Batch{}, checkpoint{}, err
	}
	r.block.nullify(r.nulls)
	from := max(int(start-r.text.base), 0)
	record, origins, rejects := r.conv.convert(r.block, utf8.Valid(r.text.buf[from:r.text.pos]))
	return source.Batch{Record: record, Origins: origins, Rejects: rejects}, checkpoint{position: position{Offset: r.text.offset(), Line: r.tok.line()}}, nil
}

func (r *textReader) close() error { return r.text.in.Close() }

package file

import (
	"context"
	"errors"
	"io"

	"github.com/headwaterhq/headwater/shared/fault"
)

// tailBytes is how much of a Parquet file's end is fetched at once: nearly
// always the whole footer.
const tailBytes = 64 * kib

// rangeReader reads an object at random. It keeps the object's tail, and the
// store's error, so that a damaged file can be told from a damaged connection.
type rangeReader struct {
	ctx   context.Context // of one open file: io.ReaderAt has no room for it
	store Store
	obj   Object
	pos   int64
	tail  []byte
	err   error
}

func (r *rangeReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > r.obj.Size {
		return 0, errors.New("reading outside the file")
	}
	tailAt := max(0, r.obj.Size-tailBytes)
	if off >= tailAt && r.tail == nil {
		tail := make([]byte, r.obj.Size-tailAt)
		if err := r.fetch(tail, tailAt); err != nil {
			return 0, err
		}
		r.tail = tail
	}
	short := error(nil)
	if most := r.obj.Size - off; int64(len(p)) > most {
		p, short = p[:most], io.EOF
	}
	if off >= tailAt {
		return copy(p, r.tail[off-tailAt:]), short
	}
	if err := r.fetch(p, off); err != nil {
		return 0, err
	}
	return len(p), short
}

func (r *rangeReader) fetch(p []byte, off int64) error {
	if r.err != nil || len(p) == 0 {
		return r.err
	}
	rc, err := r.store.Open(r.ctx, r.obj, off, int64(len(p)))
	if err == nil {
		_, err = io.ReadFull(rc, p)
		_ = rc.Close() // everything wanted has been read, or err says why not
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fault.Wrap(fault.SourceUnavailable, "the connection to the source ended early", err)
	}
	r.err = err
	return err
}

func (r *rangeReader) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p, r.pos)
	r.pos += int64(n)
	return n, err
}

func (r *rangeReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.obj.Size
	}
	if offset < 0 {
		return 0, errors.New("seeking before the file")
	}
	r.pos = offset
	return offset, nil
}

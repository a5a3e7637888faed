package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// transform runs a column's transforms, in order, over each value.
type transform struct {
	steps   []ingest.Transform
	plain   bool // only trim and lower, which leave most values as they are
	out     texts
	scratch []byte
}

// newTransform returns nil when there is nothing to do.
func newTransform(steps []ingest.Transform) *transform {
	if len(steps) == 0 {
		return nil
	}
	t := &transform{steps: steps, plain: true}
	for _, step := range steps {
		t.plain = t.plain && step != ingest.SHA256
	}
	return t
}

func (t *transform) apply(in *array.String, alloc memory.Allocator) arrow.Array {
	if t.plain && unchanged(in) {
		in.Retain()
		return in
	}
	t.out.reset(in.Len())
	for i := range in.Len() {
		if in.IsValid(i) {
			t.out.bytes = append(t.out.bytes, t.value(in.Value(i))...)
		}
		t.out.end()
	}
	return t.out.array(in, alloc)
}

// value transforms one value; the result is valid until the next call.
func (t *transform) value(s string) string {
	for _, step := range t.steps {
		switch step {
		case ingest.Trim:
			s = strings.TrimSpace(s)
		case ingest.Lower:
			s = t.lower(s)
		case ingest.SHA256:
			sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(s), len(s)))
			t.scratch = hex.AppendEncode(t.scratch[:0], sum[:])
			s = view(t.scratch)
		}
	}
	return s
}

// lower is strings.ToLower into scratch memory. s may lie in that memory: then
// it is lower case already, and every rune is written where it stood or before.
func (t *transform) lower(s string) string {
	first := 0
	for first < len(s) && s[first] < utf8.RuneSelf && (s[first] < 'A' || s[first] > 'Z') {
		first++
	}
	if first == len(s) {
		return s
	}
	lowered := append(t.scratch[:0], s[:first]...)
	for _, r := range s[first:] {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			lowered = append(lowered, byte(r))
			continue
		}
		lowered = utf8.AppendRune(lowered, unicode.ToLower(r))
	}
	t.scratch = lowered
	return view(lowered)
}

// unchanged reports whether neither trim nor lower can change any value: all
// of it is ASCII without capitals, and no value begins or ends with a space. A
// column that is in order costs one look at its bytes and no copy.
func unchanged(in *array.String) bool {
	for _, b := range in.ValueBytes() {
		if b >= utf8.RuneSelf || 'A' <= b && b <= 'Z' {
			return false
		}
	}
	for i := range in.Len() {
		if s := in.Value(i); s != "" && (s[0] <= ' ' || s[len(s)-1] <= ' ') {
			return false
		}
	}
	return true
}

package pipeline

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// transform runs a column's transforms, in order, over each value.
type transform struct {
	steps   []ingest.Transform
	plain   bool      // only trim and lower, which leave most values as they are
	null    bool      // a value that a step refuses becomes null, instead of rejecting its row
	region  string    // whose national numbers e164 reads
	mac     hash.Hash // nil: no step needs it
	out     texts
	nulls   []int // rows of the batch at hand whose value has become null
	scratch []byte
	digest  [sha256.Size]byte
	digits  [2 * sha256.Size]byte
}

// newTransform returns nil when there is nothing to do. The key is that of HMACSHA256.
func newTransform(c ingest.Column, key []byte) (*transform, error) {
	if len(c.Transforms) == 0 {
		return nil, nil
	}
	t := &transform{steps: c.Transforms, plain: true, null: c.OnInvalid == ingest.Null, region: cmp.Or(c.Region, noRegion)}
	for _, step := range c.Transforms {
		t.plain = t.plain && (step == ingest.Trim || step == ingest.Lower)
	}
	if slices.Contains(c.Transforms, ingest.HMACSHA256) {
		if len(key) == 0 {
			return nil, errors.New("the mapping has the transform hmac_sha256, and there is no key for it")
		}
		t.mac = hmac.New(sha256.New, key)
	}
	return t, nil
}

func (t *transform) apply(c *call) arrow.Array {
	in := c.in.(*array.String)
	if t.plain && unchanged(in) {
		in.Retain()
		return in
	}
	t.out.reset(in.Len())
	t.nulls = t.nulls[:0]
	for i := range in.Len() {
		if in.IsValid(i) {
			value, refused := t.value(in.Value(i))
			switch {
			case refused == "":
				t.out.bytes = append(t.out.bytes, value...)
			case t.null:
				t.nulls = append(t.nulls, i)
			default:
				c.rejects.add(i, c.column, string(refused), reasons(refused))
			}
		}
		t.out.end()
	}
	if len(t.nulls) > 0 {
		return t.out.sparse(in, t.nulls, c.alloc)
	}
	return t.out.array(in, c.alloc)
}

// reasons says why a transform refuses a value; its name is the rule.
func reasons(refused ingest.Transform) string {
	if refused == ingest.Email {
		return "not an e-mail address"
	}
	return "not a phone number in use"
}

// value transforms one value, or names the step that refuses it; the result is
// valid until the next call.
func (t *transform) value(s string) (_ string, refused ingest.Transform) {
	for _, step := range t.steps {
		ok := true
		switch step {
		case ingest.Trim:
			s = strings.TrimSpace(s)
		case ingest.Lower:
			s = t.lower(s)
		case ingest.Email:
			s, ok = t.email(s)
		case ingest.E164:
			s, ok = e164(s, t.region)
		case ingest.SHA256:
			t.digest = sha256.Sum256(bytesOf(s))
			s = t.hex()
		case ingest.HMACSHA256:
			t.mac.Reset()
			_, _ = t.mac.Write(bytesOf(s)) // a hash takes everything
			_ = t.mac.Sum(t.digest[:0])
			s = t.hex()
		}
		if !ok {
			return "", step
		}
	}
	return s, ""
}

// hex is the digest in lower-case hex digits, until the next one.
func (t *transform) hex() string {
	putHex(t.digits[:], t.digest[:])
	return view(t.digits[:])
}

// putHex writes bytes, a multiple of four, in lower-case hex digits: eight digits at a time, each in a byte of a word.
func putHex(dst, src []byte) {
	const each = 0x0101010101010101 // a word with this in each of its bytes
	for len(src) >= 4 && len(dst) >= 8 {
		x := uint64(binary.BigEndian.Uint32(src))
		x = (x | x<<16) & 0x0000ffff0000ffff
		x = (x | x<<8) & 0x00ff00ff00ff00ff
		x = (x | x<<4) & (0x0f * each)
		letters := (x + 6*each) >> 4 & each // of what is ten or more
		binary.BigEndian.PutUint64(dst, x+'0'*each+letters*('a'-'0'-10))
		src, dst = src[4:], dst[8:]
	}
}

// settled is the length of what s begins with that is ASCII and no capital, in whole words.
func settled(s string) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	b, n := bytesOf(s), 0
	for ; len(b) >= 8; b, n = b[8:], n+8 {
		x := binary.LittleEndian.Uint64(b)
		// In a byte below 0x80 the first sum sets the high bit from A on, the second one after Z.
		if (x|(x&^high+(0x80-'A')*each)&^(x&^high+(0x80-'Z'-1)*each))&high != 0 {
			break
		}
	}
	return n
}

// lower is strings.ToLower into scratch memory. s may lie in that memory: then
// it is lower case already, and every rune is written where it stood or before.
func (t *transform) lower(s string) string {
	first := settled(s)
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
	all := view(in.ValueBytes())
	for _, b := range bytesOf(all[settled(all):]) {
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

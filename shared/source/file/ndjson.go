package file

import "bytes"

// ndjsonTokenizer reads one JSON object per line; blank lines are skipped. A
// key that nobody wants is checked and passed over; of a repeated key the last
// value counts, as in encoding/json. A missing key and null are NULL.
//
// The fields it yields are: of a string its unescaped content with the text
// mark, of anything else its literal; of a slot that wants raw JSON the literal
// of strings too.
type ndjsonTokenizer struct {
	slots     map[string]int // by key: the block's slot
	raw       []bool         // by slot: wants the literal
	maxRecord int
	at        int64
	skip      skip
	order     []key                 // the keys of the record before: the next one has most likely the same
	learn     func(name string) int // makes a slot for a key that has none; nil drops it
}

// key is an object key as it stands in the text: with its quotes, and with the
// colon where that follows at once.
type key struct {
	literal []byte
	head    [2]uint64 // the first 16 bytes of literal, where it has them
	mask    [2]uint64 // of head, which of them count
	slot    int
}

func newKey(literal []byte, slot int) key {
	k := key{literal: bytes.Clone(literal), slot: slot}
	var head, mask [16]byte
	for i := range copy(head[:], literal) {
		mask[i] = 0xff
	}
	for i := range k.head {
		k.head[i], k.mask[i] = word(head[:], 8*i), word(mask[:], 8*i)
	}
	return k
}

// at reports whether the key stands at buf[p:end].
func (k *key) at(buf []byte, p, end int) bool {
	if p+16 > end {
		return p+len(k.literal) <= end && string(buf[p:p+len(k.literal)]) == string(k.literal)
	}
	if (word(buf, p)^k.head[0])&k.mask[0]|(word(buf, p+8)^k.head[1])&k.mask[1] != 0 {
		return false
	}
	stop := p + len(k.literal)
	return len(k.literal) <= 16 || stop <= end && string(buf[p+16:stop]) == string(k.literal[16:])
}

const unwanted = -1

func newNDJSON(slots map[string]int, raw []bool, maxRecord int, line int64) *ndjsonTokenizer {
	return &ndjsonTokenizer{slots: slots, raw: raw, maxRecord: maxRecord, at: line}
}

func (t *ndjsonTokenizer) moved()      {}
func (t *ndjsonTokenizer) line() int64 { return t.at }

func (t *ndjsonTokenizer) tokenize(b *block, buf []byte, pos int, last bool) int {
	if t.skip.active {
		pos = t.skip.resume(b, buf, pos, last, &t.at)
	}
	for pos < len(buf) && !b.full() {
		end, next, ok := lineEnd(buf, pos, last)
		if end-pos >= t.maxRecord {
			if next = t.skip.begin(b, buf, pos, t.maxRecord, last, &t.at); next == pos {
				return pos
			}
			pos = next
			continue
		}
		if !ok {
			return pos
		}
		if p := skipSpace(buf, pos, end); p < end {
			t.record(b, buf, p, end)
		}
		t.at++
		pos = min(next, len(buf))
	}
	return pos
}

func (t *ndjsonTokenizer) record(b *block, buf []byte, p, end int) {
	for _, column := range b.fields {
		column[b.rows] = span{}
	}
	// A sample learns no column from a line that is not sound.
	sound := t.learn == nil || (buf[p] == '{' && scanNested(b, buf, p, end, 0) >= 0)
	if !sound || !t.object(b, buf, p, end) {
		b.reject(t.at, ruleJSON, "is not a JSON object")
		return
	}
	b.lines[b.rows] = t.at
	b.rows++
}

// object reads the one object of buf[p:end].
func (t *ndjsonTokenizer) object(b *block, buf []byte, p, end int) bool {
	if buf[p] != '{' {
		return false
	}
	p = skipSpace(buf, p+1, end)
	if p < end && buf[p] == '}' {
		return skipSpace(buf, p+1, end) == end
	}
	for n := 0; ; n++ {
		slot, after := t.key(b, buf, p, end, n)
		if after < 0 {
			return false
		}
		if buf[after-1] != ':' { // else the colon was read with the key
			if after = skipSpace(buf, after, end); after == end || buf[after] != ':' {
				return false
			}
			after++
		}
		if p = skipSpace(buf, after, end); p == end {
			return false
		}
		f, after := t.value(b, buf, p, end, slot)
		if after < 0 {
			return false
		}
		if slot != unwanted {
			b.fields[slot][b.rows] = f
		}
		if p = skipSpace(buf, after, end); p == end {
			return false
		}
		switch buf[p] {
		case ',':
			p = skipSpace(buf, p+1, end)
		case '}':
			return skipSpace(buf, p+1, end) == end
		default:
			return false
		}
	}
}

// key reads the n-th key of an object, and the colon where it follows at once;
// after is negative when there is none.
func (t *ndjsonTokenizer) key(b *block, buf []byte, p, end, n int) (slot, after int) {
	if n < len(t.order) {
		if k := &t.order[n]; k.at(buf, p, end) {
			return k.slot, p + len(k.literal)
		}
	}
	if p == end || buf[p] != '"' {
		return 0, -1
	}
	mark := len(b.scratch)
	f, after := scanString(b, buf, p, end, true)
	if after < 0 {
		return 0, -1
	}
	name := b.bytes(f)
	slot, known := t.slots[string(name)]
	if !known {
		slot = unwanted
		if t.learn != nil {
			slot = t.learn(string(name))
			t.slots[string(name)] = slot
			t.raw = append(t.raw, false)
		}
	}
	b.scratch = b.scratch[:mark]
	if after < end && buf[after] == ':' {
		after++
	}
	k := newKey(buf[p:after], slot)
	switch {
	case n < len(t.order):
		t.order[n] = k
	case n == len(t.order) && n < maxPredicted:
		t.order = append(t.order, k)
	}
	return slot, after
}

// maxPredicted bounds how many keys are remembered.
const maxPredicted = 4096

// value reads a value; after is negative when there is none.
func (t *ndjsonTokenizer) value(b *block, buf []byte, p, end, slot int) (f span, after int) {
	switch c := buf[p]; {
	case c == '"':
		wantText := slot != unwanted && !t.raw[slot]
		f, after = scanString(b, buf, p, end, wantText)
		if after >= 0 && !wantText {
			f = span{uint32(p), uint32(after)}
		}
		return f, after
	case c == 'n':
		return span{}, scanLiteral(buf, p, end, "null")
	case c == 't':
		after = scanLiteral(buf, p, end, "true")
	case c == 'f':
		after = scanLiteral(buf, p, end, "false")
	case c == '{' || c == '[':
		after = scanNested(b, buf, p, end, 0)
	default:
		after = scanNumber(buf, p, end)
	}
	return span{uint32(p), uint32(max(after, 0))}, after
}

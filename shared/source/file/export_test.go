package file

import "strconv"

// WithLimits makes limits small enough for tests to reach them.
func WithLimits(f *Files, batchRows, recordBytes int) *Files {
	f.limits.batchRows, f.limits.recordBytes, f.limits.bufferBytes = batchRows, recordBytes, 2*recordBytes
	return f
}

// WithPages makes pages of a discovery small.
func WithPages(f *Files, tables int) *Files {
	f.limits.pageTables = tables
	return f
}

// The parsers of single values, for fuzzing.
var (
	ParseInt       = parseInt
	ParseFloat     = parseFloat
	ParseDate      = parseDate
	ParseTimestamp = parseTimestamp
)

// The parsers that go byte by byte, and say what is a value.
var (
	ParseAnyInt   = parseAnyInt
	ParseAnyFloat = parseAnyFloat
)

// Dialect is how a CSV is written.
type Dialect = dialect

// Records are the fields of every record of a text and whether it is well formed,
// read in pieces of some bytes: by words, or each record on its own, byte by byte.
func Records(d Dialect, fields, maxRecord int, text []byte, byWords bool) (all [][]string) {
	slots := make([]int, fields)
	for i := range slots {
		slots[i] = i
	}
	b, t := newBlock(fields, 3), newCSV(d, slots, maxRecord, 1)
	add := func() {
		for row := range b.rows {
			record := []string{strconv.FormatInt(b.lines[row], 10)}
			for _, column := range b.fields {
				f := column[row]
				record = append(record, string(b.bytes(f))+" "+strconv.FormatBool(f.null())+" "+strconv.FormatBool(f.text()))
			}
			all = append(all, record)
		}
		for _, r := range b.rejects {
			all = append(all, []string{strconv.FormatInt(r.Origin, 10), r.Rule, r.Reason})
		}
	}
	for pos := 0; pos < len(text); {
		b.reset(text)
		if byWords {
			pos = t.tokenize(b, text, pos, true)
		} else {
			pos = t.oneByOne(b, text, pos)
		}
		add()
	}
	return all
}

// oneByOne is tokenize of one record, without what finds many at once.
func (t *csvTokenizer) oneByOne(b *block, buf []byte, pos int) int {
	at, line := skipBlank(buf, pos)
	t.at += line - 1
	if at == len(buf)-1 && buf[at] == '\r' {
		return len(buf)
	}
	if at == len(buf) {
		return at
	}
	t.marks.seek(at)
	t.into = b.fields
	fields, newlines, next, wellFormed, _ := t.record(b, buf, at, true)
	if next-1-at >= t.maxRecord {
		return t.skip.begin(b, buf, at, t.maxRecord, true, &t.at)
	}
	t.take(b, fields, wellFormed)
	t.at += int64(newlines)
	return min(next, len(buf))
}

// ScanNumber is where a JSON number ends, found by words and byte by byte.
func ScanNumber(text []byte) (byWords, byBytes int) {
	return scanNumber(text, 0, len(text)), scanAnyNumber(text, 0, len(text))
}

// ScanString is the content of a JSON string and where it ends, negative when it does not.
func ScanString(text []byte) (string, int) {
	b := newBlock(0, 1)
	b.reset(text)
	f, after := scanString(b, text, 0, len(text), true)
	if after < 0 {
		return "", after
	}
	return string(b.bytes(f)), after
}

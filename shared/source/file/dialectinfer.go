package file

import (
	"bytes"
	"slices"
)

// The bounds of what is looked at to tell a file's dialect.
const (
	trialBytes = 64 * kib
	trialRows  = 256
)

// trial is how well a dialect fits the beginning of a file.
type trial struct {
	dialect dialect
	fields  int     // of the first record
	good    float64 // share of the bytes that are in well-formed records of so many fields
	quotes  int     // well-formed quoted fields
	records int
}

// infer tells the dialect of a CSV file from its beginning; with last, buf is
// all of it. What the settings say stands, the rest is what fits best: the
// dialect in which most of the sample are well-formed records of one width, and
// of two that fit alike, the more usual one.
func (o override) infer(buf []byte, last bool) dialect {
	if len(buf) > trialBytes {
		buf, last = buf[:trialBytes], false
	}
	best := o.delimited(buf, last)
	best = o.quoted(buf, last, best)
	d := best.dialect
	d.Nulls, d.Encoding = o.nulls, o.encoding
	switch o.header {
	case headerAbsent:
		d.Headless = true
	case headerPresent:
	default:
		d.Headless = looksHeadless(buf, last, d)
	}
	return d
}

// usual are the delimiters to choose from, the most usual first.
var usual = [...]byte{',', ';', '\t', '|'}

// delimited chooses the delimiter: of those that fit equally well the one that
// makes most columns, since a decimal comma also makes columns.
func (o override) delimited(buf []byte, last bool) trial {
	base := o.plainest()
	if o.delimiter != 0 {
		base.Delimiter = o.delimiter
		return try(base, buf, last)
	}
	first := try(base, buf, last)
	line, _, _ := bytes.Cut(buf, []byte{'\n'})
	if first.good == 1 && first.fields > 1 && !bytes.ContainsAny(line, ";\t|") {
		return first
	}
	best := first
	for _, c := range usual[1:] {
		d := base
		d.Delimiter = c
		t := try(d, buf, last)
		if t.fields > 1 && (best.fields == 1 || t.good > best.good || t.good == best.good && t.fields > best.fields) {
			best = t
		}
	}
	return best
}

// plainest is the dialect of the settings, and else the standard one.
func (o override) plainest() dialect {
	d := standard
	if o.quote != 0 {
		d.Quote = o.quote
	}
	if o.unquoted {
		d.Quote = 0
	}
	if o.escape == escapeBackslash {
		d.Escape = '\\'
	}
	return d
}

// quoted chooses quote and escape, when the settings do not say them. Another
// than the standard one needs evidence: escaped quotes, fields in apostrophes
// and none in quotes, or quotes that close nothing.
func (o override) quoted(buf []byte, last bool, best trial) trial {
	d := best.dialect
	escapes := o.escape == "" || o.escape == auto
	if escapes && d.Quote != 0 && bytes.Contains(buf, []byte{'\\', d.Quote}) {
		d.Escape = '\\'
		if t := try(d, buf, last); t.good > best.good && t.quotes > 0 {
			best = t
		}
	}
	if o.quote != 0 || o.unquoted || best.quotes > 0 {
		return best
	}
	d = best.dialect
	d.Quote = '\''
	if t := try(d, buf, last); t.quotes >= t.records && t.records > 1 && t.good >= best.good && t.good > mostly {
		best = t
	}
	d.Quote = 0
	if t := try(d, buf, last); best.good < mostly && t.good > best.good {
		best = t
	}
	return best
}

// mostly is a share that some broken records do not explain.
const mostly = 0.9

// try reads the sample in a dialect.
func try(d dialect, buf []byte, last bool) trial {
	t := trial{dialect: d}
	tok := newCSV(d, nil, len(buf)+1, 1)
	b := newBlock(0, 1)
	b.reset(buf)
	total, good := 0, 0
	pos, _ := skipBlank(buf, 0)
	for pos < len(buf) && t.records < trialRows {
		b.scratch = b.scratch[:0]
		fields, _, next, wellFormed, ok := tok.record(b, buf, pos, last)
		if !ok {
			if rest := len(buf) - pos; rest*4 > len(buf) { // more than the record that the sample cuts
				total += rest
			}
			break
		}
		if t.records == 0 {
			t.fields = fields
		}
		t.records++
		total += next - pos
		if wellFormed && fields == t.fields {
			good += next - pos
		}
		next = min(next, len(buf))
		blank, _ := skipBlank(buf, next)
		pos = blank
	}
	t.quotes = tok.quotes
	if total > 0 {
		t.good = float64(good) / float64(total)
	}
	return t
}

// looksHeadless reports whether the first record is one of values: it has a
// value of the column's type wherever the values below have a type of their own,
// and there is such a column.
func looksHeadless(buf []byte, last bool, d dialect) bool {
	pos, _ := skipBlank(buf, 0)
	first, _, next, wellFormed, ok := firstRecord(d, buf, pos, last)
	if !ok || !wellFormed || slices.ContainsFunc(first, d.null) {
		return false
	}
	slots := make([]int, len(first))
	for i := range slots {
		slots[i] = i
	}
	b := newBlock(len(first), trialRows)
	b.reset(buf)
	newCSV(d, slots, len(buf)+1, 1).tokenize(b, buf, min(next, len(buf)), last)
	b.nullify(d.Nulls)
	typed := false
	for i, value := range first {
		var c inference
		for _, f := range b.fields[i][:b.rows] {
			c.see(b.bytes(f), f, false)
		}
		if !c.valued || c.possible == 0 {
			continue
		}
		if !c.fits([]byte(value)) {
			return false
		}
		typed = true
	}
	return typed
}

// null reports whether a field of the text is NULL to the dialect.
func (d dialect) null(field string) bool { return field == "" || slices.Contains(d.Nulls, field) }

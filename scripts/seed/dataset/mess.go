package dataset

// Rates in 10,000.
const (
	duplicateRate = 150
	nullIDRate    = 20
	badEmailRate  = 80
	untidyRate    = 600
)

// brokenEvery is how many rows a file has for each pair of broken lines, and brokenFrom how many it needs to have any.
const (
	brokenEvery = 10_000
	brokenFrom  = 1_000
)

// reach is how far back a duplicate's original can be.
const reach = 50

// fate decides what is the matter with row n of a table: one kind of mess, or "" for none. It is never NullValue.
func (w *world) fate(t *table, n int64) Mess {
	if w.clean {
		return ""
	}
	w.dice.about(ofFate+t.place, n)
	switch u := w.dice.IntN(10_000); {
	case u < duplicateRate:
		return Duplicate
	case u < duplicateRate+nullIDRate:
		return NullIdentifier
	case u < duplicateRate+nullIDRate+badEmailRate:
		if t.hasEmail {
			return BadEmail
		}
		return ""
	case u < duplicateRate+nullIDRate+badEmailRate+untidyRate:
		return Untidy
	}
	return ""
}

// original follows duplicates back to the row they repeat, within the rows from first on, and returns that row and its fate.
func (w *world) original(t *table, n, first int64) (int64, Mess) {
	for {
		fate := w.fate(t, n)
		if fate != Duplicate {
			return n, fate
		}
		if n == first {
			return n, ""
		}
		n -= 1 + w.dice.Int64N(min(n-first, reach))
	}
}

// appendUntidy writes clean, which is lower-case ASCII, with some letters raised and spaces around it.
func appendUntidy(dst, clean []byte, d *dice) []byte {
	dst = append(dst, "   "[:d.IntN(3)]...)
	raise := d.Uint64() | 1
	for n, b := range clean {
		if raise>>(n%64)&1 == 1 && 'a' <= b && b <= 'z' {
			b -= 'a' - 'A'
		}
		dst = append(dst, b)
	}
	return append(dst, "   "[:1+d.IntN(2)]...)
}

// appendBadEmail writes something that stood in an e-mail field and is no address.
func appendBadEmail(dst []byte, c customer, d *dice) []byte {
	switch d.IntN(5) {
	case 0:
		return append(append(append(dst, c.first.folded...), '.'), c.last.folded...)
	case 1:
		return append(append(dst, c.first.folded...), "@@inbox.example"...)
	case 2:
		return append(append(dst, c.last.folded...), '@')
	case 3:
		return append(append(append(append(dst, c.first.folded...), ' '), c.last.folded...), "@inbox.example"...)
	}
	return append(dst, "not provided"...)
}

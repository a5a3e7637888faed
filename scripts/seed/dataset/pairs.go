package dataset

import (
	"encoding/hex"
	"strconv"
	"time"
)

func identityPairs() table {
	return table{
		name: IdentityPairs, place: 3, fill: fillPair, hasEmail: true,
		columns: []Column{
			{"first_id", String},
			{"first_id_type", String},
			{"second_id", String},
			{"second_id_type", String},
			{"linked_at", Timestamp},
		},
		identifiers: []int{0, 2},
		broken:      4,
		garbage:     "2026-13-45T99:00:00Z",
	}
}

// fillPair makes the n-th pair. Each customer has three: e-mail and cookie, cookie and device, e-mail and phone; then, in
// further rounds, new cookies and devices. Followed from one to the next they lead to everything of one customer.
func fillPair(w *world, n int64, fate Mess, _ span, r *row) Mess {
	who, _ := w.original(&w.profiles, n/3%w.customers, 0)
	c := w.customer(who)
	round := n / (3 * w.customers)
	nth := who + round*w.customers // numbers the customer's cookies and devices apart
	kind := n % 3

	made := Mess("")
	start := len(r.text)
	var first string
	if kind == 1 {
		first = "cookie"
		r.text = w.appendCookie(r.text, nth)
	} else {
		first = "email"
		r.text = c.appendEmail(r.text)
	}
	w.dice.about(ofRow+3, n)
	switch {
	case fate == Untidy:
		made = Untidy
		clean := r.text[start:]
		start = len(r.text)
		r.text = appendUntidy(r.text, clean, w.dice)
	case fate == BadEmail && first == "email":
		made = BadEmail
		r.text = appendBadEmail(r.text[:start], c, w.dice)
	}
	r.since(start)
	r.str(first)

	linked := firstDay().Add(-time.Duration(w.dice.IntN(365*24*60*60)) * time.Second)
	start = len(r.text)
	var second string
	switch {
	case kind == 0:
		second = "cookie"
		r.text = w.appendCookie(r.text, nth)
	case kind == 2 && round == 0:
		second = "phone"
		r.text = w.appendPhone(r.text, c)
	default:
		second = "device"
		r.text = w.appendDevice(r.text, nth)
	}
	if fate == NullIdentifier {
		r.null()
	} else {
		r.since(start)
	}
	r.str(second)
	r.time(linked)
	return made
}

func (w *world) appendCookie(dst []byte, nth int64) []byte {
	w.dice.about(ofCookie, nth)
	b := w.dice.sixteen()
	return hex.AppendEncode(append(dst, "ck."...), b[:12])
}

// appendDevice spells an advertising identifier: a version 4 UUID.
func (w *world) appendDevice(dst []byte, nth int64) []byte {
	w.dice.about(ofDevice, nth)
	b := w.dice.sixteen()
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	for n, part := range [...][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if n > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// appendPhone spells a number in E.164.
func (w *world) appendPhone(dst []byte, c customer) []byte {
	w.dice.about(ofPhone, c.number)
	dst = append(append(append(dst, '+'), c.country.dial...), c.country.lead...)
	for range c.country.digits {
		dst = strconv.AppendInt(dst, w.dice.Int64N(10), 10)
	}
	return dst
}

func (d *dice) sixteen() [16]byte {
	var b [16]byte
	for n, half := range [...]uint64{d.Uint64(), d.Uint64()} {
		for at := range 8 {
			b[n*8+at] = byte(half >> (8 * at))
		}
	}
	return b
}

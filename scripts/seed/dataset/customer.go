package dataset

import (
	"strconv"
	"strings"
	"unicode"
)

// maxCustomers bounds customer numbers, and with them rows, so that identifiers stay distinct.
const maxCustomers = 1 << 36

// name is a person's name and its spelling in an e-mail address.
type name struct{ shown, folded string }

// country is a place with its names made ready.
type country struct {
	place
	first, last []name
}

// world is everything rows are made from. It is not safe for concurrent use: each file has its own.
type world struct {
	dice      *dice
	profiles  table
	countries []country
	weighted  []int // an index into countries, as often as its weight
	customers int64
	clean     bool
}

func newWorld(opts Options) *world {
	w := &world{dice: newDice(opts.Seed), profiles: profiles(), customers: opts.Customers, clean: opts.Clean}
	fold := folder()
	for n, p := range places() {
		w.countries = append(w.countries, country{place: p, first: folded(fold, p.first), last: folded(fold, p.last)})
		for range p.weight {
			w.weighted = append(w.weighted, n)
		}
	}
	return w
}

func folded(fold *strings.Replacer, shown []string) []name {
	out := make([]name, len(shown))
	for n, s := range shown {
		lower := fold.Replace(strings.ToLower(s))
		out[n] = name{shown: s, folded: strings.Map(func(r rune) rune {
			if r > unicode.MaxASCII {
				return -1
			}
			return r
		}, lower)}
	}
	return out
}

// household is what its members share.
type household struct {
	number  int64
	country *country
	city    *city
	last    name
}

// customer is a person, the same in every table.
type customer struct {
	number int64
	household
	first, last name
	style       int // how the e-mail address is made
}

// householdOf groups neighbouring customer numbers: every twelve of them live in six households.
func (w *world) householdOf(number int64) household {
	of := [12]int64{0, 1, 1, 2, 2, 2, 2, 3, 4, 4, 4, 5}
	h := household{number: number/12*6 + of[number%12]}
	w.dice.about(ofHousehold, h.number)
	h.country = &w.countries[pick(w.dice, w.weighted)]
	h.city = &h.country.cities[w.dice.IntN(len(h.country.cities))]
	h.last = pick(w.dice, h.country.last)
	return h
}

func (w *world) customer(number int64) customer {
	c := customer{number: number, household: w.householdOf(number)}
	w.dice.about(ofCustomer, number)
	c.first = pick(w.dice, c.country.first)
	c.last = c.household.last
	if w.dice.chance(1500) {
		c.last = pick(w.dice, c.country.last)
	}
	c.style = w.dice.IntN(4)
	return c
}

// appendUserID spells a customer's identifier: "usr_" and ten letters and digits. The number is spread reversibly over
// 50 bits, so identifiers are distinct and do not tell how many customers there are.
func (w *world) appendUserID(dst []byte, number int64) []byte {
	const (
		bits     = 50
		mask     = 1<<bits - 1
		alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	)
	x := uint64(number) + mix(w.dice.seed)
	for range 2 {
		x &= mask
		x ^= x >> (bits / 2)
		x *= 0x9e3779b97f4a7c15
	}
	x &= mask
	x ^= x >> (bits / 2)
	dst = append(dst, "usr_"...)
	for shift := bits - 5; shift >= 0; shift -= 5 {
		dst = append(dst, alphabet[x>>shift&31])
	}
	return dst
}

// appendEmail spells the customer's address. It ends in the customer's number, so it is nobody else's, and its domain is
// reserved for examples, so it is nobody's outside either.
func (c customer) appendEmail(dst []byte) []byte {
	switch c.style {
	case 0:
		dst = append(append(append(dst, c.first.folded...), '.'), c.last.folded...)
	case 1:
		dst = append(append(append(dst, c.first.folded[0]), '.'), c.last.folded...)
	case 2:
		dst = append(dst, c.first.folded...)
	default:
		dst = append(append(append(dst, c.last.folded...), '_'), c.first.folded...)
	}
	dst = strconv.AppendInt(dst, c.number, 10)
	domains := [4]string{"@inbox.example", "@post.example.org", "@mail.example.net", "@example.com"}
	return append(dst, domains[(c.number+int64(c.style))%4]...)
}

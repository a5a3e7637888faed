package file

import "github.com/headwaterhq/headwater/shared/schema"

// kinds is the set of types that all values seen so far could have.
type kinds uint8

const (
	kindInt kinds = 1 << iota
	kindFloat
	kindBool
	kindDate
	kindTimestamp
)

const anyKinds = kindInt | kindFloat | kindBool | kindDate | kindTimestamp

// inference is what is known of one column of a text format.
type inference struct {
	possible kinds
	valued   bool // some value was not NULL
	nested   bool // some value was a JSON object or array
	scalar   bool // and some other was not, or nobody looked into it
	inner    *nesting
}

// see narrows the column by a field. With typed, literals carry their kind.
func (c *inference) see(f []byte, s span, typed bool) {
	if s.null() || (len(f) == 0 && !typed) { // a quoted "" is NULL to any type but text
		return
	}
	if typed && !s.text() && (f[0] == '{' || f[0] == '[') {
		c.seeJSON(f, 0)
		return
	}
	if !c.valued {
		c.valued, c.possible = true, anyKinds
	}
	c.scalar = c.scalar || c.nested
	if typed && s.text() {
		c.possible &= kindDate | kindTimestamp
	} else if typed {
		c.possible &= kindInt | kindFloat | kindBool
	}
	for k := kindInt; k <= kindTimestamp; k <<= 1 {
		if c.possible&k != 0 && !k.fits(f) {
			c.possible &^= k
		}
	}
}

// fits reports whether a value is of a type that all values seen have.
func (c *inference) fits(f []byte) bool {
	for k := kindInt; k <= kindTimestamp; k <<= 1 {
		if c.possible&k != 0 && k.fits(f) {
			return true
		}
	}
	return false
}

func (k kinds) fits(f []byte) (ok bool) {
	switch k {
	case kindInt:
		_, ok = parseInt(f)
	case kindFloat:
		_, ok = parseFloat(f)
	case kindBool:
		_, ok = parseBool(f)
	case kindDate:
		_, ok = parseDate(f)
	case kindTimestamp:
		_, ok = parseTimestamp(f)
	}
	return ok
}

// column is the narrowest type that holds every value seen, without loss.
// Text formats never say that a column has no NULL, so it may have.
func (c *inference) column(name string) schema.Column {
	col := schema.Column{Name: name, Type: schema.String, Native: "text", Nullable: true}
	switch {
	case c.nested:
		col.Type, col.Native = schema.JSON, "json"
		c.shape(&col)
	case c.possible&kindInt != 0:
		col.Type = schema.Int64
	case c.possible&kindFloat != 0:
		col.Type = schema.Float64
	case c.possible&kindBool != 0:
		col.Type = schema.Bool
	case c.possible&kindDate != 0:
		col.Type = schema.Date
	case c.possible&kindTimestamp != 0:
		col.Type = schema.Timestamp
	}
	return col
}

package file

import (
	"github.com/headwaterhq/headwater/shared/schema"
)

// The bounds of what a schema shows of nested JSON. An object with more keys is
// taken for a map, whose keys are values.
const (
	maxNestedFields = 200
	maxNestedDepth  = 8
)

// nesting is what is known of the objects and arrays that a column holds.
type nesting struct {
	arrays, objects bool
	names           []string
	fields          map[string]*inference
	element         *inference // of the arrays
}

// seeJSON narrows what is known by a JSON value that is well-formed.
func (c *inference) seeJSON(value []byte, depth int) {
	switch value[0] {
	case 'n':
	case '"':
		c.see(value[1:len(value)-1], span{0, uint32(len(value)-2) | isText}, true)
	case '{', '[':
		c.scalar = c.scalar || c.valued && !c.nested
		c.valued, c.nested, c.possible = true, true, 0
		c.descend(value, depth)
	default:
		c.see(value, span{0, uint32(len(value))}, true)
	}
}

func (c *inference) nests() *nesting {
	if c.inner == nil {
		c.inner = &nesting{}
	}
	return c.inner
}

// descend looks at the members of an object or the elements of an array.
func (c *inference) descend(value []byte, depth int) {
	if depth == maxNestedDepth {
		c.scalar = true
		return
	}
	n := c.nests()
	if value[0] == '[' {
		n.arrays = true
		if n.element == nil {
			n.element = &inference{}
		}
		members(value, func(_, v []byte) { n.element.seeJSON(v, depth+1) })
		return
	}
	n.objects = true
	members(value, func(key, v []byte) {
		field, known := n.fields[string(key)]
		if !known {
			if len(n.names) > maxNestedFields {
				return
			}
			if n.fields == nil {
				n.fields = make(map[string]*inference)
			}
			field = &inference{}
			n.fields[string(key)] = field
			n.names = append(n.names, string(key))
		}
		field.seeJSON(v, depth+1)
	})
}

// shape sets what a schema shows of nested values: the fields of objects, or
// of the objects in arrays. Where values of different kinds meet it shows nothing.
func (c *inference) shape(col *schema.Column) {
	n := c.inner
	if n == nil || c.scalar || n.arrays == n.objects {
		return
	}
	if n.arrays {
		col.Repeated = true
		c = n.element
		if n = c.inner; n == nil || c.scalar || n.arrays {
			return
		}
	}
	if len(n.names) > maxNestedFields {
		return
	}
	for _, name := range n.names {
		col.Fields = append(col.Fields, n.fields[name].column(name))
	}
}

// members calls see for every member of an object, or for every element of an
// array, of well-formed JSON.
func members(value []byte, see func(key, v []byte)) {
	end := len(value) - 1
	object := value[0] == '{'
	var b block
	for p := skipSpace(value, 1, end); p < end; {
		var key []byte
		if object {
			b.reset(value)
			f, after := scanString(&b, value, p, end, true)
			key = b.bytes(f)
			p = skipSpace(value, skipSpace(value, after, end)+1, end)
		}
		after := scanValue(&b, value, p, end, 0)
		if after < 0 {
			return
		}
		see(key, value[p:after])
		p = skipSpace(value, skipSpace(value, after, end)+1, end)
	}
}

// appendCompact appends well-formed JSON without the space between its tokens.
func appendCompact(to, value []byte) []byte {
	from := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case ' ', '\t', '\r', '\n':
			to = append(to, value[from:i]...)
			from = i + 1
		case '"':
			for i++; value[i] != '"'; i++ {
				if value[i] == '\\' {
					i++
				}
			}
		}
	}
	return append(to, value[from:]...)
}

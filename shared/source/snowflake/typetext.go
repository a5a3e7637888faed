package snowflake

import (
	"errors"
	"strconv"
	"strings"
)

var errType = errors.New("a type is written in a way that is not known")

// parseType reads a type as DESCRIBE writes it: NUMBER(10,2),
// ARRAY(VARCHAR(16) NOT NULL), MAP(VARCHAR, NUMBER(38,0)), OBJECT(city VARCHAR).
func parseType(text string) (nativeType, error) {
	p := typeParser{rest: text}
	n, err := p.parse()
	if err != nil {
		return nativeType{}, err
	}
	// DESCRIBE names a collation after the type; it comes from elsewhere.
	if rest := strings.TrimSpace(p.rest); rest != "" && !strings.HasPrefix(strings.ToUpper(rest), "COLLATE") {
		return nativeType{}, errType
	}
	return n, nil
}

// typeParser takes a type apart from its beginning.
type typeParser struct{ rest string }

func (p *typeParser) parse() (nativeType, error) {
	n := nativeType{base: baseOf(p.word())}
	if n.base == "" {
		return n, errType
	}
	if !p.take("(") {
		return n, nil
	}
	var err error
	switch n.base {
	case "ARRAY":
		n.element, err = p.nested("element")
	case "MAP":
		if n.key, err = p.nested("key"); err == nil && p.take(",") {
			n.element, err = p.nested("value")
		}
	case "OBJECT":
		err = p.object(&n)
	case "VECTOR":
		n.element = &nativeField{name: "element", nativeType: nativeType{base: baseOf(p.word()), precision: vectorPrecision}}
		if p.take(",") {
			n.length, err = strconv.ParseInt(p.word(), 10, 64)
		}
	default:
		err = p.numbers(&n)
	}
	if err == nil && !p.take(")") {
		err = errType
	}
	return n, err
}

func (p *typeParser) numbers(n *nativeType) error {
	first, err := strconv.ParseInt(p.word(), 10, 32)
	if err != nil {
		return errType
	}
	switch n.base {
	case "NUMBER":
		n.precision = int32(first)
		if p.take(",") {
			scale, err := strconv.ParseInt(p.word(), 10, 32)
			n.scale = int32(scale)
			return err
		}
	case "TEXT", "BINARY":
		n.length = first
	default:
		n.scale = int32(first)
	}
	return nil
}

func (p *typeParser) object(n *nativeType) error {
	for {
		name := p.word()
		f, err := p.nested(name)
		if err != nil || name == "" {
			return errType
		}
		n.fields = append(n.fields, *f)
		if !p.take(",") {
			return nil
		}
	}
}

// nested reads a type and whether it can be NULL.
func (p *typeParser) nested(name string) (*nativeField, error) {
	n, err := p.parse()
	f := named(nativeField{nullable: true, nativeType: n}, name)
	rest := strings.TrimLeft(p.rest, " ")
	if after, ok := strings.CutPrefix(strings.ToUpper(rest), "NOT NULL"); ok {
		f.nullable, p.rest = false, rest[len(rest)-len(after):]
	}
	return f, err
}

// word takes a name, in quotes or not, or a number.
func (p *typeParser) word() string {
	p.rest = strings.TrimLeft(p.rest, " ")
	if strings.HasPrefix(p.rest, `"`) {
		for i := 1; i < len(p.rest); i++ {
			if p.rest[i] != '"' {
				continue
			}
			if strings.HasPrefix(p.rest[i+1:], `"`) {
				i++
				continue
			}
			word := strings.ReplaceAll(p.rest[1:i], `""`, `"`)
			p.rest = p.rest[i+1:]
			return word
		}
		return ""
	}
	end := strings.IndexAny(p.rest, " (),")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

func (p *typeParser) take(token string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " "), token)
	if ok {
		p.rest = rest
	}
	return ok
}

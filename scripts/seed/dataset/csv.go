package dataset

import (
	"bytes"
	"strconv"
)

// csvStyle writes RFC 4180 with a header and line feeds; a null is an empty field.
type csvStyle struct{}

func (csvStyle) header(dst []byte, t *table) []byte {
	for n, c := range t.columns {
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c.Name...)
	}
	return append(dst, '\n')
}

func (csvStyle) line(dst []byte, t *table, r *row) []byte {
	for n := range r.cells {
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(dst, t.columns[n].Type, &r.cells[n])
	}
	return append(dst, '\n')
}

func (csvStyle) kinds() [2]Mess { return [2]Mess{Ragged, UnparsableValue} }

func (s csvStyle) broken(dst []byte, t *table, r *row, kind Mess) []byte {
	if kind == UnparsableValue {
		for n := range r.cells {
			if n > 0 {
				dst = append(dst, ',')
			}
			if n == t.broken {
				dst = append(dst, t.garbage...)
			} else {
				dst = appendField(dst, t.columns[n].Type, &r.cells[n])
			}
		}
		return append(dst, '\n')
	}
	if len(r.text)%2 == 0 {
		dst = s.line(dst, t, r)
		return append(dst[:len(dst)-1], ",,stray\n"...)
	}
	short := row{cells: r.cells[:len(r.cells)-2]}
	return s.line(dst, t, &short)
}

func appendField(dst []byte, typ Type, c *cell) []byte {
	if c.null {
		return dst
	}
	switch typ {
	case String:
		return appendQuoted(dst, c.text)
	case Float:
		return strconv.AppendFloat(dst, c.real, 'f', -1, 64)
	case Bool:
		return strconv.AppendBool(dst, c.num != 0)
	case Timestamp:
		return appendTime(dst, c.num)
	case Date:
		return appendDate(dst, c.num)
	}
	return strconv.AppendInt(dst, c.num, 10)
}

// appendQuoted quotes a field that would otherwise be read as something else, or lose its spaces.
func appendQuoted(dst, text []byte) []byte {
	if !bytes.ContainsAny(text, ",\"\r\n") && (len(text) == 0 || text[0] != ' ' && text[len(text)-1] != ' ') {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for _, b := range text {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

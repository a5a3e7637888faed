package dataset

import "strconv"

// jsonStyle writes one object per line, its members in column order; a null is null.
type jsonStyle struct {
	keys [][]byte // what stands before each value
}

func newJSONStyle(t *table) jsonStyle {
	s := jsonStyle{}
	for n, c := range t.columns {
		key := []byte{','}
		if n == 0 {
			key[0] = '{'
		}
		s.keys = append(s.keys, append(strconv.AppendQuote(key, c.Name), ':'))
	}
	return s
}

func (jsonStyle) header(dst []byte, _ *table) []byte { return dst }

func (s jsonStyle) line(dst []byte, t *table, r *row) []byte {
	for n := range r.cells {
		dst = append(dst, s.keys[n]...)
		dst = appendValue(dst, t.columns[n].Type, &r.cells[n])
	}
	return append(dst, "}\n"...)
}

func (jsonStyle) kinds() [2]Mess { return [2]Mess{TruncatedJSON, WrongType} }

func (s jsonStyle) broken(dst []byte, t *table, r *row, kind Mess) []byte {
	if kind == TruncatedJSON {
		start := len(dst)
		dst = s.line(dst, t, r)
		return append(dst[:start+(len(dst)-start)*2/3], '\n')
	}
	for n := range r.cells {
		dst = append(dst, s.keys[n]...)
		if n == t.broken {
			dst = append(append(append(dst, `{"raw":"`...), t.garbage...), `"}`...)
		} else {
			dst = appendValue(dst, t.columns[n].Type, &r.cells[n])
		}
	}
	return append(dst, "}\n"...)
}

func appendValue(dst []byte, typ Type, c *cell) []byte {
	if c.null {
		return append(dst, "null"...)
	}
	switch typ {
	case String:
		return appendJSON(dst, c.text)
	case Float:
		return strconv.AppendFloat(dst, c.real, 'f', -1, 64)
	case Bool:
		return strconv.AppendBool(dst, c.num != 0)
	case Timestamp:
		return append(appendTime(append(dst, '"'), c.num), '"')
	case Date:
		return append(appendDate(append(dst, '"'), c.num), '"')
	}
	return strconv.AppendInt(dst, c.num, 10)
}

// appendJSON writes UTF-8 without control characters, which is all that the tables hold, as a JSON string.
func appendJSON(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, b := range text {
		if b == '"' || b == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

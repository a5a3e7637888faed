// Package datatype knows Snowflake's column types: how they are written, how
// they are described on the wire and by SHOW, and what stands for them in
// DuckDB.
package datatype

import (
	"fmt"
	"strconv"
	"strings"
)

// A Base is a kind of type, spelled as on the wire.
type Base string

const (
	Fixed     Base = "fixed"
	Real      Base = "real"
	Text      Base = "text"
	Binary    Base = "binary"
	Boolean   Base = "boolean"
	Date      Base = "date"
	Time      Base = "time"
	NTZ       Base = "timestamp_ntz"
	LTZ       Base = "timestamp_ltz"
	TZ        Base = "timestamp_tz"
	Variant   Base = "variant"
	Object    Base = "object"
	Array     Base = "array"
	Map       Base = "map"
	Geography Base = "geography"
	Geometry  Base = "geometry"
	Vector    Base = "vector"
)

// Sizes that the service gives types without a length, since its lengths grew
// to 128 MB for text it is still 16 MB where a column names none.
const (
	maxText   = 16777216
	maxBinary = 8388608
)

// A Type is the type of a column. Which fields count depends on Base: Precision
// and Scale of numbers, Scale of times, Length of texts and binaries, Length
// and Scale (0 for INT, 1 for FLOAT) of vectors.
type Type struct {
	Base                     Base
	Precision, Scale, Length int
	// Inner is what stands in the parentheses of a structured OBJECT, ARRAY or
	// MAP, whose values are stored and sent as JSON like those of others.
	Inner string
}

var plain = map[string]Type{
	"FLOAT": {Base: Real}, "FLOAT4": {Base: Real}, "FLOAT8": {Base: Real}, "DOUBLE": {Base: Real}, "REAL": {Base: Real}, "DOUBLE PRECISION": {Base: Real},
	"BOOLEAN": {Base: Boolean}, "DATE": {Base: Date}, "VARIANT": {Base: Variant}, "OBJECT": {Base: Object}, "ARRAY": {Base: Array},
	"GEOGRAPHY": {Base: Geography}, "GEOMETRY": {Base: Geometry},
	"INT": {Base: Fixed, Precision: 38}, "INTEGER": {Base: Fixed, Precision: 38}, "BIGINT": {Base: Fixed, Precision: 38}, "SMALLINT": {Base: Fixed, Precision: 38}, "TINYINT": {Base: Fixed, Precision: 38}, "BYTEINT": {Base: Fixed, Precision: 38},
}

var scaled = map[string]Base{
	"TIME": Time, "TIMESTAMP": NTZ, "DATETIME": NTZ, "TIMESTAMP_NTZ": NTZ, "TIMESTAMPNTZ": NTZ,
	"TIMESTAMP_LTZ": LTZ, "TIMESTAMPLTZ": LTZ, "TIMESTAMP_TZ": TZ, "TIMESTAMPTZ": TZ,
}

// Parse reads a type as it is written in a column definition or a cast.
func Parse(text string) (Type, error) {
	text = strings.TrimSpace(text)
	for _, base := range []Base{Object, Array, Map} {
		n := len(base)
		if len(text) > n && strings.EqualFold(text[:n], string(base)) {
			if inner := strings.TrimSpace(text[n:]); strings.HasPrefix(inner, "(") && strings.HasSuffix(inner, ")") {
				return parseStructured(base, inner[1:len(inner)-1])
			}
		}
	}
	name, args, err := split(text)
	if err != nil {
		return Type{}, err
	}
	if t, ok := plain[name]; ok && len(args) == 0 {
		return t, nil
	}
	numbers := make([]int, len(args))
	for i, a := range args {
		if numbers[i], err = strconv.Atoi(a); err != nil && name != "VECTOR" {
			return Type{}, fmt.Errorf("type %s: bad argument", name)
		}
	}
	at := func(i, otherwise int) int {
		if i < len(numbers) {
			return numbers[i]
		}
		return otherwise
	}
	var t Type
	switch name {
	case "NUMBER", "NUMERIC", "DECIMAL", "DEC":
		t = Type{Base: Fixed, Precision: at(0, 38), Scale: at(1, 0)}
	case "VARCHAR", "STRING", "TEXT", "NVARCHAR", "NVARCHAR2", "CHAR VARYING":
		t = Type{Base: Text, Length: at(0, maxText)}
	case "CHAR", "CHARACTER", "NCHAR":
		t = Type{Base: Text, Length: at(0, 1)}
	case "BINARY", "VARBINARY":
		t = Type{Base: Binary, Length: at(0, maxBinary)}
	case "VECTOR":
		if len(args) != 2 || numbers[1] < 1 || args[0] != "FLOAT" && args[0] != "INT" {
			return Type{}, fmt.Errorf("type VECTOR wants FLOAT or INT and a dimension")
		}
		t = Type{Base: Vector, Length: numbers[1]}
		if args[0] == "FLOAT" {
			t.Scale = 1
		}
		return t, nil
	default:
		base, ok := scaled[name]
		if !ok || len(args) > 1 {
			return Type{}, fmt.Errorf("unknown type %s", name)
		}
		t = Type{Base: base, Scale: at(0, 9)}
		if t.Scale < 0 || t.Scale > 9 {
			return Type{}, fmt.Errorf("type %s: scale out of range", name)
		}
	}
	if t.Precision < 0 || t.Precision > 38 || t.Scale < 0 || t.Scale > max(t.Precision, 9) || len(args) > 2 {
		return Type{}, fmt.Errorf("type %s: arguments out of range", name)
	}
	return t, nil
}

// split takes "NAME ( a , b )" apart.
func split(text string) (name string, args []string, err error) {
	name, rest, found := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), "(")
	name = strings.Join(strings.Fields(name), " ")
	if !found {
		return name, nil, nil
	}
	inner, ok := strings.CutSuffix(strings.TrimSpace(rest), ")")
	if !ok {
		return "", nil, fmt.Errorf("type %s: missing parenthesis", name)
	}
	for a := range strings.SplitSeq(inner, ",") {
		args = append(args, strings.TrimSpace(a))
	}
	return name, args, nil
}

// Nanos tells whether values of the type are finer than microseconds.
func (t Type) Nanos() bool {
	return t.Scale > 6 && (t.Base == Time || t.Base == NTZ || t.Base == LTZ || t.Base == TZ)
}

// JSON tells whether values of the type travel as JSON text.
func (t Type) JSON() bool {
	switch t.Base {
	case Variant, Object, Array, Map, Geography, Geometry:
		return true
	}
	return false
}

// DuckDB is the type that stores the column. Timestamps with a zone are their
// instant in UTC and their offset in minutes; nanosecond timestamps reach from
// 1677 to 2262 only.
func (t Type) DuckDB() string {
	stamp := "TIMESTAMP"
	if t.Nanos() {
		stamp = "TIMESTAMP_NS"
	}
	switch t.Base {
	case Fixed:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case Real:
		return "DOUBLE"
	case Text:
		return "VARCHAR"
	case Binary:
		return "BLOB"
	case Boolean:
		return "BOOLEAN"
	case Date:
		return "DATE"
	case Time:
		if t.Nanos() {
			return "TIME_NS"
		}
		return "TIME"
	case NTZ, LTZ:
		return stamp
	case TZ:
		return "STRUCT(ts " + stamp + ", tz INTEGER)"
	case Vector:
		if t.Scale == 1 {
			return fmt.Sprintf("FLOAT[%d]", t.Length)
		}
		return fmt.Sprintf("INTEGER[%d]", t.Length)
	default:
		return "JSON"
	}
}

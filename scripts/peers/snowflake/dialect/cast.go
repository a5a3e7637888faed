package dialect

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// cast writes e as a value of a type.
func (t *translator) cast(e expression, to datatype.Type, try bool) (expression, error) {
	out := expression{typ: &to, nullable: e.nullable || try, name: e.name}
	word := "CAST"
	if try {
		word = "TRY_CAST"
	}
	plain := word + "(" + e.sql + " AS " + to.DuckDB() + ")"
	from := datatype.Base("")
	if e.typ != nil {
		from = e.typ.Base
	}
	if e.typ != nil && e.typ.JSON() && !to.JSON() {
		// A string in a VARIANT loses its quotes, and its null is no value.
		e.sql = "(" + e.sql + " ->> '$')"
		plain = word + "(" + e.sql + " AS " + to.DuckDB() + ")"
	}
	switch to.Base {
	case datatype.NTZ, datatype.LTZ, datatype.TZ:
		if e.text != nil {
			if at, ok := moment(*e.text, to, t.session.Zone()); ok {
				out.sql, out.clamped = literalStamp(at, to)
				return out, nil
			}
		}
		out.sql = stamp(e.sql, from, to, try)
	case datatype.Binary:
		if from == datatype.Binary {
			plain = e.sql
		} else {
			plain = "unhex(" + e.sql + ")"
		}
		out.sql = plain
	case datatype.Text:
		switch from {
		case datatype.Binary:
			plain = "hex(" + e.sql + ")"
		case datatype.Text:
			plain = e.sql
		case datatype.TZ, datatype.LTZ, datatype.NTZ, datatype.Time:
			return out, refusal.Unsupported("a cast of %s to text", from)
		}
		out.sql = plain
	case datatype.Variant, datatype.Object, datatype.Array, datatype.Map:
		if e.typ == nil || !e.typ.JSON() {
			plain = "to_json(" + e.sql + ")"
		} else {
			plain = e.sql
		}
		out.sql = plain
	case datatype.Geography, datatype.Geometry:
		return out, refusal.Unsupported("a cast to %s", to)
	default:
		out.sql = plain
	}
	return out, nil
}

// stamp casts between timestamps, and from texts and dates to them.
func stamp(sql string, from datatype.Base, to datatype.Type, try bool) string {
	word := "CAST"
	if try {
		word = "TRY_CAST"
	}
	plain := "TIMESTAMP"
	if to.Nanos() {
		plain = "TIMESTAMP_NS"
	}
	var utc string
	switch from {
	case datatype.NTZ, datatype.LTZ, datatype.Date:
		utc = word + "(" + sql + " AS " + plain + ")"
	case datatype.TZ:
		utc = word + "((" + sql + ").ts AS " + plain + ")"
	default:
		if to.Base == datatype.NTZ {
			utc = word + "(" + sql + " AS " + plain + ")"
		} else {
			utc = word + "(timezone('UTC', " + word + "(" + sql + " AS TIMESTAMPTZ)) AS " + plain + ")"
		}
	}
	if to.Base == datatype.TZ {
		return "{'ts': " + utc + ", 'tz': 0::INTEGER}"
	}
	return utc
}

var layouts = []string{
	"2006-01-02 15:04:05.999999999 -07:00", "2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999-07",
}

var local = []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02"}

// Timestamp writes the timestamp that a text stands for as a literal, exactly.
// A text without an offset is in the given zone. It fails for texts that are no
// timestamp, and for those that the engine cannot hold.
func Timestamp(text string, to datatype.Type, zone string) (string, bool) {
	at, ok := moment(text, to, zone)
	if !ok {
		return "", false
	}
	sql, clamped := literalStamp(at, to)
	return sql, !clamped
}

func moment(text string, to datatype.Type, zone string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	var at time.Time
	var err error
	for _, layout := range layouts {
		if at, err = time.Parse(layout, text); err == nil {
			break
		}
	}
	if err != nil {
		place, zoneErr := time.LoadLocation(zone)
		if zoneErr != nil {
			return at, false
		}
		for _, layout := range local {
			if at, err = time.ParseInLocation(layout, text, place); err == nil {
				break
			}
		}
	}
	if err != nil {
		return at, false
	}
	if to.Base == datatype.NTZ {
		// The wall clock counts, whatever zone it was in.
		_, offset := at.Zone()
		at = time.Unix(at.Unix()+int64(offset), int64(at.Nanosecond())).UTC()
	}
	return at, true
}

// literalStamp writes a moment as a literal of a type, or the nearest one that
// the engine has.
func literalStamp(at time.Time, to datatype.Type) (sql string, clamped bool) {
	_, offset := at.Zone()
	name, layout := "TIMESTAMP", "2006-01-02 15:04:05.999999"
	if to.Nanos() {
		name, layout = "TIMESTAMP_NS", "2006-01-02 15:04:05.999999999"
		switch {
		case at.Year() < 1678:
			at, clamped = time.Date(1677, 9, 22, 0, 0, 0, 0, time.UTC), true
		case at.Year() > 2261:
			at, clamped = time.Date(2262, 4, 11, 0, 0, 0, 0, time.UTC), true
		}
	}
	sql = name + " '" + at.UTC().Format(layout) + "'"
	if to.Base == datatype.TZ {
		return fmt.Sprintf("{'ts': %s, 'tz': %d::INTEGER}", sql, offset/60), clamped
	}
	return sql, clamped
}

// plain is the text of a bind variable that a cast may read as a literal.
func (v Value) plain() *string {
	if v.Type == "TEXT" {
		return v.Text
	}
	return nil
}

// sql writes a bind variable. Dates come as milliseconds and times and
// timestamps as nanoseconds since 1970, those with an offset followed by it.
func (v Value) sql() (string, error) {
	if v.Text == nil {
		return "NULL", nil
	}
	bad := refusal.New("100037", "22018", "bind variable of type %s is not understood", v.Type)
	integer := func(s string) (int64, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, bad
		}
		return n, nil
	}
	switch v.Type {
	case "TEXT":
		return sqltext.Literal(*v.Text), nil
	case "FIXED", "REAL":
		if _, err := strconv.ParseFloat(*v.Text, 64); err != nil {
			return "", bad
		}
		if v.Type == "REAL" {
			return "CAST('" + *v.Text + "' AS DOUBLE)", nil
		}
		return *v.Text, nil
	case "BOOLEAN":
		b, err := strconv.ParseBool(*v.Text)
		if err != nil {
			return "", bad
		}
		return strconv.FormatBool(b), nil
	case "BINARY":
		if _, err := hex.DecodeString(*v.Text); err != nil {
			return "", bad
		}
		return "unhex('" + *v.Text + "')", nil
	case "DATE":
		n, err := integer(*v.Text)
		return "DATE '" + time.UnixMilli(n).UTC().Format(time.DateOnly) + "'", err
	case "TIME":
		n, err := integer(*v.Text)
		return "TIME '" + time.Unix(0, n).UTC().Format("15:04:05.999999") + "'", err
	case "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ":
		nanos, _, _ := strings.Cut(*v.Text, " ")
		n, err := integer(nanos)
		sql, _ := literalStamp(time.Unix(0, n), datatype.Type{Base: datatype.NTZ, Scale: 9})
		return sql, err
	}
	return "", bad
}

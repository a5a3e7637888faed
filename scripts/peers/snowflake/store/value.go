package store

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/dialect"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// Value writes a decoded JSON value (numbers as json.Number) as the engine's
// literal of a column type: binaries in hexadecimal, dates and times as texts,
// semi-structured values as they are. A VARIANT's JSON null is written as the
// object {"$json": null}, and any other value may be as well.
func Value(t datatype.Type, v any) (string, error) {
	if v == nil {
		return "NULL", nil
	}
	if t.JSON() {
		if m, ok := v.(map[string]any); ok && len(m) == 1 {
			if inner, ok := m["$json"]; ok {
				v = inner
			}
		}
		// Not Marshal, which escapes what HTML would mind.
		var text strings.Builder
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return "", fmt.Errorf("writing JSON: %w", err)
		}
		return sqltext.Literal(strings.TrimSuffix(text.String(), "\n")) + "::JSON", nil
	}
	if t.Base == datatype.Vector {
		text, err := json.Marshal(v)
		if err != nil {
			return "", fmt.Errorf("writing JSON: %w", err)
		}
		return string(text) + "::" + t.DuckDB(), nil
	}
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	case bool:
		text = fmt.Sprint(v)
	default:
		return "", fmt.Errorf("a %T is no value of type %s", v, t)
	}
	switch t.Base {
	case datatype.Binary:
		if _, err := hex.DecodeString(text); err != nil {
			return "", fmt.Errorf("binary values are written in hexadecimal")
		}
		return "unhex('" + text + "')", nil
	case datatype.Text:
		return sqltext.Literal(text), nil
	case datatype.Real:
		return sqltext.Literal(strings.TrimSpace(text)) + "::DOUBLE", nil
	case datatype.NTZ, datatype.LTZ, datatype.TZ:
		sql, ok := dialect.Timestamp(text, t, "UTC")
		if !ok {
			return "", fmt.Errorf("%s is no timestamp", text)
		}
		return sql + "::" + t.DuckDB(), nil
	}
	return sqltext.Literal(text) + "::" + t.DuckDB(), nil
}

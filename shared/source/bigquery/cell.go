package bigquery

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/schema"
)

// Values in the REST API's JSON are strings, whatever their type, so none loses
// digits; arrays are lists of {"v": …}, structures {"f": [{"v": …}]}.

var errShape = errors.New("has an unexpected form")

// appendCell appends a value of a result to the column's builder.
func appendCell(b array.Builder, c resultColumn, v any) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	if c.typ == schema.JSON {
		text, err := appendCellJSON(nil, c.field, v)
		if err != nil {
			return err
		}
		b.(*array.StringBuilder).BinaryBuilder.Append(text)
		return nil
	}
	text, ok := v.(string)
	if !ok {
		return errShape
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(text)
		return nil
	case *array.TimestampBuilder:
		micros, err := cellMicros(typeOf(c.field), text)
		b.Append(arrow.Timestamp(micros))
		return err
	case *array.Time64Builder:
		at, err := time.Parse("15:04:05.999999", text)
		b.Append(arrow.Time64(at.Sub(at.Truncate(24 * time.Hour)).Microseconds()))
		return err
	case *array.Date32Builder:
		at, err := time.Parse(time.DateOnly, text)
		b.Append(arrow.Date32FromTime(at))
		return err
	case *array.BinaryBuilder:
		raw, err := base64.StdEncoding.DecodeString(text)
		b.Append(raw)
		return err
	}
	return b.AppendValueFromString(text) // numbers and booleans
}

// cellMicros reads a TIMESTAMP, which comes in microseconds, or a DATETIME.
func cellMicros(typ, text string) (int64, error) {
	if typ == typeTimestamp {
		return strconv.ParseInt(text, 10, 64)
	}
	at, err := time.Parse("2006-01-02T15:04:05.999999", text)
	return at.UnixMicro(), err
}

// appendCellJSON writes a value as the same JSON that a read session's Arrow
// becomes.
func appendCellJSON(b []byte, f *bigquery.TableFieldSchema, v any) ([]byte, error) {
	if v == nil {
		return append(b, "null"...), nil
	}
	if repeated(f) {
		return appendCellArray(b, element(f), v)
	}
	if typeOf(f) == typeStruct {
		return appendCellStruct(b, f.Fields, v)
	}
	text, ok := v.(string)
	if !ok {
		return nil, errShape
	}
	return appendCellScalar(b, f, text)
}

func appendCellArray(b []byte, f *bigquery.TableFieldSchema, v any) ([]byte, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errShape
	}
	b = append(b, '[')
	for i, item := range list {
		cell, ok := item.(map[string]any)
		if !ok {
			return nil, errShape
		}
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendCellJSON(b, f, cell["v"]); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendCellStruct(b []byte, fields []*bigquery.TableFieldSchema, v any) ([]byte, error) {
	object, _ := v.(map[string]any)
	cells, ok := object["f"].([]any)
	if !ok || len(cells) != len(fields) {
		return nil, errShape
	}
	b = append(b, '{')
	for i, f := range fields {
		cell, ok := cells[i].(map[string]any)
		if !ok {
			return nil, errShape
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, f.Name), ':')
		var err error
		if b, err = appendCellJSON(b, f, cell["v"]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendCellScalar(b []byte, f *bigquery.TableFieldSchema, text string) ([]byte, error) {
	switch typ := typeOf(f); typ {
	case typeInt64, typeNumeric, typeBigNumeric, typeBool, typeJSON:
		return append(b, text...), nil
	case typeFloat64:
		n, err := strconv.ParseFloat(text, 64)
		return appendFloat(b, n), err
	case typeTimestamp, typeDatetime:
		micros, err := cellMicros(typ, text)
		zone := ""
		if typ == typeTimestamp {
			zone = "Z"
		}
		return appendMoment(b, micros, zone), err
	case typeRange:
		return appendCellRange(b, f, text)
	}
	return appendString(b, text), nil
}

// appendCellRange writes [start, end), of which either may be UNBOUNDED.
func appendCellRange(b []byte, f *bigquery.TableFieldSchema, text string) ([]byte, error) {
	inner, ok := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, ")")
	start, end, both := strings.Cut(inner, ", ")
	if !ok || !closed || !both || f.RangeElementType == nil {
		return nil, errShape
	}
	bound := func(b []byte, text string) ([]byte, error) {
		if text == "UNBOUNDED" || text == "NULL" {
			return append(b, "null"...), nil
		}
		return appendCellScalar(b, &bigquery.TableFieldSchema{Type: f.RangeElementType.Type}, text)
	}
	b, err := bound(append(b, `{"start":`...), start)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	if b, err = bound(append(b, `,"end":`...), end); err != nil {
		return nil, fmt.Errorf("end: %w", err)
	}
	return append(b, '}'), nil
}

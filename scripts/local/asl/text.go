package asl

import (
	"bytes"
	"encoding/json"
)

// maxPayload is the limit of a state's input, result and output: 256 KiB of UTF-8.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const maxPayload = 256 * 1024

// compact removes the white space between the tokens of a valid JSON text.
func compact(raw json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return raw
	}
	return out.Bytes()
}

// quote is s as a JSON string, without escaping what only HTML needs escaped.
func quote(s string) json.RawMessage { return encode(s) }

// encode is v as JSON, without escaping what only HTML needs escaped. The interpreter encodes only its own types, all of
// which have a JSON form.
func encode(v any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

// array is the JSON array of the values.
func array(values []json.RawMessage) json.RawMessage {
	return append(append([]byte{'['}, bytes.Join(rawSlices(values), []byte{','})...), ']')
}

func rawSlices(values []json.RawMessage) [][]byte {
	all := make([][]byte, len(values))
	for i, value := range values {
		all[i] = value
	}
	return all
}

// kindOf names the type of a JSON value as AWS does in a cause.
func kindOf(raw json.RawMessage) string {
	switch first(raw) {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	default:
		return "number"
	}
}

// unquote is the text of a JSON string.
func unquote(raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return ""
	}
	return s
}

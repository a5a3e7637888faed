package arrowchunk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Indent writes a semi-structured value as the service shows it: indented by
// two, the keys of objects in order.
func Indent(text string) (string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", fmt.Errorf("reading a semi-structured value: %w", err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("writing a semi-structured value: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

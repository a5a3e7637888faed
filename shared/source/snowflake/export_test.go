package snowflake

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// HostOf is the host of an account.
func HostOf(account string) string { return hostOf(account) }

// Compact is the JSON that is delivered for a value.
func Compact(text string) string { return string(appendCompact(nil, text)) }

// ColumnOf is the column of a type as DESCRIBE writes it, and that type written again.
func ColumnOf(name, text string, nanoText bool) (schema.Column, string, error) {
	n, err := parseType(text)
	return nativeField{name: name, nullable: true, nativeType: n}.column(nanoText), n.String(), err
}

// Through is the session's own transport, through a proxy.
func Through(proxy *url.URL) *http.Transport {
	t := newTransport()
	t.Proxy = http.ProxyURL(proxy)
	return t
}

// Decode reads an answer of the service of at most limit bytes.
func Decode(text string, limit int64) error {
	_, err := decode(strings.NewReader(text), limit)
	return err
}

// Where is the condition of a filter on one column.
func Where(text string, nanoText bool, c source.Condition) (condition string, binds []string, err error) {
	n, err := parseType(text)
	if err != nil {
		return "", nil, err
	}
	f := nativeField{name: "C", nullable: true, nativeType: n}
	table := schema.Table{Columns: []schema.Column{f.column(nanoText)}}
	c.Column = "C"
	return where(source.Filter{c}, table, []nativeField{f})
}

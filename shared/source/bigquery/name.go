package bigquery

import (
	"strings"

	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// tableRef is a table of the connection's project. The table of a wildcard
// ends in "*".
type tableRef struct{ project, dataset, table string }

// name is the table's name in the product: dataset.table.
func (r tableRef) name() string { return schema.Name(r.dataset, r.table) }

// path is the table's resource name.
func (r tableRef) path() string {
	return "projects/" + r.project + "/datasets/" + r.dataset + "/tables/" + r.table
}

// sql is the table in GoogleSQL.
func (r tableRef) sql() string { return quote(r.project + "." + r.dataset + "." + r.table) }

func (r tableRef) wildcard() bool { return strings.HasSuffix(r.table, "*") }

func (s *session) ref(name string) (tableRef, error) {
	parts, ok := schema.SplitName(name)
	if !ok || len(parts) != 2 {
		return tableRef{}, fault.New(fault.SourceNotFound, "the table's name is not of the form dataset.table")
	}
	return tableRef{s.config.project, parts[0], parts[1]}, nil
}

func refOf(r *bigquery.TableReference) tableRef { return tableRef{r.ProjectId, r.DatasetId, r.TableId} }

// quote makes a GoogleSQL identifier of a name. Between backquotes the escapes
// of string literals hold.
func quote(name string) string { return "`" + escape(name, '`') + "`" }

// text makes a GoogleSQL string literal.
func text(s string) string { return "'" + escape(s, '\'') + "'" }

// escape escapes the delimiter, the backslash and all control characters, so
// that no name or value can end its literal.
// Source: "Escape sequences" in GoogleSQL's lexical structure.
func escape(s string, delimiter rune) string {
	var b strings.Builder
	b.Grow(len(s))
	const hex = "0123456789abcdef"
	for _, r := range s {
		switch {
		case r == delimiter || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			b.WriteString(`\u00`)
			b.WriteByte(hex[r>>4])
			b.WriteByte(hex[r&0xf])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

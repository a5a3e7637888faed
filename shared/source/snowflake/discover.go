package snowflake

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// pageTables bounds a page of a discovery, and so its memory.
const pageTables = 500

// cursor is a place in the order of discovery: databases, schemas and tables,
// each by name. What comes next is after the named table.
type cursor struct {
	Database string `json:"d"`
	Schema   string `json:"s,omitempty"`
	Table    string `json:"t,omitempty"`
}

func (c cursor) encode() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("snowflake: cursors always marshal: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodeCursor(text string) (cursor, error) {
	var c cursor
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || c.Database == "" {
		return c, fault.New(fault.WorkerInvalidCall, "the cursor is not one of a discovery of Snowflake")
	}
	return c, nil
}

// Discover returns a page of tables and views. It asks INFORMATION_SCHEMA,
// which needs a warehouse, and SHOW, which does not, where that one does not answer.
func (s *session) Discover(ctx context.Context, at string) (source.DiscoverPage, error) {
	c, err := decodeCursor(at)
	if err != nil {
		return source.DiscoverPage{}, err
	}
	databases := s.config.databases
	n := slices.IndexFunc(databases, func(d string) bool { return d >= c.Database })
	for ; n >= 0 && n < len(databases); n++ {
		if databases[n] != c.Database {
			c = cursor{Database: databases[n]}
		}
		tables, more, err := s.page(ctx, c, pageTables)
		if err != nil {
			return source.DiscoverPage{}, err
		}
		var page source.DiscoverPage
		for _, t := range tables {
			page.Tables = append(page.Tables, t.table(s.config.nanoText))
		}
		switch {
		case more:
			last := tables[len(tables)-1]
			page.Next = cursor{Database: c.Database, Schema: last.schema, Table: last.name}.encode()
		case n+1 < len(databases):
			page.Next = cursor{Database: databases[n+1]}.encode()
		}
		if len(page.Tables) > 0 || page.Next == "" {
			return page, nil
		}
	}
	return source.DiscoverPage{}, nil
}

// page returns the tables of one database that come after the cursor, with
// their columns and keys, and whether there are more.
func (s *session) page(ctx context.Context, c cursor, limit int) ([]*tableInfo, bool, error) {
	tables, err := s.listTables(ctx, c, limit)
	describe := s.describeTables
	if needsShow(err) {
		tables, err = s.showTables(ctx, c, limit)
		describe = s.showColumns
	}
	if err != nil || len(tables) == 0 {
		return nil, false, err
	}
	if err := describe(ctx, tables); err != nil {
		return nil, false, err
	}
	return tables, len(tables) == limit, s.addKeys(ctx, c.Database, tables)
}

// needsShow reports whether INFORMATION_SCHEMA cannot answer where SHOW can: no
// warehouse runs, or the answer is too large for the service.
func needsShow(err error) bool {
	var refusal *sf.SnowflakeError
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Number {
	case 606, 608, 90073, // no warehouse
		90030: // "Information schema query returned too much data"
		return true
	}
	return false
}

// table returns one table, with the native types of its columns.
func (s *session) table(ctx context.Context, parts []string) (schema.Table, []nativeField, error) {
	t, err := s.find(ctx, parts)
	if err != nil {
		return schema.Table{}, nil, err
	}
	return t.table(s.config.nanoText), t.columns, nil
}

func (s *session) find(ctx context.Context, parts []string) (*tableInfo, error) {
	database, in, name := parts[0], parts[1], parts[2]
	tables, err := s.tablesWhere(ctx, database, "TABLE_SCHEMA = "+text(in)+" AND TABLE_NAME = "+text(name), 1)
	describe := s.describeTables
	if needsShow(err) {
		tables, err = s.showTable(ctx, database, in, name)
		describe = s.showColumns
	}
	switch {
	case err != nil:
		return nil, err
	case len(tables) == 0:
		return nil, fault.New(fault.SourceNotFound, "the table does not exist, or the role has no privilege on it")
	}
	return tables[0], describe(ctx, tables)
}

// tableInfo is a table as the service describes it.
type tableInfo struct {
	database, schema, name string
	kind                   schema.Kind
	comment                string
	clustering             string
	rows, bytes            int64
	columns                []nativeField
	key                    []string
}

func (t *tableInfo) table(nanoText bool) schema.Table {
	table := schema.Table{
		Name: schema.Name(t.database, t.schema, t.name), Namespace: schema.Name(t.database, t.schema),
		Kind: t.kind, Comment: t.comment, Clustering: clusteringColumns(t.clustering, t.columns), Key: t.key,
		Rows: t.rows, Bytes: t.bytes, Columns: []schema.Column{},
	}
	for _, f := range t.columns {
		table.Columns = append(table.Columns, f.column(nanoText))
	}
	readable := slices.ContainsFunc(table.Columns, func(c schema.Column) bool { return c.Type != schema.Unsupported })
	if !readable {
		table.ProblemCode, table.Problem = string(fault.SourceUnsupportedType), "no column has a type that can be read"
	}
	return table
}

// kindOf maps the words of INFORMATION_SCHEMA and of SHOW.
func kindOf(kind string, dynamic bool) schema.Kind {
	kind = strings.ReplaceAll(strings.ToUpper(kind), "_", " ")
	switch {
	case dynamic, strings.Contains(kind, "DYNAMIC"):
		return schema.DynamicTable
	case strings.Contains(kind, "MATERIALIZED"):
		return schema.MaterializedView
	case strings.Contains(kind, "VIEW"):
		return schema.View
	case strings.Contains(kind, "EXTERNAL"):
		return schema.External
	}
	return schema.BaseTable
}

// clusteringColumns are the columns of a clustering key such as
// LINEAR(TO_DATE(TS), "Kind"), where an expression counts as its column.
func clusteringColumns(key string, columns []nativeField) []string {
	var found []string
	for rest := key; rest != ""; {
		var word string
		if rest[0] == '"' {
			p := typeParser{rest: rest}
			word, rest = p.word(), p.rest
			if word == "" {
				break
			}
		} else {
			end := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("_$", r) && !isLetter(r) })
			switch {
			case end < 0:
				word, rest = strings.ToUpper(rest), ""
			case end == 0:
				rest = rest[1:]
				continue
			default:
				word, rest = strings.ToUpper(rest[:end]), rest[end:]
			}
		}
		known := slices.ContainsFunc(columns, func(f nativeField) bool { return f.name == word })
		if known && !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	return found
}

func isLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// number reads a count, 0 when there is none.
func number(text string) int64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return int64(n)
}

package googlepeer

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/api/bigquery/v2"
)

// resolved is a statement whose tables are known.
type resolved struct {
	tables   []tableRef // that it reads, those behind views included
	sql      string     // as the emulator runs it
	location string
	bytes    int64 // that BigQuery would process
	billed   int64
}

// resolve finds the tables of a SELECT, checks what the caller may do with
// them, and rewrites what the emulator does not know.
func (b *warehouse) resolve(sql, project, caller, location string, standard *bigquery.DatasetReference) (*resolved, *problem) {
	q := &resolved{location: location}
	rewritten, refused := b.tables(q, parse(sql), project, standard, caller)
	if refused != nil {
		return nil, refused
	}
	q.sql = rewritten
	if q.location == "" {
		q.location = b.peer.config.Location
	}
	return q, nil
}

// tables resolves the tables of one statement, and of the views that it reads.
func (b *warehouse) tables(q *resolved, s statement, project string, standard *bigquery.DatasetReference, caller string) (string, *problem) {
	var edits []edit
	for _, m := range s.reads {
		if slices.ContainsFunc(m.path, func(part string) bool { return strings.EqualFold(part, "INFORMATION_SCHEMA") }) {
			if refused := b.information(q, m, project, caller); refused != nil {
				return "", refused
			}
			continue
		}
		ref, ok := b.named(m, s, project, standard)
		if !ok {
			continue
		}
		e, refused := b.source(q, s, m, ref, caller)
		if refused != nil {
			return "", refused
		}
		edits = append(edits, e)
	}
	return apply(s.sql, edits), nil
}

// information checks a view of INFORMATION_SCHEMA. Those of a dataset are the
// emulator's, for what it knows; of a region it has none.
func (b *warehouse) information(q *resolved, m mention, project, caller string) *problem {
	ref := datasetRef{project, m.path[0]}
	if len(m.path) == 4 {
		ref = datasetRef{m.path[0], m.path[1]}
	}
	d, known := b.catalog.dataset(ref)
	switch {
	case !known:
		return &problem{status: http.StatusBadRequest, reason: "invalidQuery", message: "the peer has INFORMATION_SCHEMA of datasets only"}
	case !b.peer.policy.allows(caller, "bigquery.tables.list", ref.resource()):
		return deniedOn("bigquery.tables.list", "dataset", ref.String())
	}
	q.location = cmp.Or(q.location, d.Location)
	return nil
}

// named returns the table that a path in a statement means. What is no table,
// a CTE or an array of one, is left to the emulator.
func (b *warehouse) named(m mention, s statement, project string, standard *bigquery.DatasetReference) (tableRef, bool) {
	switch n := len(m.path); {
	case n == 3:
		return tableRef{datasetRef{m.path[0], m.path[1]}, m.path[2]}, true
	case n == 2:
		ref := datasetRef{project, m.path[0]}
		_, known := b.catalog.dataset(ref)
		return tableRef{ref, m.path[1]}, known || !s.aliased(m.path[0])
	case n == 1 && standard != nil && !slices.Contains(s.ctes, strings.ToUpper(m.path[0])):
		return tableRef{datasetRef{standard.ProjectId, standard.DatasetId}, m.path[0]}, true
	}
	return tableRef{}, false
}

// aliased reports whether a name stands for something in the statement itself:
// after AS, or right after the path or parenthesis of a FROM clause.
func (s *statement) aliased(name string) bool {
	for i, t := range s.tokens {
		if t.kind != other && strings.EqualFold(t.text, name) && i > 0 &&
			(s.tokens[i-1].text == "AS" || s.tokens[i-1].text == ")" || s.tokens[i-1].kind != other && !keyword(s.tokens[i-1])) {
			return true
		}
	}
	return false
}

func keyword(t token) bool {
	return t.kind == word && slices.Contains([]string{"FROM", "JOIN", "SELECT", "WHERE", "ON", "AND", "OR", "NOT", "BY", "DISTINCT"}, t.text)
}

// source resolves one table.
func (b *warehouse) source(q *resolved, s statement, m mention, ref tableRef, caller string) (edit, *problem) {
	if strings.HasSuffix(ref.table, "*") {
		return b.wildcard(q, s, m, ref, caller)
	}
	if found, ok := b.resultTable(ref, caller); ok {
		return b.again(q, s, m, found, caller)
	}
	meta, t, refused := b.readable(q, ref, caller)
	if refused != nil {
		return edit{}, refused
	}
	if refused := b.mayConnect(meta, ref.project, caller); refused != nil {
		return edit{}, refused
	}
	if column := partitionColumn(meta); meta.RequirePartitionFilter && !s.filtersPartition(column) {
		return edit{}, noPartitionFilter(ref, column)
	}
	q.count(meta, s)
	target := ref
	end := m.end
	if at, next, ok := s.systemTime(m.next); ok {
		if target, refused = t.asOf(ref, at); refused != nil {
			return edit{}, refused
		}
		end = next
	}
	if meta.View == nil {
		return edit{m.start, end, target.sql()}, nil
	}
	sql, refused := b.tables(q, parse(meta.View.Query), ref.project, nil, caller)
	return edit{m.start, end, "(" + sql + ")" + s.defaultAlias(m)}, refused
}

// again puts in the place of a query's result the query: the emulator does not have the rows.
func (b *warehouse) again(q *resolved, s statement, m mention, found result, caller string) (edit, *problem) {
	c := found.job.configuration.Query
	of, refused := b.resolve(c.Query, found.job.project, caller, found.job.location, c.DefaultDataset)
	if refused != nil {
		return edit{}, refused
	}
	q.location = cmp.Or(q.location, found.job.location)
	q.tables = append(q.tables, found.job.destination)
	q.count(found.meta, s)
	return edit{m.start, m.end, "(" + of.sql + "\n)" + s.defaultAlias(m)}, nil
}

// defaultAlias names a subquery that stands where a table stood, so that table.column still works.
func (s *statement) defaultAlias(m mention) string {
	if m.next < len(s.tokens) {
		if next := s.tokens[m.next]; next.text == "AS" || next.kind == quoted || next.kind == word && !slices.Contains(clauses, next.text) {
			return ""
		}
	}
	return " AS `" + m.path[len(m.path)-1] + "`"
}

// clauses are the words that may follow a table and are no alias.
var clauses = []string{
	"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "WINDOW", "QUALIFY", "UNION", "INTERSECT", "EXCEPT", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "ON", "USING", "FOR", "TABLESAMPLE", "PIVOT", "UNPIVOT",
}

// readable finds a table that the caller may query, in the job's location. The
// location of the first one is the job's, when the client gave none.
func (b *warehouse) readable(q *resolved, ref tableRef, caller string) (*bigquery.Table, *table, *problem) {
	d, known := b.catalog.dataset(ref.datasetRef)
	if known && q.location == "" {
		q.location = d.Location
	}
	if !b.peer.policy.allows(caller, "bigquery.tables.getData", ref.resource()) {
		return nil, nil, accessDenied("Access Denied: Table " + ref.String() + ": User does not have permission to query table " + ref.String() +
			", or perhaps it does not exist.")
	}
	if !known || !strings.EqualFold(d.Location, q.location) {
		return nil, nil, notFound("Not found: Dataset " + ref.datasetRef.String() + " was not found in location " + q.location)
	}
	meta, t, ok := b.catalog.table(ref)
	if !ok {
		return nil, nil, notFound("Not found: Table " + ref.String() + " was not found in location " + q.location)
	}
	q.tables = append(q.tables, ref)
	return meta, t, nil
}

// mayConnect checks that a caller may use the connection that an external table
// of BigQuery Omni is read through.
func (b *warehouse) mayConnect(meta *bigquery.Table, project, caller string) *problem {
	if meta.ExternalDataConfiguration == nil || meta.ExternalDataConfiguration.ConnectionId == "" || !omni(meta.Location) {
		return nil
	}
	id := meta.ExternalDataConfiguration.ConnectionId
	resource := id
	switch parts := strings.Split(id, "."); len(parts) {
	case 2:
		resource = "projects/" + project + "/locations/" + parts[0] + "/connections/" + parts[1]
	case 3:
		resource = "projects/" + parts[0] + "/locations/" + parts[1] + "/connections/" + parts[2]
	}
	if b.peer.policy.allows(caller, "bigquery.connections.use", resource) {
		return nil
	}
	return accessDenied("Access Denied: BigQuery BigQuery: User does not have bigquery.connections.use permission for connection " + id + ".")
}

// omni reports whether a location is another cloud's.
func omni(location string) bool {
	return strings.HasPrefix(location, "aws-") || strings.HasPrefix(location, "azure-")
}

// wildcard puts the union of the matching tables in the place of a wildcard
// table, with the rest of their names as _TABLE_SUFFIX.
func (b *warehouse) wildcard(q *resolved, s statement, m mention, ref tableRef, caller string) (edit, *problem) {
	found := b.catalog.matching(ref)
	if len(found) == 0 {
		return edit{}, notFound("Not found: " + ref.String() + " does not match any table.")
	}
	prefix := strings.TrimSuffix(ref.table, "*")
	parts := make([]string, len(found))
	for i, one := range found {
		meta, _, refused := b.readable(q, one, caller)
		if refused != nil {
			return edit{}, refused
		}
		q.count(meta, s)
		suffix := ""
		if s.mentions("_TABLE_SUFFIX", "") {
			suffix = ", " + strconv.Quote(strings.TrimPrefix(one.table, prefix)) + " AS _TABLE_SUFFIX"
		}
		parts[i] = "SELECT *" + suffix + " FROM " + one.sql()
	}
	return edit{m.start, m.end, "(" + strings.Join(parts, " UNION ALL ") + ")"}, nil
}

// minimum is what BigQuery bills for a table at least.
const minimum = 10 << 20

// count adds what BigQuery would read of a table: the share of the columns that
// the statement names, all of them with a star.
func (q *resolved) count(meta *bigquery.Table, s statement) {
	if meta.Schema == nil || len(meta.Schema.Fields) == 0 {
		return
	}
	named := 0
	for _, f := range meta.Schema.Fields {
		if s.star() || s.mentions(f.Name, "") {
			named++
		}
	}
	bytes := int64(math.Round(float64(meta.NumBytes) * float64(named) / float64(len(meta.Schema.Fields))))
	q.bytes += bytes
	q.billed += max(minimum, (bytes+(1<<20)-1)>>20<<20)
}

// star reports whether a statement selects every column: SELECT * or t.*.
func (s *statement) star() bool {
	for i, t := range s.tokens {
		if t.text == "*" && i > 0 && slices.Contains([]string{"SELECT", "DISTINCT", "ALL", ".", ","}, s.tokens[i-1].text) {
			return true
		}
	}
	return false
}

func partitionColumn(meta *bigquery.Table) string {
	switch {
	case meta.RangePartitioning != nil:
		return meta.RangePartitioning.Field
	case meta.TimePartitioning != nil && meta.TimePartitioning.Field != "":
		return meta.TimePartitioning.Field
	default:
		return "_PARTITIONTIME"
	}
}

// filtersPartition reports whether a statement has a condition on the partition column.
func (s *statement) filtersPartition(column string) bool {
	return s.mentions(column, "WHERE") || column == "_PARTITIONTIME" && s.mentions("_PARTITIONDATE", "WHERE")
}

func noPartitionFilter(ref tableRef, column string) *problem {
	columns := "'" + column + "'"
	if column == "_PARTITIONTIME" {
		columns = "'_PARTITION_LOAD_TIME', '_PARTITIONDATE', '_PARTITIONTIME'"
	}
	return &problem{
		status: http.StatusBadRequest, reason: "invalidQuery", at: "query", atType: "parameter",
		message: "Cannot query over table '" + ref.project + "." + ref.dataset + "." + ref.table +
			"' without a filter over column(s) " + columns + " that can be used for partition elimination",
	}
}

// edit replaces a stretch of a statement.
type edit struct {
	start, end int
	text       string
}

func apply(sql string, edits []edit) string {
	slices.SortFunc(edits, func(a, b edit) int { return b.start - a.start })
	for _, e := range edits {
		sql = sql[:e.start] + e.text + sql[e.end:]
	}
	return sql
}

package ingest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Limits of what an import reads, in bytes. They leave room beside the mapping
// in the import's item.
const (
	maxQuery    = 32 << 10
	maxFilter   = 32 << 10
	filterBytes = 16 // of a condition's or a value's item, beside its text
	maxName     = 1024
	maxKey      = 32 // columns
)

// bound refuses what says nothing, or too much, of what is to be read.
func (n NewImport) bound(problems *fault.List) {
	switch {
	case n.Table == "" && n.Query == "":
		problems.Add(fault.MissingField, "table", "name a table of the connection, or give a query")
	case n.Table != "" && n.Query != "":
		problems.Add(fault.InvalidRequest, "query", "goes without a table: give one of them")
	}
	if len(n.Query) > maxQuery {
		problems.Add(fault.InvalidRequest, "query", fmt.Sprintf("must be at most %d bytes long", maxQuery))
	}
	if n.Query != "" && strings.TrimSpace(n.Query) == "" {
		problems.Add(fault.InvalidRequest, "query", "must be a SELECT")
	}
	size := 0
	for _, c := range n.Filter {
		size += len(c.Column) + filterBytes
		for _, v := range c.Values {
			size += len(v) + filterBytes
		}
	}
	if len(n.Filter) > source.MaxConditions {
		problems.Add(fault.SourceInvalidFilter, "filter", fmt.Sprintf("must have at most %d conditions", source.MaxConditions))
	}
	if size > maxFilter {
		problems.Add(fault.InvalidRequest, "filter", "is too large to be saved: give fewer values")
	}
	if n.Cursor != nil && len(n.Cursor.Column) > maxName {
		problems.Add(fault.ImportCursor, "cursor.column", fmt.Sprintf("must be at most %d bytes long", maxName))
	}
	if len(n.Key) > maxKey {
		problems.Add(fault.ImportKey, "key", fmt.Sprintf("must have at most %d columns", maxKey))
	}
	if n.MaximumBytes < 0 {
		problems.Add(fault.InvalidRequest, "maximum_bytes", "must not be negative; 0 is no limit")
	}
}

// resolve holds a new import against what its connection has and its platform
// can do, and returns it with what follows. Of a query's columns nothing is known before a
// run is planned, so that the import is only held to what it says itself.
func (s *Service) resolve(ctx context.Context, n NewImport, i Import) (Import, error) {
	conn, table, err := s.reads(ctx, i)
	if err != nil {
		return i, err
	}
	spec, err := s.Catalog.Spec(conn.Platform)
	if err != nil {
		return i, onField("connection_id", err)
	}
	if err := n.possible(spec); err != nil {
		return i, err
	}
	if i.Query != "" {
		return i.resolveQuery()
	}
	if err := i.Filter.Validate("filter", table); err != nil {
		return i, err
	}
	if err := n.covers(table.Partitioning); err != nil {
		return i, err
	}
	return i.Resolve(table)
}

// reads returns the connection, which is active, and the table; none of a query.
func (s *Service) reads(ctx context.Context, i Import) (connection.Connection, schema.Table, error) {
	var conn connection.Connection
	var table schema.Table
	var err error
	if i.Query != "" {
		conn, err = s.Schemas.Get(ctx, i.WorkspaceID, i.ConnectionID)
	} else {
		conn, table, err = s.Schemas.Table(ctx, i.WorkspaceID, i.ConnectionID, i.Table)
	}
	switch {
	case err != nil && fault.CodeOf(err) != fault.TableNotFound:
		return conn, table, onField("connection_id", err)
	case conn.Status != connection.Active:
		return conn, table, fault.Field(fault.ConnectionInactive, "connection_id", "the connection is "+string(conn.Status))
	case err != nil:
		return conn, table, onField("table", err)
	case table.Problem != "":
		return conn, table, fault.Field(fault.Code(table.ProblemCode), "table", strings.TrimPrefix(table.ProblemAt+": "+table.Problem, ": "))
	}
	return conn, table, nil
}

// possible refuses what the platform cannot do. A filter is not of that: where it cannot, the pipeline does.
func (n NewImport) possible(spec source.Spec) error {
	var problems fault.List
	for _, asked := range []struct {
		field string
		given bool
		needs source.Capability
	}{
		{"query", n.Query != "", source.Queries},
		{"maximum_bytes", n.MaximumBytes > 0, source.CostEstimate},
	} {
		if asked.given && !spec.Can(asked.needs) {
			problems.Add(fault.SourceUnsupported, asked.field, spec.Title+" lacks the capability "+string(asked.needs))
		}
	}
	return problems.Err()
}

// covers refuses to read a table without the filter that its platform demands.
func (n NewImport) covers(p *schema.Partitioning) error {
	if p == nil || !p.FilterRequired || p.Column == "" {
		return nil
	}
	for _, c := range n.Filter {
		if c.Column == p.Column {
			return nil
		}
	}
	return fault.Field(fault.SourceInvalidFilter, "filter", "the platform reads this table only with a filter on its partitioning column "+p.Column)
}

// check holds a mapping to its import type, whatever columns there are: as if
// each were of the type that it is cast to, or else text.
func (m Mapping) check(t Type) error {
	var problems fault.List
	table, imagined := schema.Table{}, make(Mapping, len(m))
	for i, c := range m {
		column := schema.Column{Name: strconv.Itoa(i), Type: schema.String}
		if c.Type == schema.Bytes && c.Path == "" { // to which text cannot be cast
			column.Type = schema.Bytes
		}
		if c.Source != "" {
			c.Source = column.Name
		}
		if canonical, _ := t.Canonical(c.Target); c.Default != nil && c.Type == "" && canonical.Type == "" && len(c.Transforms) == 0 {
			problems.Add(fault.ImportMapping, fmt.Sprintf("mapping[%d].type", i), "a default needs a type where the source's is not known yet")
		}
		imagined[i], table.Columns = c, append(table.Columns, column)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	_, err := imagined.Resolve(t, table)
	return err
}

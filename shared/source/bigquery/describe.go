package bigquery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// table is a table as the product sees it, and what reading it needs beside.
type table struct {
	schema.Table
	ref        tableRef
	fields     []*bigquery.TableFieldSchema // of the columns, in their order
	location   string
	direct     bool      // the Storage Read API reads it; anything else takes a query
	connection string    // of an external table
	at         time.Time // the latest moment, by BigQuery's clock, that certainly was
}

// tableFields are the metadata that are asked for.
const tableFields = googleapi.Field("tableReference,type,description,schema,numRows,numBytes,location,creationTime,lastModifiedTime," +
	"timePartitioning,rangePartitioning,requirePartitionFilter,clustering,tableConstraints,view/useLegacySql," +
	"externalDataConfiguration(connectionId,hivePartitioningOptions)")

// suffixColumn is the pseudo-column of a wildcard: what stands for the "*".
const suffixColumn = "_TABLE_SUFFIX"

func suffixField() *bigquery.TableFieldSchema {
	return &bigquery.TableFieldSchema{Name: suffixColumn, Type: typeString, Mode: "REQUIRED"}
}

// describe gets a table's metadata. e says which shard stands for a group.
func (s *session) describe(ctx context.Context, r tableRef, e entry) (table, error) {
	id := cmp.Or(e.newest, r.table)
	got, err := paced(ctx, s.pace, func() (*bigquery.Table, error) {
		return s.rest.Tables.Get(r.project, r.dataset, id).Fields(tableFields).Context(ctx).Do()
	})
	if err != nil {
		return table{}, fmt.Errorf("getting a table: %w", err)
	}
	t := describe(r, got)
	if e.newest != "" {
		t.asGroup(e.shards)
	}
	t.judge(got)
	if err := s.withoutDenied(ctx, &t); err != nil {
		return table{}, err
	}
	t.judge(got)
	return t, nil
}

func describe(r tableRef, got *bigquery.Table) table {
	t := table{ref: r, location: got.Location, direct: got.Type == "TABLE" && !offCloud(got.Location)}
	t.at = time.UnixMilli(int64(got.LastModifiedTime) + 1).UTC() // what changed within that millisecond is there
	if now, err := time.Parse(time.RFC1123, got.ServerResponse.Header.Get("Date")); err == nil && now.After(t.at) {
		t.at = now.UTC()
	}
	if got.ExternalDataConfiguration != nil {
		t.connection = got.ExternalDataConfiguration.ConnectionId
	}
	if got.Schema != nil {
		t.fields = got.Schema.Fields
	}
	t.Table = schema.Table{
		Name: r.name(), Namespace: r.dataset, Kind: kindOf(got.Type), Comment: got.Description,
		Partitioning: partitioning(got), Columns: columns(t.fields),
		Rows: int64(got.NumRows), Bytes: got.NumBytes,
	}
	if got.Clustering != nil {
		t.Clustering = got.Clustering.Fields
	}
	if c := got.TableConstraints; c != nil && c.PrimaryKey != nil {
		t.Key = c.PrimaryKey.Columns
	}
	return t
}

func kindOf(native string) schema.Kind {
	switch native {
	case "VIEW":
		return schema.View
	case "MATERIALIZED_VIEW":
		return schema.MaterializedView
	case "EXTERNAL":
		return schema.External
	}
	return schema.BaseTable
}

func partitioning(t *bigquery.Table) *schema.Partitioning {
	required := t.RequirePartitionFilter
	switch {
	case t.TimePartitioning != nil:
		return &schema.Partitioning{
			Column: t.TimePartitioning.Field, Granularity: strings.ToLower(t.TimePartitioning.Type),
			FilterRequired: required || t.TimePartitioning.RequirePartitionFilter,
		}
	case t.RangePartitioning != nil:
		return &schema.Partitioning{Column: t.RangePartitioning.Field, Granularity: "range", FilterRequired: required}
	case t.ExternalDataConfiguration != nil && t.ExternalDataConfiguration.HivePartitioningOptions != nil:
		hive := t.ExternalDataConfiguration.HivePartitioningOptions
		p := &schema.Partitioning{FilterRequired: required || hive.RequirePartitionFilter}
		if len(hive.Fields) > 0 {
			p.Column = hive.Fields[0]
		}
		return p
	}
	return nil
}

// asGroup makes of the newest shard the table that all of them are together.
// An older one may lack a column, whose values are then NULL.
func (t *table) asGroup(shards int64) {
	t.Kind, t.direct = schema.Wildcard, false
	for i := range t.Columns {
		t.Columns[i].Nullable = !t.Columns[i].Repeated
	}
	t.Rows, t.Bytes = t.Rows*shards, t.Bytes*shards
	t.fields = append(slices.Clone(t.fields), suffixField())
	suffix := column(suffixField())
	suffix.Partition = true
	t.Columns = append(t.Columns, suffix)
}

// judge says why a table cannot be imported.
func (t *table) judge(got *bigquery.Table) {
	problem := func(code fault.Code, text string) { t.ProblemCode, t.Problem = string(code), text }
	importable := slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return c.Type != schema.Unsupported && !c.Partition })
	switch p := t.Partitioning; {
	case got.View != nil && got.View.UseLegacySql:
		problem(fault.SourceUnsupported, "the view is in legacy SQL, which other queries cannot read")
	case len(t.Columns) == 0:
		problem(fault.SourceEmpty, "the table has no columns yet")
	case !importable:
		problem(fault.SourceUnsupportedType, "no column can be read: its type is not supported, or a policy tag protects it")
	case p != nil && p.FilterRequired && p.Column == "":
		problem(fault.SourceUnsupported, "the table is partitioned by the time of ingestion and requires a filter on it: import a query with a condition on _PARTITIONTIME")
	}
}

// glance is a query of some columns, for a dry run: it would read as little as
// the table allows.
func (t *table) glance(columns []string) string {
	list := make([]string, len(columns))
	for i, name := range columns {
		list[i] = quote(name)
	}
	sql := "SELECT " + strings.Join(list, ", ") + " FROM " + t.ref.sql()
	if p := t.Partitioning; p != nil && p.FilterRequired && p.Column != "" {
		sql += " WHERE " + quote(p.Column) + " IS NULL"
	}
	return sql + " LIMIT 0"
}

// readable is one column that is not denied, so that a policy tag on another
// does not look like a missing right to the table.
func (t *table) readable() []string {
	for _, c := range t.Columns {
		if c.Type != schema.Unsupported {
			return []string{c.Name}
		}
	}
	return nil
}

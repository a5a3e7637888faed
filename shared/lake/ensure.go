package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// tableProperties are set once, when a table is created. Row groups stay small
// enough that a worker with little memory can write them and a look-up reads
// little; superseded metadata files are removed by the commit that replaces them.
func tableProperties() iceberg.Properties {
	return iceberg.Properties{
		table.PropertyFormatVersion:               "2",
		table.ParquetCompressionKey:               "zstd",
		table.ParquetRowGroupSizeBytesKey:         "33554432",
		table.ParquetRowGroupLimitKey:             "131072",
		table.MetadataDeleteAfterCommitEnabledKey: "true",
		table.MetadataPreviousVersionsMaxKey:      "50",
	}
}

// Ensure makes the table able to take these columns: it creates it, spread as s
// says, or adds optional columns and drops requirements that no longer hold.
// Columns that the table has beyond these stay, and are null in new rows, and a
// table that exists stays spread as it is. A column whose type would change is
// fault.LakeIncompatible with the column as Field. It is safe to call it
// concurrently.
func (l *Lake) Ensure(ctx context.Context, id TableID, columns []schema.Column, s Spread) error {
	ctx = l.with(ctx)
	wanted, err := icebergSchema(columns)
	if err != nil {
		return err
	}
	_, err = l.retryConflicts(ctx, func() (string, error) { return "", l.ensure(ctx, id, wanted, s) })
	return err
}

func (l *Lake) ensure(ctx context.Context, id TableID, wanted *iceberg.Schema, s Spread) error {
	tbl, err := l.load(ctx, id)
	if fault.CodeOf(err) == fault.LakeTableMissing {
		return l.create(ctx, id, wanted, s)
	}
	if err != nil {
		return err
	}
	return l.evolve(ctx, tbl, wanted)
}

func (l *Lake) create(ctx context.Context, id TableID, wanted *iceberg.Schema, s Spread) error {
	spec, err := s.spec(wanted)
	if err != nil {
		return err
	}
	err = l.catalog.CreateNamespace(ctx, table.Identifier{id.namespace()}, nil)
	if err != nil && !namespaceExists(err) {
		return classify(fmt.Errorf("creating namespace: %w", err))
	}
	location := l.warehouse + "/" + id.namespace() + "/" + id.table()
	_, err = l.catalog.CreateTable(ctx, id.identifier(), wanted,
		catalog.WithLocation(location), catalog.WithProperties(tableProperties()), catalog.WithPartitionSpec(spec))
	if errors.Is(err, catalog.ErrTableAlreadyExists) {
		return conflict(err) // somebody else just made it, perhaps with other columns
	}
	if err != nil {
		return classify(fmt.Errorf("creating table: %w", err))
	}
	return nil
}

func (l *Lake) evolve(ctx context.Context, tbl *table.Table, wanted *iceberg.Schema) error {
	tx := tbl.NewTransaction()
	update := tx.UpdateSchema(true, false)
	changed := false
	for _, field := range wanted.Fields() {
		existing, ok := tbl.Schema().FindFieldByName(field.Name)
		switch {
		case !ok:
			update.AddColumn([]string{field.Name}, field.Type, field.Doc, false, nil)
			changed = true
		case !sameType(existing, field):
			return fault.Field(fault.LakeIncompatible, field.Name,
				fmt.Sprintf("the lake has it as %s, the mapping makes it %s", nameOf(existing), nameOf(field)))
		}
	}
	for _, existing := range tbl.Schema().Fields() {
		field, ok := wanted.FindFieldByName(existing.Name)
		if existing.Required && (!ok || !field.Required) {
			update.UpdateColumn([]string{existing.Name}, table.ColumnUpdate{Required: iceberg.Optional[bool]{Valid: true}})
			changed = true
		}
	}
	if !changed {
		return nil
	}
	if err := update.Commit(); err != nil {
		return fmt.Errorf("changing columns: %w", err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		return l.commitError(ctx, tbl, err)
	}
	return nil
}

func icebergSchema(columns []schema.Column) (*iceberg.Schema, error) {
	fields := make([]iceberg.NestedField, len(columns))
	for i, column := range columns {
		field, err := fieldOf(column)
		if err != nil {
			return nil, err
		}
		field.ID = i + 1
		fields[i] = field
	}
	return iceberg.NewSchema(0, slices.Clip(fields)...), nil
}

func nameOf(f iceberg.NestedField) string {
	if isJSON(f) {
		return jsonDoc
	}
	return f.Type.String()
}

package lake

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// An equality delete of a partition applies to the data files of that partition only, whatever its keys. So keys that
// may be in several partitions are deleted under a spec without any, whose deletes apply to all of the table.

// deleteScope returns the table as equality deletes of the key are to be written to it.
func deleteScope(tbl *table.Table, key []string) (*table.Table, error) {
	if within(tbl, key) {
		return tbl, nil
	}
	spec, ok := inOnePiece(tbl)
	if !ok {
		return nil, errors.New("the table has no spec for deletes of every partition")
	}
	return altered(tbl, func(b *table.MetadataBuilder) error { return b.SetDefaultSpecID(spec.ID()) })
}

// openGlobal gives the table a spec without partitions, beside its own, if deletes of the key need one.
func (l *Lake) openGlobal(ctx context.Context, id TableID, key []string) error {
	tbl, err := l.load(ctx, id)
	if err != nil || within(tbl, key) {
		return err
	}
	if _, ok := inOnePiece(tbl); ok {
		return nil
	}
	_, _, err = l.catalog.CommitTable(ctx, tbl.Identifier(),
		[]table.Requirement{table.AssertTableUUID(tbl.Metadata().TableUUID())},
		[]table.Update{table.NewAddPartitionSpecUpdate(iceberg.UnpartitionedSpec, false)})
	if err != nil {
		return l.commitError(ctx, tbl, fmt.Errorf("adding a spec for deletes: %w", err))
	}
	return nil
}

// altered returns the table with other metadata, in memory only.
func altered(tbl *table.Table, alter func(*table.MetadataBuilder) error) (*table.Table, error) {
	builder, err := table.MetadataBuilderFromBase(tbl.Metadata(), tbl.MetadataLocation())
	if err != nil {
		return nil, err
	}
	if err := alter(builder); err != nil {
		return nil, err
	}
	metadata, err := builder.Build()
	if err != nil {
		return nil, err
	}
	return table.New(tbl.Identifier(), metadata, tbl.MetadataLocation(), tbl.FS, nil), nil
}

package googlepeer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"
)

// CreateDataset makes a dataset, named "dataset" or "project.dataset". Without
// a location it is in Config.Location.
func (p *Peer) CreateDataset(ctx context.Context, name, location string) error {
	project, dataset, ok := strings.Cut(name, ".")
	if !ok {
		project, dataset = p.config.Project, name
	}
	addr, err := p.warehouse.emulator.start(ctx)
	if err != nil {
		return err
	}
	body := mustJSON(bigquery.Dataset{DatasetReference: &bigquery.DatasetReference{ProjectId: project, DatasetId: dataset}})
	status, out, err := p.call(ctx, http.MethodPost, "http://"+addr+"/bigquery/v2/projects/"+project+"/datasets", "application/json", body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("creating dataset %s: %d %s", name, status, out)
	}
	p.warehouse.catalog.add(datasetRef{project, dataset}, cmp.Or(location, p.config.Location))
	return nil
}

// Table is a table or view to create.
type Table struct {
	Name   string // "dataset.table" or "project.dataset.table"
	Schema []*bigquery.TableFieldSchema
	View   string // a SELECT; its columns are found out when Schema is empty

	// Declare sets what else tables.get and tables.list show: Type, NumBytes,
	// TimePartitioning, RequirePartitionFilter, Clustering, Labels, Description,
	// ExternalDataConfiguration, times, Etag. It is the truth for every check the
	// peer makes, too.
	Declare func(*bigquery.Table)
}

// CreateTable makes a table without rows. Exec fills it: one that is partitioned
// by the time of ingestion by naming its columns and _PARTITIONTIME.
func (p *Peer) CreateTable(ctx context.Context, t Table) error {
	ref, err := p.ref(t.Name)
	if err != nil {
		return err
	}
	now := time.Now().UnixMilli()
	meta := &bigquery.Table{Schema: &bigquery.TableSchema{Fields: t.Schema}, CreationTime: now, LastModifiedTime: uint64(now), Type: kindTable}
	if t.View != "" {
		meta.Type, meta.View = kindView, &bigquery.ViewDefinition{Query: t.View, ForceSendFields: []string{"UseLegacySql"}}
		if len(t.Schema) == 0 {
			if meta.Schema, err = p.warehouse.columns(ctx, ref, t.View); err != nil {
				return err
			}
		}
	}
	if t.Declare != nil {
		t.Declare(meta)
	}
	if t.View == "" {
		if err := p.warehouse.define(ctx, ref, meta); err != nil {
			return err
		}
	}
	return p.warehouse.catalog.put(ref, &table{meta: meta})
}

// define creates a table at the emulator.
func (b *warehouse) define(ctx context.Context, ref tableRef, meta *bigquery.Table) error {
	columns := make([]string, 0, len(meta.Schema.Fields)+1)
	for _, f := range meta.Schema.Fields {
		columns = append(columns, "`"+f.Name+"` "+typeSQL(f))
	}
	if partitionColumn(meta) == "_PARTITIONTIME" && meta.TimePartitioning != nil {
		columns = append(columns, ingested+" TIMESTAMP")
	}
	if _, refused := b.run(ctx, "CREATE TABLE "+ref.sql()+" ("+strings.Join(columns, ", ")+")", nil); refused != nil {
		return fmt.Errorf("creating table %s: %w", ref, refused)
	}
	return nil
}

// columns finds out what a view returns.
func (b *warehouse) columns(ctx context.Context, ref tableRef, view string) (*bigquery.TableSchema, error) {
	q := &resolved{}
	sql, refused := b.tables(q, parse(view), ref.project, nil, owner)
	if refused != nil {
		return nil, fmt.Errorf("creating view %s: %w", ref, refused)
	}
	result, refused := b.run(ctx, "SELECT * FROM ("+sql+"\n) LIMIT 0", nil)
	if refused != nil {
		return nil, fmt.Errorf("creating view %s: %w", ref, refused)
	}
	return &bigquery.TableSchema{Fields: result.fields}, nil
}

// typeSQL is a field's type in GoogleSQL, without parameters: the emulator has none.
func typeSQL(f *bigquery.TableFieldSchema) string {
	name := f.Type
	switch f.Type {
	case "INTEGER":
		name = "INT64"
	case "FLOAT":
		name = "FLOAT64"
	case "BOOLEAN":
		name = "BOOL"
	case "RANGE":
		name = "RANGE<" + f.RangeElementType.Type + ">"
	case "RECORD", "STRUCT":
		fields := make([]string, len(f.Fields))
		for i, inner := range f.Fields {
			fields[i] = "`" + inner.Name + "` " + typeSQL(inner)
		}
		name = "STRUCT<" + strings.Join(fields, ", ") + ">"
	}
	if f.Mode == "REPEATED" {
		return "ARRAY<" + name + ">"
	}
	return name
}

// Exec runs a statement that seeds or changes data: INSERT, UPDATE, DELETE,
// MERGE, CREATE TABLE … AS, DROP TABLE. It is the owner's and not recorded.
func (p *Peer) Exec(ctx context.Context, sql string) error {
	s := parse(sql)
	for _, m := range s.writes {
		ref, err := p.ref(strings.Join(m.path, "."))
		if err != nil {
			return err
		}
		if err := p.warehouse.keep(ctx, ref); err != nil {
			return err
		}
	}
	if _, refused := p.warehouse.run(ctx, sql, nil); refused != nil {
		return fmt.Errorf("running a statement: %w", refused)
	}
	for _, m := range s.writes {
		ref, err := p.ref(strings.Join(m.path, "."))
		if err != nil {
			return err
		}
		if err := p.warehouse.refresh(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// refresh brings a table's metadata up to what the emulator has now.
func (b *warehouse) refresh(ctx context.Context, ref tableRef) error {
	addr, err := b.emulator.start(ctx)
	if err != nil {
		return err
	}
	status, out, err := b.peer.call(ctx, http.MethodGet, "http://"+addr+"/bigquery/v2/projects/"+ref.project+"/datasets/"+ref.dataset+"/tables/"+ref.table, "", nil)
	if err != nil {
		return err
	}
	if status == http.StatusNotFound {
		b.catalog.remove(ref)
		return nil
	}
	if err := b.emptyArrays(ctx, ref); err != nil {
		return err
	}
	count, refused := b.run(ctx, "SELECT COUNT(*) FROM "+ref.sql(), nil)
	if refused != nil {
		return fmt.Errorf("counting the rows of %s: %w", ref, refused)
	}
	number, _ := count.rows[0].F[0].V.(string)
	total, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return fmt.Errorf("counting the rows of %s: %w", ref, err)
	}
	now := time.Now().UnixMilli()
	if _, _, known := b.catalog.table(ref); !known {
		var meta bigquery.Table
		if err := json.Unmarshal(out, &meta); err != nil {
			return fmt.Errorf("decoding table %s: %w", ref, err)
		}
		fresh := &bigquery.Table{Schema: meta.Schema, Type: kindTable, CreationTime: now}
		if err := b.catalog.put(ref, &table{meta: fresh}); err != nil {
			return err
		}
	}
	b.catalog.change(ref, func(t *table) {
		changed := *t.meta
		changed.NumRows, changed.LastModifiedTime, changed.Etag = total, uint64(now), ""
		t.meta = &changed
	})
	return nil
}

// emptyArrays makes an empty array of one that is NULL, as BigQuery does when it writes one.
func (b *warehouse) emptyArrays(ctx context.Context, ref tableRef) error {
	meta, _, known := b.catalog.table(ref)
	if !known || meta.Schema == nil {
		return nil
	}
	for _, f := range meta.Schema.Fields {
		if f.Mode != "REPEATED" {
			continue
		}
		if _, refused := b.run(ctx, "UPDATE "+ref.sql()+" SET `"+f.Name+"` = [] WHERE `"+f.Name+"` IS NULL", nil); refused != nil {
			return fmt.Errorf("emptying the arrays of %s: %w", ref, refused)
		}
	}
	return nil
}

// Redeclare changes what tables.get and tables.list show of a table, as if it
// had been altered behind the client's back.
func (p *Peer) Redeclare(name string, edit func(*bigquery.Table)) error {
	ref, err := p.ref(name)
	if err != nil {
		return err
	}
	if _, _, ok := p.warehouse.catalog.table(ref); !ok {
		return fmt.Errorf("table %s is not there", ref)
	}
	p.warehouse.catalog.change(ref, func(t *table) {
		changed := *t.meta
		edit(&changed)
		t.meta = &changed
	})
	return nil
}

// DeclareTables makes many tables that have metadata and no rows: what describe
// says of each is made anew whenever it is asked for, so that any number costs
// little. The emulator does not know them, so no query can read them.
func (p *Peer) DeclareTables(dataset string, names []string, describe func(name string) *bigquery.Table) error {
	for _, name := range names {
		ref, err := p.ref(dataset + "." + name)
		if err != nil {
			return err
		}
		if err := p.warehouse.catalog.put(ref, &table{describe: describe}); err != nil {
			return err
		}
	}
	return nil
}

// DeclareDataset makes a dataset that only holds declared tables, without the emulator.
func (p *Peer) DeclareDataset(name, location string) {
	project, dataset, ok := strings.Cut(name, ".")
	if !ok {
		project, dataset = p.config.Project, name
	}
	p.warehouse.catalog.add(datasetRef{project, dataset}, cmp.Or(location, p.config.Location))
}

// ref reads "dataset.table" or "project.dataset.table".
func (p *Peer) ref(name string) (tableRef, error) {
	switch parts := strings.SplitN(name, ".", 3); len(parts) {
	case 3:
		return tableRef{datasetRef{parts[0], parts[1]}, parts[2]}, nil
	case 2:
		return tableRef{datasetRef{p.config.Project, parts[0]}, parts[1]}, nil
	default:
		return tableRef{}, fmt.Errorf("%q is no dataset.table", name)
	}
}

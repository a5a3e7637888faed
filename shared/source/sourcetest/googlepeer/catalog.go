package googlepeer

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/api/bigquery/v2"
)

// catalog is the metadata of every dataset and table, as the API shows it. The
// emulator's own is not used: it forgets most of what it was told.
type catalog struct {
	mu       sync.Mutex
	datasets map[datasetRef]*dataset
}

type datasetRef struct{ project, dataset string }

func (d datasetRef) String() string   { return d.project + ":" + d.dataset }
func (d datasetRef) resource() string { return "projects/" + d.project + "/datasets/" + d.dataset }

type tableRef struct {
	datasetRef
	table string
}

func (t tableRef) String() string   { return t.datasetRef.String() + "." + t.table }
func (t tableRef) resource() string { return t.datasetRef.resource() + "/tables/" + t.table }
func (t tableRef) sql() string      { return "`" + t.project + "`.`" + t.dataset + "`.`" + t.table + "`" }

type dataset struct {
	meta   *bigquery.Dataset
	tables map[string]*table
	names  []string // of tables, sorted; nil when they have to be sorted again
}

type table struct {
	meta     *bigquery.Table
	describe func(name string) *bigquery.Table // instead of meta, for tables that are many
	ready    *ready                            // rows that come from memory, not from the emulator
	history  []version
	kept     bool
}

// version is what a table held until a moment.
type version struct {
	until time.Time
	copy  tableRef
}

// Types of tables that the peer treats in their own way.
const (
	kindTable = "TABLE"
	kindView  = "VIEW"
)

func (c *catalog) dataset(ref datasetRef) (*bigquery.Dataset, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.datasets[ref]
	if !ok {
		return nil, false
	}
	return d.meta, true
}

func (c *catalog) add(ref datasetRef, location string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().UnixMilli()
	c.datasets[ref] = &dataset{tables: map[string]*table{}, meta: &bigquery.Dataset{
		Kind: "bigquery#dataset", Id: ref.String(), DatasetReference: &bigquery.DatasetReference{ProjectId: ref.project, DatasetId: ref.dataset},
		Location: location, CreationTime: now, LastModifiedTime: now, Etag: etag(ref.String(), now),
	}}
}

// table returns what tables.get shows of a table, and the table itself.
func (c *catalog) table(ref tableRef) (*bigquery.Table, *table, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.datasets[ref.datasetRef]
	if !ok {
		return nil, nil, false
	}
	t, ok := d.tables[ref.table]
	if !ok {
		return nil, nil, false
	}
	return d.shown(t, ref), t, true
}

// shown completes a table's metadata. The caller holds the lock; what it gets is its own.
func (d *dataset) shown(t *table, ref tableRef) *bigquery.Table {
	meta := t.meta
	if t.describe != nil {
		meta = t.describe(ref.table)
	}
	m := *meta
	m.Kind, m.Id = "bigquery#table", ref.String()
	m.TableReference = &bigquery.TableReference{ProjectId: ref.project, DatasetId: ref.dataset, TableId: ref.table}
	m.Type = cmp.Or(m.Type, kindTable)
	m.Location = d.meta.Location
	m.CreationTime = cmp.Or(m.CreationTime, d.meta.CreationTime)
	m.LastModifiedTime = cmp.Or(m.LastModifiedTime, uint64(m.CreationTime))
	m.Etag = cmp.Or(m.Etag, etag(ref.String(), m.LastModifiedTime))
	if m.Type == kindTable && m.NumBytes == 0 && m.Schema != nil {
		m.NumBytes = int64(m.NumRows) * int64(len(m.Schema.Fields)) * 8
	}
	m.ForceSendFields = []string{"NumRows", "NumBytes", "NumLongTermBytes"}
	return &m
}

func etag(id string, modified any) string {
	sum := sha256.Sum256(fmt.Append(nil, id, modified))
	return base64.StdEncoding.EncodeToString(sum[:16])
}

// put adds or replaces a table. The dataset must be there.
func (c *catalog) put(ref tableRef, t *table) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.datasets[ref.datasetRef]
	if !ok {
		return fmt.Errorf("dataset %s is not there", ref.datasetRef)
	}
	d.tables[ref.table], d.names = t, nil
	return nil
}

func (c *catalog) remove(ref tableRef) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d, ok := c.datasets[ref.datasetRef]; ok {
		delete(d.tables, ref.table)
		d.names = nil
	}
}

// change edits a table's metadata.
func (c *catalog) change(ref tableRef, edit func(*table)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d, ok := c.datasets[ref.datasetRef]; ok && d.tables[ref.table] != nil {
		edit(d.tables[ref.table])
	}
}

// listDatasets returns the datasets of a project by name.
func (c *catalog) listDatasets(project string) []*bigquery.Dataset {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*bigquery.Dataset
	for ref, d := range c.datasets {
		if ref.project == project {
			found = append(found, d.meta)
		}
	}
	slices.SortFunc(found, func(a, b *bigquery.Dataset) int { return cmp.Compare(a.Id, b.Id) })
	return found
}

// listTables returns the tables of a dataset by name, after one of them, and
// how many there are in all.
func (c *catalog) listTables(ref datasetRef, after string, limit int) (page []*bigquery.Table, total int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.datasets[ref]
	if d.names == nil {
		d.names = slices.Sorted(maps.Keys(d.tables))
	}
	from, found := slices.BinarySearch(d.names, after)
	if found {
		from++
	}
	for _, name := range d.names[from:min(from+limit, len(d.names))] {
		page = append(page, d.shown(d.tables[name], tableRef{ref, name}))
	}
	return page, len(d.names)
}

// matching returns the tables that a wildcard name stands for.
func (c *catalog) matching(ref tableRef) []tableRef {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.datasets[ref.datasetRef]
	if !ok {
		return nil
	}
	prefix := strings.TrimSuffix(ref.table, "*")
	var found []tableRef
	for _, name := range slices.Sorted(maps.Keys(d.tables)) {
		if strings.HasPrefix(name, prefix) {
			found = append(found, tableRef{ref.datasetRef, name})
		}
	}
	return found
}

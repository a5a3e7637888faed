package bigquery

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/schema"
)

// listing keeps what was listed last, so that the pages of a discovery do not
// list the same dataset again. It holds the names of one dataset's tables.
type listing struct {
	mu       sync.Mutex
	datasets []dataset
	of       string // the dataset of tables
	tables   []entry
}

type dataset struct{ id, location string }

// entry is a table, or a group of tables whose names differ in a date only.
type entry struct {
	id     string // of a group: the stem and "*"
	newest string // of a group: the shard with the last date; the others have its schema
	shards int64
}

// name is what the entry's table is called in the product.
func (e entry) name(dataset string) string { return schema.Name(dataset, e.id) }

// forget makes the next listing a fresh one.
func (s *session) forget() {
	s.listing.mu.Lock()
	defer s.listing.mu.Unlock()
	s.listing.datasets, s.listing.of, s.listing.tables = nil, "", nil
}

// datasets lists the connection's datasets, by name.
func (s *session) datasets(ctx context.Context) ([]dataset, error) {
	s.listing.mu.Lock()
	defer s.listing.mu.Unlock()
	if s.listing.datasets != nil {
		return s.listing.datasets, nil
	}
	found, err := s.listDatasets(ctx)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(d dataset) bool { return !s.config.wants(d.location) })
	slices.SortFunc(found, func(a, b dataset) int { return strings.Compare(a.id+".", b.id+".") })
	s.listing.datasets = found
	return found, nil
}

func (s *session) listDatasets(ctx context.Context) ([]dataset, error) {
	if s.config.datasets != nil {
		return s.getDatasets(ctx)
	}
	found := []dataset{}
	for token := ""; ; {
		call := s.rest.Datasets.List(s.config.project).MaxResults(1000).PageToken(token).Fields("nextPageToken", "datasets(datasetReference,location)")
		page, err := paced(ctx, s.pace, func() (*bigquery.DatasetList, error) { return call.Context(ctx).Do() })
		if err != nil {
			return nil, fmt.Errorf("listing datasets: %w", err)
		}
		for _, d := range page.Datasets {
			found = append(found, dataset{d.DatasetReference.DatasetId, d.Location})
		}
		if token = page.NextPageToken; token == "" {
			return found, nil
		}
	}
}

// getDatasets asks for each of the datasets that the connection names.
func (s *session) getDatasets(ctx context.Context) ([]dataset, error) {
	found := make([]dataset, len(s.config.datasets))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, id := range s.config.datasets {
		group.Go(func() error {
			d, err := s.getDataset(ctx, id)
			if err != nil {
				return err
			}
			found[i] = d
			return nil
		})
	}
	return found, group.Wait()
}

func (s *session) getDataset(ctx context.Context, id string) (dataset, error) {
	d, err := paced(ctx, s.pace, func() (*bigquery.Dataset, error) {
		return s.rest.Datasets.Get(s.config.project, id).Fields("datasetReference", "location").Context(ctx).Do()
	})
	if err != nil {
		return dataset{}, fmt.Errorf("getting a dataset: %w", err)
	}
	return dataset{id, d.Location}, nil
}

// tables lists the tables and groups of a dataset, by name.
func (s *session) tables(ctx context.Context, dataset string) ([]entry, error) {
	s.listing.mu.Lock()
	defer s.listing.mu.Unlock()
	if s.listing.of == dataset {
		return s.listing.tables, nil
	}
	ids, err := s.listTables(ctx, dataset)
	if err != nil {
		return nil, err
	}
	entries := grouped(ids)
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name(dataset), b.name(dataset)) })
	s.listing.of, s.listing.tables = dataset, entries
	return entries, nil
}

func (s *session) listTables(ctx context.Context, dataset string) ([]string, error) {
	var ids []string
	for token := ""; ; {
		call := s.rest.Tables.List(s.config.project, dataset).MaxResults(1000).PageToken(token).Fields("nextPageToken", "tables(tableReference)")
		page, err := paced(ctx, s.pace, func() (*bigquery.TableList, error) { return call.Context(ctx).Do() })
		if err != nil {
			return nil, fmt.Errorf("listing tables: %w", err)
		}
		for _, t := range page.Tables {
			ids = append(ids, t.TableReference.TableId)
		}
		if token = page.NextPageToken; token == "" {
			return ids, nil
		}
	}
}

var dated = regexp.MustCompile(`^(.*[^0-9])([0-9]{8})$`)

// shard takes the name of a table that may be one of many, one for each day,
// apart: events_20240501 is of the stem events_.
func shard(id string) (stem string, ok bool) {
	m := dated.FindStringSubmatch(id)
	if m == nil {
		return "", false
	}
	_, err := time.Parse("20060102", m[2])
	return m[1], err == nil
}

// grouped makes one entry of all tables whose names differ in a date only.
// Each of them can still be named in a query.
func grouped(ids []string) []entry {
	groups := map[string]entry{}
	for _, id := range ids {
		if stem, ok := shard(id); ok {
			g := groups[stem]
			groups[stem] = entry{id: stem + "*", newest: max(g.newest, id), shards: g.shards + 1}
		}
	}
	entries := make([]entry, 0, len(ids))
	for _, id := range ids {
		if stem, ok := shard(id); !ok || groups[stem].shards == 1 {
			entries = append(entries, entry{id: id})
		}
	}
	for _, g := range groups {
		if g.shards > 1 {
			entries = append(entries, g)
		}
	}
	return entries
}

// newestOf finds the newest shard of a wildcard, which gives it its schema, and
// counts them.
func (s *session) newestOf(ctx context.Context, r tableRef) (entry, error) {
	ids, err := s.listTables(ctx, r.dataset)
	if err != nil {
		return entry{}, err
	}
	group := entry{id: r.table}
	for _, id := range ids {
		if suffix, ok := strings.CutPrefix(id, strings.TrimSuffix(r.table, "*")); ok && digits(suffix) {
			group.shards++
			if cmp.Or(cmp.Compare(len(id), len(group.newest)), strings.Compare(id, group.newest)) > 0 {
				group.newest = id
			}
		}
	}
	return group, nil
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

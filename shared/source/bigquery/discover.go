package bigquery

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/google"
)

const (
	// pageTables bounds the memory and the time of one page: three seconds at the
	// 100 requests a second that BigQuery takes.
	pageTables = 300
	// pageTime is when a page ends with what it has: tables with policy tags take
	// more requests. It is looked at after every pageStep tables.
	pageTime = 30 * time.Second
	pageStep = 4 * concurrency
)

// position is where a discovery goes on: after a table, in the order of names.
// It holds no page token of BigQuery's, which only lives for a while.
type position struct {
	Dataset string `json:"d"`
	After   string `json:"t"` // name of a table; "" is the beginning
}

func (p position) cursor() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic("bigquery: positions always marshal: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(cursor string) (position, error) {
	var p position
	if cursor == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return p, fault.Wrap(fault.WorkerInvalidCall, "the cursor is not one of this driver", err)
	}
	return p, nil
}

// Discover lists the tables of each dataset and gets the metadata of one table
// at a time. INFORMATION_SCHEMA would take fewer requests, but four views per
// dataset, ten megabytes billed for each, and bigquery.jobs.create; and it still
// does not have everything: row counts need bigquery.tables.getData there.
func (s *session) Discover(ctx context.Context, cursor string) (source.DiscoverPage, error) {
	at, err := parseCursor(cursor)
	if err != nil {
		return source.DiscoverPage{}, err
	}
	if cursor == "" {
		s.forget()
	}
	datasets, err := s.datasets(ctx)
	if err != nil {
		return source.DiscoverPage{}, err
	}
	end := pageEnd(ctx, time.Now())
	var page source.DiscoverPage
	for _, d := range datasets {
		if d.id+"." < at.Dataset+"." {
			continue
		}
		if len(page.Tables) >= pageTables || len(page.Tables) > 0 && time.Now().After(end) {
			page.Next = position{Dataset: d.id}.cursor()
			return page, nil
		}
		after := ""
		if d.id == at.Dataset {
			after = at.After
		}
		last, err := s.discoverIn(ctx, d, after, end, &page)
		if err != nil {
			return source.DiscoverPage{}, err
		}
		if last != "" {
			page.Next = position{d.id, last}.cursor()
			return page, nil
		}
	}
	return page, nil
}

// pageEnd is when a page ends that begins now: well before its caller's time is up.
func pageEnd(ctx context.Context, now time.Time) time.Time {
	end := now.Add(pageTime)
	if deadline, ok := ctx.Deadline(); ok && now.Add(deadline.Sub(now)/2).Before(end) {
		end = now.Add(deadline.Sub(now) / 2)
	}
	return end
}

// discoverIn adds the tables of a dataset to a page until it is full or its time
// is up; then it returns the last one's name.
func (s *session) discoverIn(ctx context.Context, d dataset, after string, end time.Time, page *source.DiscoverPage) (last string, err error) {
	entries, err := s.tables(ctx, d.id)
	if google.Status(err) == http.StatusNotFound && s.config.datasets == nil {
		return "", nil // it was dropped since it was listed
	}
	if err != nil {
		return "", err
	}
	var batch []entry
	for _, e := range entries {
		if e.name(d.id) <= after {
			continue
		}
		if len(page.Tables)+len(batch) == pageTables {
			last = batch[len(batch)-1].name(d.id)
			break
		}
		batch = append(batch, e)
	}
	for len(batch) > 0 {
		step := batch[:min(pageStep, len(batch))]
		tables, err := s.describeAll(ctx, d, step)
		if err != nil {
			return "", err
		}
		page.Tables = append(page.Tables, tables...)
		if batch = batch[len(step):]; len(batch) > 0 && time.Now().After(end) {
			return step[len(step)-1].name(d.id), nil
		}
	}
	return last, nil
}

// describeAll gets the metadata of tables, in their order. A table that was
// dropped since it was listed is left out.
func (s *session) describeAll(ctx context.Context, d dataset, entries []entry) ([]schema.Table, error) {
	described := make([]schema.Table, len(entries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, e := range entries {
		group.Go(func() (err error) {
			described[i], err = s.discovered(ctx, tableRef{s.config.project, d.id, e.id}, e)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	present := described[:0]
	for _, t := range described {
		if t.Name != "" {
			present = append(present, t)
		}
	}
	return present, nil
}

func (s *session) discovered(ctx context.Context, r tableRef, e entry) (schema.Table, error) {
	t, err := s.describe(ctx, r, e)
	switch google.Status(err) {
	case http.StatusNotFound:
		return schema.Table{}, nil
	case http.StatusForbidden:
		class := Driver{}.Classify(err)
		if class == nil || class.Code != fault.SourcePermission {
			return schema.Table{}, err
		}
		return schema.Table{Name: r.name(), Namespace: r.dataset, ProblemCode: string(class.Code), Problem: class.Message}, nil
	}
	return t.Table, err
}

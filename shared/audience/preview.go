package audience

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lookup"
)

// Lake is what audiences need of the lake.
type Lake interface {
	Describe(ctx context.Context, id lake.TableID) (lake.Description, error)
	Scan(ctx context.Context, id lake.TableID, columns []string, bucket int) iter.Seq2[arrow.RecordBatch, error]
}

// Service previews audiences.
type Service struct {
	Imports      lookup.Imports
	Lake         Lake
	Now          func() time.Time
	MaximumRows  int64 // of the tables that a preview reads; 0 is DefaultMaximumRows
	MaximumBytes int64 // that a preview keeps of people; 0 is DefaultMaximumBytes
}

// DefaultMaximumRows is how many rows a preview reads; of tables in one piece, which are not read bucketsAtOnce at a time, a quarter.
const DefaultMaximumRows = 10_000_000

const (
	bucketsAtOnce = 4
	patience      = 20 * time.Second
)

// Preview says for how many people an expression holds, and shows up to sample of them. People are the
// identifiers of the workspace's user_profile imports. An expression that is not valid is fault.AudienceInvalid,
// one that needs more rows, memory or time than a preview has fault.AudienceTooLarge.
func (s *Service) Preview(ctx context.Context, workspaceID string, e Expression, sample int) (Preview, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p, err := s.preview(limited, workspaceID, e, sample)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return Preview{}, fault.Wrap(fault.AudienceTooLarge, fmt.Sprintf("reading took longer than %s", patience), err)
	}
	return p, err
}

func (s *Service) preview(ctx context.Context, workspaceID string, e Expression, sample int) (Preview, error) {
	imports, err := lookup.AllImports(ctx, s.Imports, workspaceID)
	if err != nil {
		return Preview{}, err
	}
	imports = slices.DeleteFunc(imports, func(i ingest.Import) bool { return i.Type == ingest.IdentityGraph })
	all, err := describe(ctx, s.Lake, imports)
	if err != nil {
		return Preview{}, err
	}
	c := &compiler{tables: all, now: s.Now()}
	holds := c.expression("expression", e, 1)
	c.holdAll()
	if err := c.problems.Err(); err != nil {
		return Preview{}, err
	}
	w := &work{lake: s.Lake, compiler: c, holds: holds, sample: sample, budget: newBudget(cmp.Or(s.MaximumBytes, DefaultMaximumBytes))}
	buckets, err := w.buckets(cmp.Or(s.MaximumRows, DefaultMaximumRows))
	if err != nil {
		return Preview{}, err
	}
	return w.run(ctx, buckets)
}

// work is one preview under way.
type work struct {
	*compiler
	lake    Lake
	holds   node
	sample  int
	budget  *budget
	scanned atomic.Int64
}

// needed are the tables that the expression is about.
func (w *work) needed() tables {
	some := w.tables.of(ingest.UserProfile)
	if len(w.activities) > 0 {
		some = append(some, w.tables.of(ingest.UserActivity)...)
	}
	if len(w.groups) > 0 {
		some = append(some, w.tables.of(ingest.GroupIdentity)...)
	}
	return some
}

// buckets returns the buckets that can be looked at one by one, as every table
// has the same person in the same one; -1 is all in one.
func (w *work) buckets(maximum int64) ([]int, error) {
	some := w.needed()
	alike := len(some) > 0
	var rows int64
	for _, t := range some {
		rows += t.rows
		alike = alike && t.bucket.N == some[0].bucket.N && (t.bucket.Column == identifierColumn || t.bucket.Column == memberColumn)
	}
	if !alike {
		maximum /= bucketsAtOnce
	}
	if rows > maximum {
		return nil, fault.New(fault.AudienceTooLarge, fmt.Sprintf("the tables have %d rows; a preview reads %d", rows, maximum))
	}
	if !alike {
		return []int{-1}, nil
	}
	all := make([]int, some[0].bucket.N)
	for n := range all {
		all[n] = n
	}
	return all, nil
}

// atOnce is how many of so many buckets are counted at the same time: as many as there is memory for, and at least one.
func (w *work) atOnce(buckets int) int {
	var people int64 // at most
	for _, t := range w.tables.of(ingest.UserProfile) {
		people += t.rows
	}
	each := max(1, people/int64(buckets)*w.perPerson())
	return int(max(1, min(bucketsAtOnce, w.budget.maximum/each)))
}

// run counts bucket by bucket, a few at the same time.
func (w *work) run(ctx context.Context, buckets []int) (Preview, error) {
	parts := make([]Preview, len(buckets))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.atOnce(len(buckets)))
	for n, bucket := range buckets {
		group.Go(func() (err error) {
			parts[n], err = w.bucket(ctx, bucket)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Preview{}, err
	}
	total := Preview{Sample: []string{}, RowsScanned: w.scanned.Load()}
	for _, p := range parts {
		total.Count += p.Count
		total.Sample = append(total.Sample, p.Sample[:min(len(p.Sample), w.sample-len(total.Sample))]...)
	}
	return total, nil
}

// bucket counts the people of one bucket.
func (w *work) bucket(ctx context.Context, bucket int) (Preview, error) {
	c := newCrowd(w.compiler, w.budget)
	defer c.close()
	for _, t := range w.needed() {
		if err := w.read(ctx, c, t, bucket); err != nil {
			return Preview{}, fmt.Errorf("reading the table of import %s: %w", t.of.ID, err)
		}
	}
	var p Preview
	for name, n := range c.index {
		if w.holds(person{c, n}) {
			p.Count++
			at, _ := slices.BinarySearch(p.Sample, name)
			if at < w.sample {
				p.Sample = slices.Insert(p.Sample, at, name)
				p.Sample = p.Sample[:min(len(p.Sample), w.sample)]
			}
		}
	}
	return p, nil
}

// read adds what a table knows to the crowd.
func (w *work) read(ctx context.Context, c *crowd, t table, bucket int) error {
	r, err := c.reader(t)
	if err != nil {
		return err
	}
	for batch, err := range w.lake.Scan(ctx, t.id, r.columns, bucket) {
		if err != nil {
			return err
		}
		w.scanned.Add(batch.NumRows())
		if err := r.add(batch); err != nil {
			return err
		}
		if err := c.pay(); err != nil {
			return err
		}
	}
	r.end()
	return nil
}

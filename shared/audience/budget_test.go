package audience_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/audience"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

// wide is a workspace whose people have so many traits, and an expression about all of them.
func wide(people, traits int) (world, audience.Expression) {
	columns := []schema.Column{column("identifier", schema.String)}
	var all []audience.Expression
	for n := range traits {
		name := fmt.Sprint("trait_", n)
		columns = append(columns, column(name, schema.String))
		all = append(all, audience.Expression{Trait: &audience.Trait{Name: name, Op: "not_null"}},
			audience.Expression{Activity: &audience.Activity{Event: name}})
	}
	rows := make([]record, people)
	for p := range rows {
		rows[p] = record{"identifier": fmt.Sprintf("person-%06d", p)}
		for n := range traits {
			rows[p][fmt.Sprint("trait_", n)] = fmt.Sprint("value-", p%1000)
		}
	}
	var w world
	w.table(ingest.UserProfile, 0, "", columns, rows...)
	w.table(ingest.UserActivity, 0, "", activityColumns)
	return w, audience.Expression{Any: all}
}

// watched is a lake that sees what is in memory when it is asked for the last table, and how many scans are under way at once.
type watched struct {
	audience.Lake
	mu          sync.Mutex
	weigh       bool // whether it looks at memory: that takes time
	used        uint64
	now, atOnce int
}

func (w *watched) Scan(ctx context.Context, id lake.TableID, columns []string, bucket int) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		w.count(1, id)
		defer w.count(-1, id)
		for batch, err := range w.Lake.Scan(ctx, id, columns, bucket) {
			runtime.Gosched()
			if !yield(batch, err) {
				return
			}
		}
	}
}

func (w *watched) count(n int, id lake.TableID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now += n
	w.atOnce = max(w.atOnce, w.now)
	if w.weigh && strings.HasPrefix(id.Name, string(ingest.UserActivity)) {
		w.used = max(w.used, inUse())
	}
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What is counted is about what is in use, so that a preview ends before the memory does.
func TestMemoryIsCounted(t *testing.T) {
	for _, traits := range []int{1, 10, 24} {
		w, e := wide(8_000, traits)
		w[0].buckets, w[1].buckets = 1, 1
		s := w.service(t)
		seen := &watched{Lake: s.Lake, weigh: true}
		s.Lake = seen
		before := inUse()
		if _, err := s.Preview(t.Context(), "acme", e, 1); err != nil {
			t.Fatal(err)
		}
		used := int64(seen.used - before)
		for _, test := range []struct {
			maximum int64
			want    fault.Code
		}{{used * 95 / 100, fault.AudienceTooLarge}, {used * 2, ""}} {
			s.MaximumBytes = test.maximum
			if _, err := s.Preview(t.Context(), "acme", e, 1); fault.CodeOf(err) != test.want {
				t.Errorf("%d traits take %d bytes; of %d: %v", traits, used, test.maximum, err)
			}
		}
	}
}

// Where people have much, fewer buckets are looked at together, and each gives back what it had.
func TestFewerBucketsAtOnce(t *testing.T) {
	w, e := wide(8_000, 24)
	for _, test := range []struct {
		maximum int64
		atOnce  int
		want    fault.Code
	}{{0, 4, ""}, {12 << 20, 2, ""}, {6 << 20, 1, ""}, {2 << 20, 1, fault.AudienceTooLarge}} {
		s := w.service(t)
		seen := &watched{Lake: s.Lake}
		s.Lake, s.MaximumBytes = seen, test.maximum
		p, err := s.Preview(t.Context(), "acme", e, 3)
		if fault.CodeOf(err) != test.want || err == nil && (p.Count != 8_000 || len(p.Sample) != 3) {
			t.Errorf("in %d bytes: %d people, %v; want %q", test.maximum, p.Count, err, test.want)
		}
		if got := seen.atOnce; got > test.atOnce {
			t.Errorf("in %d bytes: %d buckets at once, want at most %d", test.maximum, got, test.atOnce)
		}
	}
}

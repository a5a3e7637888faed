package lake_test

import (
	"fmt"
	"io"
	"iter"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// place is an empty lake: a bucket and a database file, to be opened as often as wanted.
type place struct {
	config  lake.Config
	objects *s3mem.Backend
	clock   gofakes3.TimeSourceAdvancer // of the objects' ages
	traffic *traffic
}

// traffic sees every S3 request ("GET lake/…"). It calls before and after, when
// they are set, around what the request does.
type traffic struct {
	mu            sync.Mutex
	before, after func(request string)
	s3            http.Handler
}

func (f *traffic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/"+bucket+"/")
	f.mu.Lock()
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil {
		before(request)
	}
	f.s3.ServeHTTP(w, r)
	if after != nil {
		after(request)
	}
}

// hooks sets before and after.
func (f *traffic) hooks(before, after func(string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

const bucket = "lake"

func newPlace(t testing.TB) place {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	clock := gofakes3.FixedTimeSource(time.Now())
	backend := s3mem.New(s3mem.WithTimeSource(clock))
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	seen := &traffic{s3: gofakes3.New(backend).Server()}
	server := httptest.NewUnstartedServer(seen)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that are killed leave complaints
	server.Start()
	t.Cleanup(server.Close)
	return place{
		config: lake.Config{
			Catalog: lake.SQL, URI: filepath.Join(t.TempDir(), "catalog.db"),
			Warehouse: "s3://" + bucket + "/lake", Region: "us-east-1", S3Endpoint: server.URL,
		},
		objects: backend,
		clock:   clock,
		traffic: seen,
	}
}

func (p place) open(t testing.TB) *lake.Lake {
	t.Helper()
	opened, err := lake.Open(t.Context(), p.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

// keys lists the objects whose key has this suffix.
func (p place) keys(t *testing.T, suffix string) []string {
	t.Helper()
	list, err := p.objects.ListBucket(bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, object := range list.Contents {
		if strings.HasSuffix(object.Key, suffix) {
			keys = append(keys, object.Key)
		}
	}
	return keys
}

var (
	people = lake.TableID{Workspace: "acme-1", Name: "user_profile_imp_01"}

	peopleColumns = []schema.Column{
		{Name: "identifier", Type: schema.String},
		{Name: "visits", Type: schema.Int64, Nullable: true},
	}
	peopleArrow = arrow.NewSchema([]arrow.Field{
		{Name: "identifier", Type: arrow.BinaryTypes.String},
		{Name: "visits", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	}, nil)
)

// peopleBatch has n rows, identifiers prefix-000000 and up.
func peopleBatch(prefix string, from, n int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, peopleArrow)
	defer b.Release()
	for i := from; i < from+n; i++ {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("%s-%06d", prefix, i))
		b.Field(1).(*array.Int64Builder).Append(int64(i))
	}
	return b.NewRecordBatch()
}

// landPeople makes the table and data files with n rows, without committing them.
func landPeople(t *testing.T, l *lake.Lake, runID, prefix string, n int) lake.Files {
	t.Helper()
	if err := l.Ensure(t.Context(), people, peopleColumns, lake.Spread{}); err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context(), people, peopleArrow, runID)
	if err != nil {
		t.Fatal(err)
	}
	const step = 1000
	for from := 0; from < n; from += step {
		batch := peopleBatch(prefix, from, min(step, n-from))
		err := w.Write(t.Context(), batch)
		batch.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func parts(files ...lake.Files) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, f := range files {
			if !yield(f.Encoded, nil) {
				return
			}
		}
	}
}

// identifiers counts the rows per identifier.
func identifiers(t *testing.T, l *lake.Lake) map[string]int {
	t.Helper()
	rows, err := l.Rows(t.Context(), people, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for _, row := range rows {
		v, _ := row.Value("identifier")
		counts[v.(string)]++
	}
	return counts
}

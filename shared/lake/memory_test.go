package lake_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// sink takes data files and forgets them, so that a test sees the writer's
// memory and not the store's. Everything else goes to the store.
type sink struct{ store http.Handler }

func (s sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, ".parquet") {
		s.store.ServeHTTP(w, r)
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	w.Header().Set("ETag", `"0"`)
	switch query := r.URL.Query(); {
	case query.Has("uploads"):
		fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>`)
	case r.Method == http.MethodPost:
		fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"0"</ETag></CompleteMultipartUploadResult>`)
	}
}

// A worker must be able to write any number of rows: what it holds must not
// grow with them.
func TestWriterMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const rows, batchRows, valueBytes, limit = 1_000_000, 10_000, 100, 384 << 20 // 100 MB that hardly compress
	p := newPlace(t)
	p.config.TargetFileBytes = 32 << 20
	p.traffic.s3 = sink{p.traffic.s3}
	l := p.open(t)
	landPeople(t, l, "run_0", "a", 0)
	w, err := l.Writer(t.Context(), people, peopleArrow, "run_1")
	if err != nil {
		t.Fatal(err)
	}
	var batches []arrow.RecordBatch // more than a dictionary holds
	for range 5 {
		batch := noise(batchRows, valueBytes)
		defer batch.Release()
		batches = append(batches, batch)
	}
	peak, stop := watchHeap()
	for i := range rows / batchRows {
		if err := w.Write(t.Context(), batches[i%len(batches)]); err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close(t.Context())
	stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB in %d files, at most %d MiB in use", files.Bytes>>20, files.Count, *peak>>20)
	if files.Rows != rows || files.Count < 2 {
		t.Errorf("%d rows in %d files", files.Rows, files.Count)
	}
	if *peak > limit {
		t.Errorf("%d MiB in use", *peak>>20)
	}
}

func noise(rows, bytes int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, peopleArrow)
	defer b.Release()
	text := make([]byte, bytes)
	for i := range rows {
		for j := range text {
			text[j] = ' ' + byte(rand.N(95))
		}
		b.Field(0).(*array.StringBuilder).Append(string(text))
		b.Field(1).(*array.Int64Builder).Append(int64(i))
	}
	return b.NewRecordBatch()
}

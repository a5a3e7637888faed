package file_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// store is a store of a few objects, two to a page.
type store map[string]string

func (s store) object(key string) file.Object {
	return file.Object{Key: key, Size: int64(len(s[key])), ETag: fmt.Sprint(crc32.ChecksumIEEE([]byte(s[key])))}
}

func (s store) List(_ context.Context, prefix, cursor string) (file.Page, error) {
	var page file.Page
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if !strings.HasPrefix(key, prefix) || key <= cursor {
			continue
		}
		if len(page.Objects) == 2 {
			page.Next = page.Objects[1].Key
			break
		}
		page.Objects = append(page.Objects, s.object(key))
	}
	return page, nil
}

func (s store) Open(ctx context.Context, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	if now := s.object(obj.Key); now.Size != obj.Size || (obj.ETag != "" && now.ETag != obj.ETag) {
		return nil, fault.New(fault.SourceChanged, obj.Key+" changed")
	}
	data := s[obj.Key][offset:]
	if length >= 0 {
		data = data[:min(length, int64(len(data)))]
	}
	return io.NopCloser(&untilDone{ctx, strings.NewReader(data)}), nil
}

// untilDone fails, as a connection does, once its context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t testing.TB, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// parquetOf writes rows, as JSON, into a Parquet file with small row groups.
func parquetOf(t testing.TB, sc *arrow.Schema, rows string, groupRows int64) string {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, sc, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Release()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(sc, &b, parquet.NewWriterProperties(parquet.WithMaxRowGroupLength(groupRows)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func discover(t testing.TB, f *file.Files) []schema.Table {
	t.Helper()
	var tables []schema.Table
	for cursor := ""; ; {
		page, err := f.Discover(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, page.Tables...)
		if cursor = page.Next; cursor == "" {
			slices.SortFunc(tables, func(a, b schema.Table) int { return strings.Compare(a.Name, b.Name) })
			return tables
		}
	}
}

// table discovers and returns one table.
func table(t testing.TB, f *file.Files, name string) schema.Table {
	t.Helper()
	for _, table := range discover(t, f) {
		if table.Name == name {
			return table
		}
	}
	t.Fatalf("no table %q", name)
	return schema.Table{}
}

// result is what reading a table gave: rows as JSON, in order.
type result struct {
	Rows    []string
	Rejects []source.Reject
}

// readAll plans a table and reads all its splits.
func readAll(t testing.TB, f *file.Files, name string, target int64, columns ...string) result {
	t.Helper()
	plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table(t, f, name), Columns: columns, TargetBytes: target})
	if err != nil {
		t.Fatal(err)
	}
	var all result
	for _, split := range plan.Splits {
		got, err := readSplit(t, f, plan.Table, split, "", columns...)
		if err != nil {
			t.Fatal(err)
		}
		all.Rows = append(all.Rows, got.Rows...)
		all.Rejects = append(all.Rejects, got.Rejects...)
	}
	return all
}

func readSplit(t testing.TB, f *file.Files, table schema.Table, split source.Split, from source.Checkpoint, columns ...string) (result, error) {
	t.Helper()
	r, err := f.Read(t.Context(), source.ReadRequest{Table: table, Columns: columns, Split: split, From: from})
	if err != nil {
		return result{}, err
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var got result
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got.add(t, b)
	}
}

func (r *result) add(t testing.TB, b source.Batch) {
	t.Helper()
	defer b.Release()
	if int64(len(b.Origins)) != b.Record.NumRows() {
		t.Fatalf("%d origins for %d rows", len(b.Origins), b.Record.NumRows())
	}
	var text bytes.Buffer
	if err := array.RecordToJSON(b.Record, &text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		r.Rows = append(r.Rows, strings.TrimSpace(line))
	}
	r.Rejects = append(r.Rejects, b.Rejects...)
}

// versioned is a store that keeps every version of its objects.
type versioned struct{ versions map[string]store }

func (v versioned) List(ctx context.Context, prefix, cursor string) (file.Page, error) {
	page, err := v.versions["2"].List(ctx, prefix, cursor)
	for i := range page.Objects {
		page.Objects[i].Version = "2"
	}
	return page, err
}

func (v versioned) Open(ctx context.Context, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	return v.versions[obj.Version].Open(ctx, obj, offset, length)
}

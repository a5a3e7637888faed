package file_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// TestADiscoveryGoesOnAnywhere: of drawn trees every page, whatever its size, in
// the same session or in another, gives every table once, with all its files.
func TestADiscoveryGoesOnAnywhere(outer *testing.T) {
	dir := rapid.SampledFrom([]string{"a", "b", "a-b", "k=1", "k=2", "p", "_hidden"})
	rapid.Check(outer, func(t *rapid.T) {
		files := store{}
		want := map[string]int64{}
		for i := range rapid.IntRange(0, 30).Draw(t, "files") {
			dirs := rapid.SliceOfN(dir, 0, 4).Draw(t, "dirs")
			key := strings.Join(append(append([]string{"p"}, dirs...), fmt.Sprintf("%d.csv", i%7)), "/")
			if _, known := files[key]; known {
				continue
			}
			files[key] = "x\n1\n"
			if slices.Contains(dirs, "_hidden") {
				continue
			}
			for len(dirs) > 0 && strings.Contains(dirs[len(dirs)-1], "=") {
				dirs = dirs[:len(dirs)-1]
			}
			name := strings.Join(dirs, "/")
			switch name {
			case "":
				name = "p"
			case "p":
				name = "./p"
			}
			want[name]++
		}
		f := file.WithPages(file.New(files, "p"), rapid.IntRange(1, 3).Draw(t, "page"))
		got := map[string]int64{}
		for cursor := ""; ; {
			page, err := f.Discover(outer.Context(), cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range page.Tables {
				if _, twice := got[table.Name]; twice {
					t.Fatalf("%s twice", table.Name)
				}
				got[table.Name] = table.Files
			}
			if cursor = page.Next; cursor == "" {
				break
			}
			if rapid.Bool().Draw(t, "another process") {
				f = file.WithPages(file.New(files, "p"), 2)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("files by table (-want +got):\n%s", diff)
		}
	})
}

func TestAStrangeCursorIsRefused(t *testing.T) {
	if _, err := file.New(store{}, "").Discover(t.Context(), "{"); fault.CodeOf(err) != fault.WorkerInvalidCall {
		t.Errorf("got %v, want %s", err, fault.WorkerInvalidCall)
	}
}

// wide is a store of many small objects that are made when they are asked for,
// a thousand to a page.
type wide struct {
	objects int
	key     func(i int) string
	content string
}

func (w wide) List(_ context.Context, prefix, cursor string) (file.Page, error) {
	var page file.Page
	from := 0
	if cursor != "" {
		if _, err := fmt.Sscan(cursor, &from); err != nil {
			return page, err
		}
	}
	for i := from; i < w.objects; i++ {
		key := w.key(i)
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if len(page.Objects) == 1000 {
			page.Next = fmt.Sprint(i)
			break
		}
		page.Objects = append(page.Objects, file.Object{Key: key, Size: int64(len(w.content)), ETag: fmt.Sprintf("%032d", i), Version: fmt.Sprintf("%032d", i)})
	}
	return page, nil
}

func (w wide) Open(_ context.Context, _ file.Object, offset, length int64) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(w.content[offset : offset+length])), nil
}

// fifty is a CSV file of fifty columns.
func fifty() string {
	var names, row []string
	for i := range 50 {
		names, row = append(names, fmt.Sprintf("column_with_a_name_%d", i)), append(row, fmt.Sprint(i))
	}
	return strings.Join(names, ",") + "\n" + strings.Repeat(strings.Join(row, ",")+"\n", 20)
}

// peak is the most memory that the heap has taken since it was asked first.
type peak struct{ base, most uint64 }

func (p *peak) look() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if p.base == 0 {
		p.base = m.HeapAlloc
	}
	p.most = max(p.most, m.HeapSys-m.HeapReleased)
}

// fiftyParquet is a Parquet file of fifty columns.
func fiftyParquet(t testing.TB) string {
	t.Helper()
	var fields []arrow.Field
	var row []string
	for i := range 50 {
		name := fmt.Sprintf("column_with_a_name_%d", i)
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String})
		row = append(row, fmt.Sprintf("%q:\"value\"", name))
	}
	rows := strings.Repeat("{"+strings.Join(row, ",")+"},", 20)
	return parquetOf(t, arrow.NewSchema(fields, nil), "["+strings.TrimSuffix(rows, ",")+"]", 5)
}

// BenchmarkDiscover discovers 20,000 tables of 50 columns, and a table of 100,000 files.
func BenchmarkDiscover(b *testing.B) {
	for name, w := range map[string]wide{
		"20000 tables":  {20_000, func(i int) string { return fmt.Sprintf("t%05d/part-0000.csv", i) }, fifty()},
		"100000 files":  {100_000, func(i int) string { return fmt.Sprintf("t/day=2024-05-%02d/part-%06d.csv", 1+i/5000, i) }, fifty()},
		"2000 gzipped":  {2000, func(i int) string { return fmt.Sprintf("t%05d/part-0000.csv.gz", i) }, gzipped(b, fifty())},
		"2000 Parquet":  {2000, func(i int) string { return fmt.Sprintf("t%05d/part-0000.parquet", i) }, fiftyParquet(b)},
		"100000 levels": {100_000, func(i int) string { return fmt.Sprintf("t%02d/u%03d/part-%02d.csv", i/5000, i/20%250, i%20) }, fifty()},
	} {
		b.Run(name, func(b *testing.B) {
			var memory peak
			memory.look()
			for b.Loop() {
				f, tables := file.New(w, ""), 0
				for cursor := ""; ; {
					page, err := f.Discover(b.Context(), cursor)
					if err != nil {
						b.Fatal(err)
					}
					tables += len(page.Tables)
					memory.look()
					if cursor = page.Next; cursor == "" {
						break
					}
					f = file.New(w, "") // as when every page is another invocation
				}
				b.ReportMetric(float64(tables), "tables")
			}
			b.ReportMetric(float64(memory.most)/(1<<20), "MiB")
		})
	}
}

// BenchmarkPlan plans a table of 100,000 files.
func BenchmarkPlan(b *testing.B) {
	w := wide{100_000, func(i int) string { return fmt.Sprintf("t/day=2024-05-%02d/part-%06d.csv", 1+i/5000, i) }, fifty()}
	var memory peak
	memory.look()
	for b.Loop() {
		plan, err := file.New(w, "").Plan(b.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 64 << 20})
		if err != nil {
			b.Fatal(err)
		}
		memory.look()
		b.ReportMetric(float64(len(plan.Splits)), "splits")
	}
	b.ReportMetric(float64(memory.most)/(1<<20), "MiB")
}

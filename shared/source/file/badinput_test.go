package file_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

var (
	oneInt  = arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	oneText = arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
)

// TestBadTablesHaveAProblemAndTheOthersAreFound puts one bad table beside a good one.
func TestBadTablesHaveAProblemAndTheOthersAreFound(t *testing.T) {
	ints := parquetOf(t, oneInt, `[{"a":1}]`, 10)
	for name, tt := range map[string]struct {
		files   store
		problem string // a part of it
		at      string
	}{
		"empty table":              {store{"t/a.csv": "", "t/b.csv": ""}, "no content", "t/a.csv"},
		"mixed formats":            {store{"t/a.csv": "a\n1\n", "t/b.ndjson": "{}\n"}, "more than one format", "t/b.ndjson"},
		"another Parquet schema":   {store{"t/a.parquet": ints, "t/b.parquet": parquetOf(t, oneText, `[{"a":"x"}]`, 10)}, `column "a" as utf8`, "t/b.parquet"},
		"another CSV header":       {store{"t/a.csv": "a,b\n1,2\n", "t/b.csv": "a,c\n1,2\n"}, `lacks the column "b"`, "t/b.csv"},
		"one more CSV column":      {store{"t/a.csv": "a\n1\n", "t/b.csv": "a,c\n1,2\n"}, `column "c"`, "t/b.csv"},
		"header not UTF-8":         {store{"t/a.csv": "a,gr\xfc\xdf\n1,2\n"}, "line 1 is not UTF-8", "t/a.csv"},
		"half a UTF-16 character":  {store{"t/a.csv": "\xff\xfea\x00,\x00\x00\xd8\n\x00"}, "line 1 is not UTF-8", "t/a.csv"},
		"UTF-16 without a mark":    {store{"t/a.csv": "a\x00,\x00b\x00\n\x00"}, "csv_encoding", "t/a.csv"},
		"header names alike":       {store{"t/a.csv": "a,b,a\n1,2,3\n"}, "two columns alike", "t/a.csv"},
		"header only blank lines":  {store{"t/a.csv": "\n\n\n"}, "header", "t/a.csv"},
		"header without end":       {store{"t/a.csv": strings.Repeat("a", 3<<20)}, "does not end", "t/a.csv"},
		"not NDJSON":               {store{"t/a.json": "[\n{\"a\":1}\n]\n"}, "line 1 is not a JSON object", "t/a.json"},
		"truncated gzip":           {store{"t/a.csv.gz": gzipped(t, people)[:60]}, "gzip data is damaged", "t/a.csv.gz"},
		"gzip header only":         {store{"t/a.csv.gz": gzipped(t, people)[:5]}, "gzip data is damaged", "t/a.csv.gz"},
		"truncated zstd":           {store{"t/a.ndjson.zst": zstandard(t, peopleNDJSON)[:40]}, "zstd data is damaged", "t/a.ndjson.zst"},
		"broken Parquet footer":    {store{"t/a.parquet": ints[:len(ints)-6] + "xxxxxx"}, "Parquet", "t/a.parquet"},
		"truncated Parquet":        {store{"t/a.parquet": ints[:len(ints)/2]}, "Parquet", "t/a.parquet"},
		"tiny Parquet":             {store{"t/a.parquet": "PAR1"}, "Parquet", "t/a.parquet"},
		"Parquet gzipped as whole": {store{"t/a.parquet.gz": gzipped(t, ints)}, "as a whole", "t/a.parquet.gz"},
	} {
		t.Run(name, func(t *testing.T) {
			files := store{"good/x.csv": "a\n1\n"}
			maps.Copy(files, tt.files)
			tables := discover(t, file.New(files, ""))
			if len(tables) != 2 || tables[0].Name != "good" || tables[0].Problem != "" || len(tables[0].Columns) != 1 {
				t.Fatalf("tables: %+v", tables)
			}
			bad := tables[1]
			if !strings.Contains(bad.Problem, tt.problem) || bad.ProblemAt != tt.at {
				t.Errorf("problem %q at %q, want %q at %q", bad.Problem, bad.ProblemAt, tt.problem, tt.at)
			}
		})
	}
}

// TestBadFilesFailThePlanOrTheRead damages a table that was discovered in good order.
func TestBadFilesFailThePlanOrTheRead(t *testing.T) {
	rows := strings.Repeat("1,Ann\n", 200_000)
	good := map[string]string{
		"csv.gz":  gzipped(t, "id,name\n"+rows),
		"csv.zst": zstandard(t, "id,name\n"+rows),
		"parquet": parquetOf(t, oneInt, `[{"a":1},{"a":2},{"a":3}]`, 1),
	}
	for name, tt := range map[string]struct {
		format, damaged string
		code            fault.Code
	}{
		"truncated gzip":            {"csv.gz", good["csv.gz"][:len(good["csv.gz"])-9], fault.SourceMalformed},
		"gzip with a wrong sum":     {"csv.gz", good["csv.gz"][:len(good["csv.gz"])-8] + "12345678", fault.SourceMalformed},
		"truncated zstd":            {"csv.zst", good["csv.zst"][:len(good["csv.zst"])-9], fault.SourceMalformed},
		"damaged Parquet row group": {"parquet", "PAR1" + strings.Repeat("\xff", 60) + good["parquet"][64:], fault.SourceMalformed},
		"another Parquet schema":    {"parquet", parquetOf(t, oneText, `[{"a":"x"}]`, 10), fault.SourceSchemaConflict},
	} {
		t.Run(name, func(t *testing.T) {
			key := "t/b." + tt.format
			files := store{"t/a." + tt.format: good[tt.format], key: tt.damaged}
			f := file.New(files, "")
			err := readWhole(t, f, schema.Table{Name: "t"})
			if fault.CodeOf(err) != tt.code {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			if e, _ := fault.As(err); !strings.Contains(e.Message, key) {
				t.Errorf("the message does not name the file: %s", e.Message)
			}
		})
	}
}

// readWhole plans and reads a table and returns the first error.
func readWhole(t *testing.T, f *file.Files, table schema.Table) error {
	t.Helper()
	plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table})
	if err != nil {
		return err
	}
	for _, split := range plan.Splits {
		if _, err := readSplit(t, f, plan.Table, split, ""); err != nil {
			return err
		}
	}
	return nil
}

func TestZeroByteFilesAmongOthersAreIgnored(t *testing.T) {
	got := readAll(t, file.New(store{"t/a.csv": "", "t/b.csv": "a\n1\n", "t/c.csv": "", "t/d.ndjson": ""}, ""), "t", 0)
	if diff := cmp.Diff(result{Rows: []string{`{"a":1}`}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHeaderOnlyFilesHaveNoRows(t *testing.T) {
	got := readAll(t, file.New(store{"t/a.csv": "a,b", "t/b.csv": "a,b\r\n"}, ""), "t", 0)
	if diff := cmp.Diff(result{}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFileThatChangesAfterThePlanFailsTheRead(t *testing.T) {
	for name, content := range map[string]string{"t/a.csv": "a\n1\n2\n", "t/a.parquet": parquetOf(t, oneInt, `[{"a":1}]`, 10)} {
		t.Run(name, func(t *testing.T) {
			files := store{name: content}
			f := file.New(files, "")
			plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table(t, f, "t")})
			if err != nil {
				t.Fatal(err)
			}
			files[name] = strings.Replace(content, "1", "7", 1)
			if _, err := readSplit(t, f, plan.Table, plan.Splits[0], ""); fault.CodeOf(err) != fault.SourceChanged {
				t.Errorf("got %v, want %s", err, fault.SourceChanged)
			}
		})
	}
}

// TestARunReadsTheVersionThatWasListed replaces the objects after the plan.
func TestARunReadsTheVersionThatWasListed(t *testing.T) {
	for name, content := range map[string]string{"t/a.csv": "a\n1\n", "t/a.ndjson": `{"a":1}`, "t/a.parquet": parquetOf(t, oneInt, `[{"a":1}]`, 10)} {
		v := versioned{map[string]store{"2": {name: content}}}
		f := file.New(v, "")
		plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table(t, f, "t")})
		if err != nil {
			t.Fatal(err)
		}
		v.versions["3"] = store{name: "something else"}
		got, err := readSplit(t, f, plan.Table, plan.Splits[0], "")
		if diff := cmp.Diff([]string{`{"a":1}`}, got.Rows); diff != "" || err != nil {
			t.Errorf("%s: %v, rows (-want +got):\n%s", name, err, diff)
		}
	}
}

// broken is a store whose connections end after some bytes.
type broken struct {
	store
	after int64
	err   error
}

func (b broken) Open(ctx context.Context, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	rc, err := b.store.Open(ctx, obj, offset, length)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(io.MultiReader(io.LimitReader(rc, b.after), failingReader{b.err})), nil
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// TestABrokenConnectionIsNoDamagedFile: what a retry can cure must not look
// like what it cannot.
func TestABrokenConnectionIsNoDamagedFile(t *testing.T) {
	reset := errors.New("connection reset by peer")
	for name, content := range map[string]string{
		"t/a.csv": people, "t/a.csv.gz": gzipped(t, people), "t/a.csv.zst": zstandard(t, people),
		"t/a.parquet": parquetOf(t, peopleSchema, peopleJSON, 2),
	} {
		for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, reset} {
			t.Run(name+" "+cause.Error(), func(t *testing.T) {
				whole := store{name: content}
				f := file.New(whole, "")
				plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table(t, f, "t")})
				if err != nil {
					t.Fatal(err)
				}
				_, err = readSplit(t, file.New(broken{whole, 20, cause}, ""), plan.Table, plan.Splits[0], "")
				if cause == reset { //nolint:errorlint // the very value
					if !errors.Is(err, reset) || fault.CodeOf(err) == fault.SourceMalformed {
						t.Errorf("got %v, want the store's own error", err)
					}
				} else if fault.CodeOf(err) != fault.SourceUnavailable {
					t.Errorf("got %v, want %s", err, fault.SourceUnavailable)
				}
			})
		}
	}
}

func TestStrangeSplitsAndCheckpointsAreRefused(t *testing.T) {
	f := file.New(store{"t/a.csv": "a\n1\n"}, "")
	plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table(t, f, "t")})
	if err != nil {
		t.Fatal(err)
	}
	for name, req := range map[string]source.ReadRequest{
		"no split":       {Table: plan.Table},
		"other split":    {Table: plan.Table, Split: source.Split{Detail: []byte(`{"from":1}`)}},
		"no checkpoint":  {Table: plan.Table, Split: plan.Splits[0], From: "x"},
		"another part":   {Table: plan.Table, Split: plan.Splits[0], From: `{"p":7}`},
		"negative place": {Table: plan.Table, Split: plan.Splits[0], From: `{"p":0,"o":-1}`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := f.Read(t.Context(), req); fault.CodeOf(err) != fault.WorkerInvalidCall {
				t.Errorf("got %v, want %s", err, fault.WorkerInvalidCall)
			}
		})
	}
	if _, err := f.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: plan.Splits[0], Columns: []string{"b"}}); fault.CodeOf(err) != fault.SourceSchemaConflict {
		t.Errorf("unknown column: %v", err)
	}
}

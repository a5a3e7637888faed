package e2e_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// quarantined is one line of a quarantine object.
type quarantined struct {
	From   string `json:"from"`
	Origin int64  `json:"origin"`
	Rule   string `json:"rule"`
	Column string `json:"column"`
	Reason string `json:"reason"`
}

// quarantine reads what a run has put into quarantine, by line of the source.
func (w workspace) quarantine(t *testing.T, i imported, r run) map[int64]quarantined {
	t.Helper()
	prefix := fmt.Sprintf("quarantine/%s/%s/%s/", w.id, i.ID, r.ID)
	page, err := here.bucket.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &here.Bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	lines := map[int64]quarantined{}
	for _, o := range page.Contents {
		if !strings.HasSuffix(*o.Key, ".ndjson.gz") { // the rows themselves, sealed
			continue
		}
		body, err := here.bucket.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &here.Bucket, Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := gzip.NewReader(body.Body)
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(unpacked)
		for {
			var line quarantined
			if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			lines[line.Origin] = line
		}
		if err := body.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

// tolerant is an import that takes in what is good of a table, however little that is.
func (w workspace) tolerant(t *testing.T, table string) imported {
	t.Helper()
	request := newImport(w.active(t), table, "append")
	request["guards"] = object{"maximum_rejected_share": 1}
	var i imported
	w.post(t, "/v1/imports", request, &i)
	return i
}

// TestRowsThatCannotBeReadAreKept: the good rows land, every other one is in quarantine with its line, and none is lost.
func TestRowsThatCannotBeReadAreKept(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", "user_id,name,score\n"+ // line 1
		"u1,Ann,1\n"+
		"u2,\xff\xfe,2\n"+ // 3: no UTF-8
		"u3,Cid\n"+ // 4: a field short
		"u4,Dan,4,more\n"+ // 5: a field long
		",Eve,5\n"+ // 6: nobody
		"u6,\"Fay\nof two lines\",6\n"+ // 7 and 8
		"u7,Gus,many\n"+ // 9: no number
		"u8,\"Hal\"x,8\n"+ // 10: text after the quote
		"u9,Ida,9\n")
	i := w.tolerant(t, "people")
	r := w.succeed(t, i, counts{Read: 9, Written: 3, Quarantined: 6})
	if got := slices.Sorted(maps.Keys(w.rows(t, i))); !slices.Equal(got, []string{"u1", "u6", "u9"}) {
		t.Errorf("rows: %v", got)
	}
	found := w.quarantine(t, i, r)
	type why struct{ Rule, Column string }
	got := map[int64]why{}
	for line, q := range found {
		got[line] = why{q.Rule, q.Column}
		if q.Reason == "" || strings.Contains(q.Reason, "many") || !strings.HasSuffix(q.From, "people/a.csv") {
			t.Errorf("line %d: %+v", line, q)
		}
	}
	want := map[int64]why{
		3: {"not_utf8", "name"}, 4: {"ragged_row", ""}, 5: {"ragged_row", ""}, 6: {"required", "user_id"},
		9: {"cast", "score"}, 10: {"malformed_csv", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLinesThatAreNoObjectsAreKept is the same for NDJSON.
func TestLinesThatAreNoObjectsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.ndjson", `{"user_id":"u1","name":"Ann","score":1}`+"\n"+
		"no object\n"+ // 2
		`{"user_id":"u3","name":"C`+"\xff"+`d","score":3}`+"\n"+
		`{"user_id":"u4","name":"Dan"}`+"\n"+ // without a score: that is null
		`{"user_id":"u5","na`+"\n"+ // 5: cut
		`{"name":"Fay","score":6}`+"\n"+ // 6: nobody
		`{"user_id":"u7","name":"Gus","score":7}`)
	i := w.tolerant(t, "people")
	r := w.succeed(t, i, counts{Read: 7, Written: 3, Quarantined: 4})
	if got := slices.Sorted(maps.Keys(w.rows(t, i))); !slices.Equal(got, []string{"u1", "u4", "u7"}) {
		t.Errorf("rows: %v", got)
	}
	rules := map[int64]string{}
	for line, q := range w.quarantine(t, i, r) {
		rules[line] = q.Rule
	}
	want := map[int64]string{2: "malformed_json", 3: "not_utf8", 5: "malformed_json", 6: "required"}
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAFileThatCannotBeReadFailsTheRunAndLosesNothing damages a file between two runs of a full refresh.
func TestAFileThatCannotBeReadFailsTheRunAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	whole := gzipped(t, people(1, 5000).csv())
	w.put(t, "people/a.csv.gz", gzipped(t, people(5001, 5100).csv()))
	w.put(t, "people/b.csv.gz", whole)
	i := w.importing(t, w.active(t), "people", "full_refresh")
	first := w.succeed(t, i, counts{Read: 5100, Written: 5100})
	w.put(t, "people/b.csv.gz", whole[:len(whole)/2])
	r := w.end(t, i, w.begin(t, i).ID)
	if r.Status != "failed" || r.Error == nil || r.Error.Code != "source.malformed" || !strings.Contains(r.Error.Message, "people/b.csv.gz") {
		t.Errorf("the run %s: %+v", r.Status, r.Error)
	}
	who := w.identifiers(t, i)
	if len(who) != 5100 || len(w.snapshots(t, i)) != 1 {
		t.Errorf("yesterday's rows: %d, %d snapshots", len(who), len(w.snapshots(t, i)))
	}
	w.put(t, "people/b.csv.gz", whole)
	if second := w.succeed(t, i, counts{Read: 5100, Written: 5100}); second.Snapshot == first.Snapshot {
		t.Error("the third run has no snapshot of its own")
	}
	if who := w.identifiers(t, i); len(who) != 5100 {
		t.Errorf("rows after the repair: %d", len(who))
	}
}

// TestATableThatCannotBeImportedSaysWhy: it is shown with its problem and the file, and an import of it is refused.
func TestATableThatCannotBeImportedSaysWhy(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	stranger, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "user_id", Type: arrow.PrimitiveTypes.Int64}, {Name: "name", Type: arrow.BinaryTypes.String},
	}, nil), strings.NewReader(`[{"user_id":1,"name":"x"}]`))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Release()
	w.put(t, "good/a.csv", people(1, 3).csv())
	w.put(t, "schemas/a.parquet", people(1, 3).parquet(t, compress.Codecs.Snappy))
	w.put(t, "schemas/b.parquet", parquetOf(t, stranger, compress.Codecs.Snappy))
	w.put(t, "formats/a.csv", people(1, 3).csv())
	w.put(t, "formats/b.ndjson", people(4, 6).ndjson())
	w.put(t, "headers/a.csv", people(1, 3).csv())
	w.put(t, "headers/b.csv", "user_id,nom,score\nu4,x,1\n")
	w.put(t, "cut/a.csv.gz", gzipped(t, people(1, 300).csv())[:200])
	w.put(t, "footless/a.parquet", people(1, 3).parquet(t, compress.Codecs.Snappy)[:100])
	w.put(t, "empty/a.csv", "")
	c := w.active(t)
	tables := w.tables(t, c)
	for file, code := range map[string]string{
		"schemas/b.parquet": "source.schema_conflict", "formats/b.ndjson": "source.schema_conflict", "headers/b.csv": "source.schema_conflict",
		"cut/a.csv.gz": "source.malformed", "footless/a.parquet": "source.malformed", "empty/a.csv": "source.empty",
	} {
		name, _, _ := strings.Cut(file, "/")
		if got := tables[name]; got.ProblemCode != code || got.Problem == "" || !strings.HasSuffix(got.ProblemAt, file) {
			t.Errorf("%s: problem %s, %q at %q", name, got.ProblemCode, got.Problem, got.ProblemAt)
		}
		p := w.send(t, "POST", "/v1/imports", newImport(c, name, "append")).refused(t, 422, code)
		p.at(t, "table", code)
		if !strings.Contains(fmt.Sprint(p), file) {
			t.Errorf("%s: the refusal does not name the file: %+v", name, p)
		}
	}
	if tables["good"].Problem != "" || len(tables) != 7 {
		t.Errorf("tables: %+v", tables)
	}
	w.succeed(t, w.importing(t, c, "good", "append"), counts{Read: 3, Written: 3})
}

// TestEveryFormatLandsTheSameRows imports the same people from each format and compression, with an empty file beside them.
func TestEveryFormatLandsTheSameRows(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	everybody := people(1, 150)
	plain := func(_ *testing.T, content string) string { return content }
	for ending, pack := range map[string]func(*testing.T, string) string{"": plain, ".gz": gzipped, ".zst": zstandard} {
		w.put(t, "csv"+ending+"/a.csv"+ending, pack(t, everybody.csv()))
		w.put(t, "csv"+ending+"/_SUCCESS", "")
		w.put(t, "csv"+ending+"/b.csv", "")
		w.put(t, "ndjson"+ending+"/0.ndjson", "")
		w.put(t, "ndjson"+ending+"/a.ndjson"+ending, pack(t, everybody.ndjson()))
	}
	for name, codec := range map[string]compress.Compression{
		"parquet": compress.Codecs.Uncompressed, "parquet.gz": compress.Codecs.Gzip, "parquet.zst": compress.Codecs.Zstd,
	} {
		w.put(t, name+"/a.parquet", everybody.parquet(t, codec))
		w.put(t, name+"/b.parquet", "")
	}
	c := w.active(t)
	want := map[string]object{}
	for n := everybody.first; n <= everybody.last; n++ {
		who := fmt.Sprintf("u%d", n)
		want[who] = object{"identifier": who, "name": fmt.Sprintf("Name of %d", n), "score": float64(n % 100)}
	}
	tables := w.tables(t, c)
	if len(tables) != 9 {
		t.Fatalf("tables: %v", slices.Sorted(maps.Keys(tables)))
	}
	for name, found := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found.Problem != "" || found.Files != 1 || found.Format != strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst") {
				t.Errorf("got %+v", found)
			}
			i := w.importing(t, c, name, "append")
			w.succeed(t, i, counts{Read: 150, Written: 150})
			if diff := cmp.Diff(want, w.rows(t, i)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHivePartitionsBecomeColumns(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/day=2026-01-01/country=de/a.csv", people(1, 2).csv())
	w.put(t, "people/day=2026-01-02/country=__HIVE_DEFAULT_PARTITION__/a.csv", people(3, 3).csv())
	c := w.active(t)
	kinds := map[string]string{}
	for _, column := range w.tables(t, c)["people"].Columns {
		if column.Partition {
			kinds[column.Name] = column.Type
		}
	}
	if diff := cmp.Diff(map[string]string{"day": "date", "country": "string"}, kinds); diff != "" {
		t.Fatalf("partition columns (-want +got):\n%s", diff)
	}
	request := newImport(c, "people", "append")
	request["mapping"] = []object{
		{"source": "user_id", "target": "identifier"}, {"source": "day", "target": "day"}, {"source": "country", "target": "country"},
	}
	var i imported
	w.post(t, "/v1/imports", request, &i)
	w.succeed(t, i, counts{Read: 3, Written: 3})
	want := map[string]object{
		"u1": {"identifier": "u1", "day": "2026-01-01", "country": "de"},
		"u2": {"identifier": "u2", "day": "2026-01-01", "country": "de"},
		"u3": {"identifier": "u3", "day": "2026-01-02", "country": nil},
	}
	if diff := cmp.Diff(want, w.rows(t, i)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAnEmptySourceEmptiesTheTable: a full refresh of a source whose rows have all gone is a success.
func TestAnEmptySourceEmptiesTheTable(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 3).csv())
	i := w.importing(t, w.active(t), "people", "full_refresh")
	w.succeed(t, i, counts{Read: 3, Written: 3})
	w.put(t, "people/a.csv", "user_id,name,score\n")
	w.succeed(t, i, counts{})
	if rows := w.rows(t, i); len(rows) != 0 {
		t.Errorf("rows: %v", rows)
	}
}

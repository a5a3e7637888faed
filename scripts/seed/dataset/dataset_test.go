package dataset_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write writes opts to memory.
func write(t *testing.T, opts dataset.Options) (*dataset.Memory, dataset.Manifest) {
	t.Helper()
	var sink dataset.Memory
	manifest, err := dataset.Write(t.Context(), &sink, opts)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	return &sink, manifest
}

func fileOf(t *testing.T, sink *dataset.Memory, name string) []byte {
	t.Helper()
	raw, err := sink.File(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// digest hashes every file, names included.
func digest(t *testing.T, sink *dataset.Memory, manifest dataset.Manifest) string {
	t.Helper()
	sum := sha256.New()
	for _, table := range manifest.Tables {
		for _, f := range table.Files {
			fmt.Fprintf(sum, "%s %x\n", f.Name, sha256.Sum256(fileOf(t, sink, f.Name)))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

type encoding struct {
	format      dataset.Format
	compression dataset.Compression
}

func (e encoding) String() string { return string(e.format) + " " + string(e.compression) }

func encodings() []encoding {
	var all []encoding
	for _, f := range []dataset.Format{dataset.CSV, dataset.NDJSON, dataset.Parquet} {
		for _, c := range []dataset.Compression{dataset.Plain, dataset.Gzip, dataset.Zstd} {
			all = append(all, encoding{f, c})
		}
	}
	return all
}

func TestSameOptionsGiveSameBytes(t *testing.T) {
	for _, e := range encodings() {
		t.Run(e.String(), func(t *testing.T) {
			opts := dataset.Options{Seed: 7, Rows: 1_200, Files: 3, Days: 2, Format: e.format, Compression: e.compression}
			opts.Parallel = 1
			sink, manifest := write(t, opts)
			one := digest(t, sink, manifest)

			opts.Parallel = 4
			sink, again := write(t, opts)
			if two := digest(t, sink, again); one != two {
				t.Error("writing several files at once changed the bytes")
			}
			if diff := cmp.Diff(manifest, again); diff != "" {
				t.Errorf("writing several files at once changed the manifest (-one +several):\n%s", diff)
			}

			opts.Seed = 8
			sink, other := write(t, opts)
			if one == digest(t, sink, other) {
				t.Error("another seed gave the same bytes")
			}
		})
	}
}

// Whoever changes these changes every demo, recorded number and benchmark built on the data set.
func TestBytesStayTheSame(t *testing.T) {
	want := map[dataset.Format]string{
		dataset.CSV:    "be0f27ec82fe24b0f742de06138759838453a6d6ceffd65d53b069b3b8fc8462",
		dataset.NDJSON: "414c1ea3af4de89af9f920eaf03bcd8a6aa2b8f050fd07747aa7120c59d82928",
	}
	for format, want := range want {
		sink, manifest := write(t, dataset.Options{Seed: 1, Rows: 2_000, Files: 2, Format: format})
		if got := digest(t, sink, manifest); got != want {
			t.Errorf("%s: digest is %s, want %s", format, got, want)
		}
	}
}

// rowsOf reads a whole table.
func rowsOf(t *testing.T, sink *dataset.Memory, manifest dataset.Manifest, table dataset.Table) []record {
	t.Helper()
	var all []record
	for _, f := range table.Files {
		all = append(all, readBack(t, manifest.Format, manifest.Compression, table, fileOf(t, sink, f.Name)).records...)
	}
	return all
}

func TestRowsDoNotDependOnHowTheyAreWritten(t *testing.T) {
	base := dataset.Options{Seed: 3, Rows: 1_500, Days: 3}
	sink, reference := write(t, base)
	for _, e := range encodings() {
		t.Run(e.String(), func(t *testing.T) {
			opts := base
			opts.Format, opts.Compression, opts.Files = e.format, e.compression, 3
			other, manifest := write(t, opts)
			for n, table := range manifest.Tables {
				want, got := rowsOf(t, sink, reference, reference.Tables[n]), rowsOf(t, other, manifest, table)
				if len(got) != len(want) {
					t.Fatalf("%s has %d rows, one plain CSV file %d", table.Name, len(got), len(want))
				}
				for at := range want {
					if !slices.Equal(want[at], got[at]) {
						t.Fatalf("%s differs from one plain CSV file in row %d (-csv +%s):\n%s", table.Name, at, e, cmp.Diff(want[at], got[at]))
					}
				}
			}
		})
	}
}

func TestManifestCountsWhatIsInTheFiles(t *testing.T) {
	for _, e := range encodings() {
		t.Run(e.String(), func(t *testing.T) {
			const rows = 4_000
			sink, manifest := write(t, dataset.Options{
				Seed: 5, Rows: rows, Files: 2, Days: 2, Format: e.format, Compression: e.compression,
			})
			if len(manifest.Tables) != 4 {
				t.Fatalf("%d tables, want 4", len(manifest.Tables))
			}
			for _, table := range manifest.Tables {
				total := dataset.Counts{Mess: map[dataset.Mess]int64{}}
				seen := map[string]bool{}
				readable := int64(0)
				for _, f := range table.Files {
					raw := fileOf(t, sink, f.Name)
					held := readBack(t, e.format, e.compression, table, raw)
					got := recount(t, table, held)
					got.Bytes = int64(len(raw))
					if n := f.Mess[dataset.Duplicate]; n > 0 {
						got.Mess[dataset.Duplicate] = n // counted below, across files
					}
					if diff := cmp.Diff(f.Counts, got); diff != "" {
						t.Errorf("%s (-manifest +read):\n%s", f.Name, diff)
					}
					if !slices.ContainsFunc(held.records, func(r record) bool { return r[index(table, table.Identifiers[0])] == f.Sample }) {
						t.Errorf("%s: the sample %q is in no row", f.Name, f.Sample)
					}
					add(&total, got)
					readable += int64(len(held.records))
					for _, r := range held.records {
						seen[strings.Join(r, "\x1f")] = true
					}
				}
				if diff := cmp.Diff(table.Counts, total); diff != "" {
					t.Errorf("%s: files do not add up to the table (-table +files):\n%s", table.Name, diff)
				}
				if readable != rows {
					t.Errorf("%s: %d readable rows, want %d", table.Name, readable, rows)
				}
				if got := readable - int64(len(seen)); got != table.Mess[dataset.Duplicate] {
					t.Errorf("%s: %d rows repeat an earlier one, want %d", table.Name, got, table.Mess[dataset.Duplicate])
				}
			}
		})
	}
}

func index(table dataset.Table, column string) int {
	return slices.IndexFunc(table.Columns, func(c dataset.Column) bool { return c.Name == column })
}

func add(total *dataset.Counts, c dataset.Counts) {
	total.Rows += c.Rows
	total.Good += c.Good
	total.Bad += c.Bad
	total.Bytes += c.Bytes
	for kind, n := range c.Mess {
		total.Mess[kind] += n
	}
}

// dressed names the column of each table that untidiness is in.
var dressed = map[string]string{
	dataset.Profiles: "email", dataset.Purchases: "event_name", dataset.IdentityPairs: "first_id", dataset.Households: "user_id",
}

var address = regexp.MustCompile(`^[a-z0-9._]+@[a-z]+(\.[a-z]+)+$`)

// recount finds the counts again from the rows alone, duplicates and bytes aside.
func recount(t *testing.T, table dataset.Table, held content) dataset.Counts {
	t.Helper()
	c := dataset.Counts{Mess: held.broken}
	if c.Mess == nil {
		c.Mess = map[dataset.Mess]int64{}
	}
	for _, n := range held.broken {
		c.Rows += n
		c.Bad += n
	}
	for _, r := range held.records {
		c.Rows++
		identified, hasNull := true, false
		for n, v := range r {
			if v == null {
				if slices.Contains(table.Identifiers, table.Columns[n].Name) {
					identified = false
				} else {
					hasNull = true
				}
			}
		}
		if identified {
			c.Good++
		} else {
			c.Bad++
			c.Mess[dataset.NullIdentifier]++
		}
		if hasNull {
			c.Mess[dataset.NullValue]++
		}
		value := r[index(table, dressed[table.Name])]
		switch {
		case value == null:
		case value != strings.ToLower(strings.TrimSpace(value)):
			c.Mess[dataset.Untidy]++
		case table.Name == dataset.Profiles, table.Name == dataset.IdentityPairs && r[1] == "email":
			if !address.MatchString(value) {
				c.Mess[dataset.BadEmail]++
			}
		}
	}
	return c
}

func TestMessKeepsItsProportions(t *testing.T) {
	_, manifest := write(t, dataset.Options{Seed: 2, Rows: 40_000, Files: 2})
	rates := map[dataset.Mess]float64{dataset.Duplicate: 0.015, dataset.NullIdentifier: 0.002, dataset.Untidy: 0.06}
	for _, table := range manifest.Tables {
		for kind, rate := range rates {
			got := float64(table.Mess[kind]) / 40_000
			if got < rate*0.7 || got > rate*1.3 {
				t.Errorf("%s: %s is %.4f of the rows, want about %.4f", table.Name, kind, got, rate)
			}
		}
		if table.Name == dataset.Purchases || table.Name == dataset.Households {
			if n := table.Mess[dataset.BadEmail]; n != 0 {
				t.Errorf("%s has %d bad e-mails and no e-mail column", table.Name, n)
			}
		}
		if table.Mess[dataset.Ragged] == 0 || table.Mess[dataset.Ragged] != table.Mess[dataset.UnparsableValue] {
			t.Errorf("%s: %d ragged lines and %d unparsable, want as many of each and some",
				table.Name, table.Mess[dataset.Ragged], table.Mess[dataset.UnparsableValue])
		}
	}
}

func TestCleanHasNothingBad(t *testing.T) {
	for _, format := range []dataset.Format{dataset.CSV, dataset.NDJSON, dataset.Parquet} {
		_, manifest := write(t, dataset.Options{Rows: 5_000, Format: format, Clean: true})
		for _, table := range manifest.Tables {
			if table.Rows != 5_000 || table.Good != 5_000 || table.Bad != 0 {
				t.Errorf("%s %s: %+v, want 5000 good rows", format, table.Name, table.Counts)
			}
			for kind := range table.Mess {
				if kind != dataset.NullValue {
					t.Errorf("%s %s has %s", format, table.Name, kind)
				}
			}
		}
	}
}

func TestParquetHasNoBrokenLines(t *testing.T) {
	_, manifest := write(t, dataset.Options{Rows: 5_000, Format: dataset.Parquet})
	for _, table := range manifest.Tables {
		if table.Rows != 5_000 || table.Bad != table.Mess[dataset.NullIdentifier] || table.Bad == 0 {
			t.Errorf("%s: %+v, want 5000 rows, bad for want of an identifier alone", table.Name, table.Counts)
		}
	}
}

func TestFewRowsAndNone(t *testing.T) {
	for _, e := range encodings() {
		for _, rows := range []int64{0, 1, 2} {
			sink, manifest := write(t, dataset.Options{Rows: rows, Files: 3, Days: 2, Format: e.format, Compression: e.compression})
			for _, table := range manifest.Tables {
				if got := int64(len(rowsOf(t, sink, manifest, table))); got != rows || table.Rows != rows {
					t.Errorf("%s: %s has %d rows, the manifest says %d, want %d", e, table.Name, got, table.Rows, rows)
				}
			}
		}
	}
}

func TestFilesLieWhereTheyShould(t *testing.T) {
	names := func(m dataset.Manifest) (all []string) {
		for _, table := range m.Tables {
			for _, f := range table.Files {
				all = append(all, f.Name)
			}
		}
		return all
	}
	tests := []struct {
		opts dataset.Options
		want []string
	}{
		{
			dataset.Options{Tables: []string{dataset.Profiles}, Files: 2},
			[]string{"profiles/part-0000.csv", "profiles/part-0001.csv"},
		},
		{
			dataset.Options{
				Tables: []string{dataset.Purchases, dataset.Households}, Days: 2,
				Format: dataset.NDJSON, Compression: dataset.Gzip,
			},
			[]string{
				"purchases/dt=2026-01-01/part-0000.ndjson.gz", "purchases/dt=2026-01-02/part-0000.ndjson.gz",
				"households/part-0000.ndjson.gz",
			},
		},
		{
			dataset.Options{Tables: []string{dataset.IdentityPairs}, Format: dataset.CSV, Compression: dataset.Zstd},
			[]string{"identity_pairs/part-0000.csv.zst"},
		},
		{
			dataset.Options{Tables: []string{dataset.Profiles}, Format: dataset.Parquet, Compression: dataset.Zstd},
			[]string{"profiles/part-0000.parquet"},
		},
	}
	for _, test := range tests {
		test.opts.Rows = 10
		_, manifest := write(t, test.opts)
		if diff := cmp.Diff(test.want, names(manifest)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

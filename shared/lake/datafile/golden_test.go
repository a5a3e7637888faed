package datafile_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/headwaterhq/headwater/shared/lake/datafile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// formulas are rows of which every value follows from the row's number n, so that
// other programs know them too: scripts/bench/duck holds DuckDB to them. Each type
// is there with values that repeat themselves and with ones that do not.
func formulas() (*arrow.Schema, arrow.RecordBatch) {
	in := withIDs(
		arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Int64},
		arrow.Field{Name: "id", Type: arrow.BinaryTypes.String},
		arrow.Field{Name: "city", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "note", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "plan", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: "ratio", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		arrow.Field{Name: "step", Type: arrow.PrimitiveTypes.Float64},
		arrow.Field{Name: "money", Type: &arrow.Decimal128Type{Precision: 38, Scale: 9}, Nullable: true},
		arrow.Field{Name: "price", Type: &arrow.Decimal128Type{Precision: 9, Scale: 2}},
		arrow.Field{Name: "yes", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		arrow.Field{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		arrow.Field{Name: "weekday", Type: arrow.FixedWidthTypes.Date32},
		arrow.Field{Name: "moment", Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true},
		arrow.Field{Name: "clock", Type: arrow.FixedWidthTypes.Time64us, Nullable: true},
		arrow.Field{Name: "raw", Type: arrow.BinaryTypes.Binary, Nullable: true},
		arrow.Field{Name: "nothing", Type: arrow.BinaryTypes.String, Nullable: true},
	)
	rows := make([][]any, 3000)
	for i := range rows {
		n := int64(i)
		rows[i] = []any{
			n, fmt.Sprintf("usr_%x", n*7919%1000003), []string{"Wien", "Graz", "Linz"}[n%3], fmt.Sprintf("note %d of %d", n, n%9), n % 4 * 1_000_000_007,
			float64(n) / 7, float64(n%10) / 4, decimal128.FromI64((n - 1500) * 1_000_000_007), decimal128.FromI64(n % 5 * 199),
			n%3 == 0, int32(n*17 - 20_000), int32(n % 7), (n - 1000) * 1_000_003_000_017, n * 28_000_001, fmt.Sprint(n * 31), nil,
		}
		if n%5 == 0 {
			for c, field := range in.Fields() {
				if field.Nullable {
					rows[i][c] = nil
				}
			}
		}
	}
	return in, batch(in, rows...)
}

const golden = "testdata/formulas.parquet"

// The file is kept so that readers with which this module cannot be linked read
// what the encoder writes. It is equal because other machines and runs, too, must
// write the same bytes for the same rows.
func TestTheSameRowsGiveTheSameBytes(t *testing.T) {
	in, rows := formulas()
	defer rows.Release()
	file, _ := encode(t, in, datafile.Options{RowGroupRows: 2000}, rows)
	agree(t, file, in, rows)
	if *update {
		if err := os.WriteFile(golden, file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != string(file) {
		t.Errorf("%s differs; if that is meant, run this test with -update, and go test -C scripts/bench/duck", golden)
	}
}

// Every encoding must be in the file, or nobody else reads it.
func TestTheGoldenFileHasEveryEncoding(t *testing.T) {
	kept, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	found := encodings(t, kept)
	for _, want := range []string{"RLE_DICTIONARY", "PLAIN", "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"} {
		if found[want] == 0 {
			t.Errorf("no column chunk is encoded as %s: %v", want, found)
		}
	}
}

func encodings(t *testing.T, file []byte) map[string]int {
	t.Helper()
	reader := open(t, file)
	found := map[string]int{}
	for g := range reader.NumRowGroups() {
		for c := range reader.RowGroup(g).NumColumns() {
			chunk, err := reader.MetaData().RowGroup(g).ColumnChunk(c)
			if err != nil {
				t.Fatal(err)
			}
			found[chunk.Encodings()[0].String()]++
		}
	}
	return found
}

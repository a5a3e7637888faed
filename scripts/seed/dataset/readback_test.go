package dataset_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/zstd"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

// null is how a record shows a null; no value of the data set equals it.
const null = "\x00"

// record is a readable row, its values in column order and in one spelling for every format.
type record []string

// content is what a file was found to hold.
type content struct {
	records []record
	broken  map[dataset.Mess]int64
}

// readBack reads a file with readers that share no code with the writer, except where only one exists (zstd, Parquet).
func readBack(t *testing.T, format dataset.Format, compression dataset.Compression, table dataset.Table, raw []byte) content {
	t.Helper()
	if format == dataset.Parquet {
		return content{records: readParquet(t, table, raw)}
	}
	var in io.Reader = bytes.NewReader(raw)
	switch compression {
	case dataset.Gzip:
		z, err := stdgzip.NewReader(in)
		if err != nil {
			t.Fatalf("gzip: %v", err)
		}
		in = z
	case dataset.Zstd:
		z, err := zstd.NewReader(in)
		if err != nil {
			t.Fatalf("zstd: %v", err)
		}
		defer z.Close()
		in = z
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatalf("decompressing: %v", err)
	}
	if format == dataset.CSV {
		return readCSV(t, table, text)
	}
	return readNDJSON(t, table, text)
}

func readCSV(t *testing.T, table dataset.Table, text []byte) content {
	t.Helper()
	c := content{broken: map[dataset.Mess]int64{}}
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if err != nil {
		t.Fatalf("header: %v", err)
	}
	for n, column := range table.Columns {
		if n >= len(header) || header[n] != column.Name {
			t.Fatalf("header is %q, want the columns %v", header, table.Columns)
		}
	}
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return c
		}
		if err != nil {
			t.Fatalf("csv: %v", err)
		}
		if len(fields) != len(table.Columns) {
			c.broken[dataset.Ragged]++
			continue
		}
		r := make(record, len(fields))
		ok := true
		for n, field := range fields {
			if field == "" {
				r[n] = null
				continue
			}
			var parsed bool
			r[n], parsed = spell(table.Columns[n].Type, field)
			ok = ok && parsed
		}
		if !ok {
			c.broken[dataset.UnparsableValue]++
			continue
		}
		c.records = append(c.records, r)
	}
}

func readNDJSON(t *testing.T, table dataset.Table, text []byte) content {
	t.Helper()
	c := content{broken: map[dataset.Mess]int64{}}
	for line := range strings.Lines(string(text)) {
		in := json.NewDecoder(strings.NewReader(strings.TrimSuffix(line, "\n")))
		in.UseNumber()
		var members map[string]any
		if err := in.Decode(&members); err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("json: %v", err)
			}
			c.broken[dataset.TruncatedJSON]++
			continue
		}
		if len(members) != len(table.Columns) {
			t.Fatalf("a line has %d members, want %d", len(members), len(table.Columns))
		}
		r := make(record, len(table.Columns))
		ok := true
		for n, column := range table.Columns {
			var parsed bool
			r[n], parsed = spellJSON(column.Type, members[column.Name])
			ok = ok && parsed
		}
		if !ok {
			c.broken[dataset.WrongType]++
			continue
		}
		c.records = append(c.records, r)
	}
	return c
}

// spellJSON holds the JSON type against the column's.
func spellJSON(typ dataset.Type, value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return null, true
	case bool:
		return strconv.FormatBool(v), typ == dataset.Bool
	case json.Number:
		s, ok := spell(typ, v.String())
		return s, ok && (typ == dataset.Int || typ == dataset.Float)
	case string:
		s, ok := spell(typ, v)
		return s, ok && (typ == dataset.String || typ == dataset.Timestamp || typ == dataset.Date)
	}
	return "", false
}

// spell parses text as typ and writes it in one spelling.
func spell(typ dataset.Type, text string) (string, bool) {
	switch typ {
	case dataset.Int:
		v, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(v, 10), err == nil
	case dataset.Float:
		v, err := strconv.ParseFloat(text, 64)
		return strconv.FormatFloat(v, 'g', -1, 64), err == nil
	case dataset.Bool:
		v, err := strconv.ParseBool(text)
		return strconv.FormatBool(v), err == nil
	case dataset.Timestamp:
		v, err := time.Parse(time.RFC3339Nano, text)
		return v.Format(time.RFC3339Nano), err == nil
	case dataset.Date:
		v, err := time.Parse(time.DateOnly, text)
		return v.Format(time.DateOnly), err == nil
	}
	return text, true
}

func readParquet(t *testing.T, table dataset.Table, raw []byte) []record {
	t.Helper()
	in, err := file.NewParquetReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("parquet: %v", err)
	}
	defer in.Close()
	reader, err := pqarrow.NewFileReader(in, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatalf("parquet: %v", err)
	}
	read, err := reader.ReadTable(t.Context())
	if err != nil {
		t.Fatalf("parquet: %v", err)
	}
	defer read.Release()
	if int(read.NumCols()) != len(table.Columns) {
		t.Fatalf("parquet file has %d columns, want %d", read.NumCols(), len(table.Columns))
	}
	records := make([]record, read.NumRows())
	for n := range records {
		records[n] = make(record, len(table.Columns))
	}
	for n, column := range table.Columns {
		if got := read.Schema().Field(n).Name; got != column.Name {
			t.Fatalf("column %d is %s, want %s", n, got, column.Name)
		}
		at := 0
		for _, chunk := range read.Column(n).Data().Chunks() {
			for i := range chunk.Len() {
				records[at][n] = spellArrow(t, column, chunk, i)
				at++
			}
		}
	}
	return records
}

func spellArrow(t *testing.T, column dataset.Column, values arrow.Array, i int) string {
	t.Helper()
	if values.IsNull(i) {
		return null
	}
	var got dataset.Type
	var s string
	switch v := values.(type) {
	case *array.String:
		got, s = dataset.String, v.Value(i)
	case *array.Int64:
		got, s = dataset.Int, strconv.FormatInt(v.Value(i), 10)
	case *array.Float64:
		got, s = dataset.Float, strconv.FormatFloat(v.Value(i), 'g', -1, 64)
	case *array.Boolean:
		got, s = dataset.Bool, strconv.FormatBool(v.Value(i))
	case *array.Timestamp:
		typ := v.DataType().(*arrow.TimestampType)
		if typ.TimeZone != "UTC" {
			t.Fatalf("%s has time zone %q, want UTC", column.Name, typ.TimeZone)
		}
		got, s = dataset.Timestamp, v.Value(i).ToTime(typ.Unit).Format(time.RFC3339Nano)
	case *array.Date32:
		got, s = dataset.Date, v.Value(i).FormattedString()
	}
	if got != column.Type {
		t.Fatalf("%s was read as %s, want %s", column.Name, values.DataType(), column.Type)
	}
	return s
}

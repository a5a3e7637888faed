package gcs_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/gzip"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
)

const (
	bucket   = "acme-exports"
	prefix   = "crm/daily"
	bigRows  = 60_000
	logRows  = 20_000
	oneSplit = 512 << 10
)

var types = arrow.NewSchema([]arrow.Field{
	{Name: "amount", Type: &arrow.Decimal128Type{Precision: 12, Scale: 2}, Nullable: true},
	{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, Nullable: true},
	{Name: "clock", Type: arrow.FixedWidthTypes.Time32ms, Nullable: true},
	{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true},
	{Name: "n", Type: arrow.PrimitiveTypes.Int16},
	{Name: "ok", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "ratio", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "raw", Type: arrow.BinaryTypes.Binary, Nullable: true},
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "who", Type: arrow.StructOf(arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true}), Nullable: true},
}, nil)

// content is what the bucket holds, and what reading it must give.
func content(t testing.TB) (objects map[string]string, tables []sourcetest.Table) {
	t.Helper()
	var log strings.Builder
	for i := range logRows {
		fmt.Fprintf(&log, `{"id":%d,"page":"/p/%d","props":{"n":[%d]}}`+"\n", i, i%7, i)
	}
	objects = map[string]string{
		"big/users.csv":                    users(bigRows),
		"big/_SUCCESS":                     "",
		"log/2024/part-0.ndjson.gz":        gzipped(t, log.String()),
		"odd/ä b+c%20?#.csv":               "\"select\",\"a.b\",\"say \"\"hi\"\"\",\"Größe\"\n1,x,0.5,true\n",
		"parts/dt=2024-05-01/kind=a/x.csv": "id,name\n1,Ann\n2,\n",
		"parts/dt=2024-05-02/kind=b/x.csv": "id,name\n3,\"Öz, \"\"B\"\"\"\n",
		"parts/dt=2024-05-02/kind=b/e.csv": "",
		"types/all.parquet":                parquetFile(t),
		"rows.csv":                         "a,b\n1,2\n3\n5,6\n",
		"void/nothing.csv":                 "",
		"mixed/a.csv":                      "a\n1\n",
		"mixed/b.ndjson":                   "{\"a\":1}\n",
	}
	return objects, []sourcetest.Table{
		{Name: "big", Count: bigRows, Columns: []schema.Column{
			{Name: "id", Type: schema.Int64, Nullable: true},
			{Name: "email", Type: schema.String, Nullable: true},
			{Name: "score", Type: schema.Float64, Nullable: true},
		}},
		{Name: "daily", Rows: []string{`{"a":1,"b":2}`, `{"a":5,"b":6}`}, Rejects: 1},
		{Name: "log/2024", Count: logRows},
		{Name: "mixed", Problem: true},
		{Name: "odd", Columns: []schema.Column{
			{Name: "select", Type: schema.Int64, Nullable: true},
			{Name: "a.b", Type: schema.String, Nullable: true},
			{Name: `say "hi"`, Type: schema.Float64, Nullable: true},
			{Name: "Größe", Type: schema.Bool, Nullable: true},
		}, Rows: []string{`{"Größe":true,"a.b":"x","say \"hi\"":0.5,"select":1}`}},
		{Name: "parts", Columns: []schema.Column{
			{Name: "id", Type: schema.Int64, Nullable: true},
			{Name: "name", Type: schema.String, Nullable: true},
			{Name: "dt", Type: schema.Date, Native: "partition", Partition: true},
			{Name: "kind", Type: schema.String, Native: "partition", Partition: true},
		}, Rows: []string{
			`{"dt":"2024-05-01","id":1,"kind":"a","name":"Ann"}`,
			`{"dt":"2024-05-01","id":2,"kind":"a","name":null}`,
			`{"dt":"2024-05-02","id":3,"kind":"b","name":"Öz, \"B\""}`,
		}},
		{Name: "types", Rows: []string{
			`{"amount":"12.34","at":"2024-05-01T10:00:00.25Z","clock":"10:00:00.5","day":"2024-05-01","list":"[1,null]","n":-7,"ok":true,"ratio":0.25,"raw":"AAE=","text":"Zürich","who":"{\"id\":9007199254740993}"}`,
			`{"amount":null,"at":null,"clock":null,"day":null,"list":null,"n":8,"ok":null,"ratio":null,"raw":null,"text":null,"who":null}`,
		}},
		{Name: "void", Problem: true},
	}
}

// users is a CSV file.
func users(rows int) string {
	var b strings.Builder
	b.WriteString("id,email,score\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,user%d@example.com,%d.5\n", i, i, i%100)
	}
	return b.String()
}

func parquetFile(t testing.TB) string {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, types, strings.NewReader(`[
		{"amount":"12.34","at":"2024-05-01T10:00:00.25Z","clock":"10:00:00.5","day":"2024-05-01","list":[1,null],"n":-7,"ok":true,"ratio":0.25,"raw":"AAE=","text":"Zürich","who":{"id":9007199254740993}},
		{"n":8}]`))
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Release()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(types, &b, parquet.NewWriterProperties(parquet.WithMaxRowGroupLength(1)), pqarrow.DefaultWriterProps())
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

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

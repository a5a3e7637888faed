package bigquery_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// serve makes a table of ready-made Arrow: what BigQuery sends and the emulator
// cannot hold. declare may change how the fields are declared.
func serve(t testing.TB, peer *googlepeer.Peer, name string, fields []*bq.TableFieldSchema, json string, declare func(*bq.Table)) {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, googlepeer.ArrowSchema(fields), strings.NewReader(json))
	must(t, err)
	defer rec.Release()
	must(t, peer.ServeArrow(googlepeer.Table{Name: name, Schema: fields, Declare: declare}, []arrow.RecordBatch{rec}))
}

func rangeOf(name, typ string) *bq.TableFieldSchema {
	return &bq.TableFieldSchema{Name: name, Type: "RANGE", RangeElementType: &bq.TableFieldSchemaRangeElementType{Type: typ}}
}

func TestArrowValues(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Project: project})
	peer.DeclareDataset("crm", "EU")
	s := open(t, peer, member(t, peer, reader))
	precise := int64(12)
	for name, test := range map[string]struct {
		field   *bq.TableFieldSchema
		declare func(*bq.TableFieldSchema)
		values  string // JSON objects with the field v
		want    []string
	}{
		"intervals": {
			field: field("v", "INTERVAL"),
			values: `{"v":{"months":14,"days":3,"nanoseconds":14706789000000}},{"v":{"months":-14,"days":-3,"nanoseconds":-1000}},
				{"v":{"months":0,"days":0,"nanoseconds":0}},{"v":{"months":120000,"days":0,"nanoseconds":360000000000000}},{"v":null}`,
			want: []string{`{"v":"1-2 3 4:5:6.789"}`, `{"v":"-1-2 -3 -0:0:0.000001"}`, `{"v":"0-0 0 0:0:0"}`, `{"v":"10000-0 0 100:0:0"}`, `{"v":null}`},
		},
		"ranges": {
			field:  rangeOf("v", "DATE"),
			values: `{"v":{"start":"0001-01-01","end":null}},{"v":{"start":null,"end":"2024-02-29"}},{"v":null}`,
			want:   []string{`{"v":"{\"start\":\"0001-01-01\",\"end\":null}"}`, `{"v":"{\"start\":null,\"end\":\"2024-02-29\"}"}`, `{"v":null}`},
		},
		"ranges of moments": {
			field:  rangeOf("v", "TIMESTAMP"),
			values: `{"v":{"start":"1969-12-31T23:59:59.999999Z","end":"2024-02-29T00:00:00Z"}}`,
			want:   []string{`{"v":"{\"start\":\"1969-12-31T23:59:59.999999Z\",\"end\":\"2024-02-29T00:00:00Z\"}"}`},
		},
		"arrays of numbers that JSON does not have": {
			field:  list("v", "FLOAT"),
			values: `{"v":["NaN","Inf","-Inf",1e300,-0.0]},{"v":[]}`,
			want:   []string{`{"v":"[\"NaN\",\"Infinity\",\"-Infinity\",1e+300,-0]"}`, `{"v":"[]"}`},
		},
		"arrays of decimals": {
			field:  list("v", "BIGNUMERIC"),
			values: `{"v":["-57896044618658097711785492504343953926.34992332820282019728792003956564819967","0.1","7"]}`,
			want:   []string{`{"v":"[-57896044618658097711785492504343953926.34992332820282019728792003956564819967,0.1,7]"}`},
		},
		"arrays of JSON": {
			field: list("v", "JSON"), values: `{"v":["{\"a\":12345678901234567890}","null"]}`, want: []string{`{"v":"[{\"a\":12345678901234567890},null]"}`},
		},
		"arrays of bytes": {field: list("v", "BYTES"), values: `{"v":["AP8=",""]}`, want: []string{`{"v":"[\"AP8=\",\"\"]"}`}},
		"structures": {
			field: &bq.TableFieldSchema{Name: "v", Type: "RECORD", Mode: "REPEATED", Fields: []*bq.TableFieldSchema{
				field("d", "DATE"), field("t", "TIME"), field("dt", "DATETIME"), field("ts", "TIMESTAMP"), field("n", "NUMERIC"), field("b", "BOOLEAN"),
				field("i v", "INTERVAL"), record("r", list("s", "STRING")), rangeOf("g", "DATE"),
			}},
			values: `{"v":[{"d":"9999-12-31","t":"23:59:59.999999","dt":"1969-12-31 23:59:59.5","ts":"1969-12-31T23:59:59.999999Z","n":"-0.000000001","b":true,
				"i v":{"months":1,"days":0,"nanoseconds":0},"r":{"s":["\u0000\"\\é",""]},"g":{"start":null,"end":"2024-01-01"}},
				{"d":null,"t":null,"dt":null,"ts":null,"n":null,"b":null,"i v":null,"r":null,"g":null}]}`,
			want: []string{`{"v":"[{\"d\":\"9999-12-31\",\"t\":\"23:59:59.999999\",\"dt\":\"1969-12-31T23:59:59.5\",\"ts\":\"1969-12-31T23:59:59.999999Z\",\"n\":-0.000000001,\"b\":true,` +
				`\"i v\":\"0-1 0 0:0:0\",\"r\":{\"s\":[\"\\u0000\\\"\\\\é\",\"\"]},\"g\":{\"start\":null,\"end\":\"2024-01-01\"}},` +
				`{\"d\":null,\"t\":null,\"dt\":null,\"ts\":null,\"n\":null,\"b\":null,\"i v\":null,\"r\":null,\"g\":null}]"}`},
		},
		"picoseconds": {
			field: field("v", "TIMESTAMP"), declare: func(f *bq.TableFieldSchema) { f.TimestampPrecision = &precise },
			values: `{"v":"2024-01-01T00:00:00.123456Z"}`, want: []string{`{"v":"2024-01-01T00:00:00.123456Z"}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, peer, "crm.ready", []*bq.TableFieldSchema{test.field}, "["+test.values+"]", func(table *bq.Table) {
				if test.declare != nil {
					declared := *test.field
					test.declare(&declared)
					table.Schema = &bq.TableSchema{Fields: []*bq.TableFieldSchema{&declared}}
				}
			})
			if diff := cmp.Diff(test.want, readAll(t, s, plan(t, s, source.PlanRequest{}, "crm.ready"))); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// BigQuery does not say in which precision and scale a parametrised decimal
// arrives: any must do.
func TestDecimals(t *testing.T) {
	narrow, wide := &arrow.Decimal128Type{Precision: 38, Scale: 9}, &arrow.Decimal256Type{Precision: 76, Scale: 38}
	column := func(precision, scale int32) []schema.Column {
		return []schema.Column{{Name: "v", Type: schema.Decimal, Precision: precision, Scale: scale, Nullable: true}}
	}
	for name, test := range map[string]struct {
		arrives arrow.DataType
		wanted  []schema.Column
		values  string
		want    string // "" is refused
	}{
		"as declared":          {&arrow.Decimal128Type{Precision: 10, Scale: 2}, column(10, 2), `"12345678.90",null`, `"12345678.9",null`},
		"in another scale":     {narrow, column(10, 2), `"12345678.90","-0.01",null`, `"12345678.9","-0.01",null`},
		"in another width":     {wide, column(38, 0), `"99999999999999999999999999999999999999",null`, `"99999999999999999999999999999999999999",null`},
		"in scale and width":   {wide, column(10, 2), `"-12345678.91"`, `"-12345678.91"`},
		"too many decimals":    {narrow, column(10, 2), `"0.001"`, ""},
		"too many digits":      {narrow, column(10, 2), `"123456789.01"`, ""},
		"wide, too many of it": {wide, column(10, 2), `"0.001"`, ""},
		"wide, too many":       {&arrow.Decimal256Type{Precision: 76}, column(38, 0), `"100000000000000000000000000000000000000"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rows := func(values string) string { return `[{"v":` + strings.ReplaceAll(values, ",", `},{"v":`) + `}]` }
			in, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "v", Type: test.arrives, Nullable: true}}, nil), strings.NewReader(rows(test.values)))
			must(t, err)
			defer in.Release()
			out, err := bigquery.Convert(test.wanted, in)
			if test.want == "" {
				if fault.CodeOf(err) != fault.SourceChanged {
					t.Errorf("got %v, want %s", err, fault.SourceChanged)
				}
				return
			}
			must(t, err)
			defer out.Release()
			want, _, err := array.RecordFromJSON(memory.DefaultAllocator, source.ArrowSchema(test.wanted), strings.NewReader(rows(test.want)))
			must(t, err)
			defer want.Release()
			if !array.RecordEqual(want, out) {
				t.Errorf("got %v, want %v", out, want)
			}
		})
	}
}

// A session may be asked for buffers in any of the API's codecs.
func TestCodecs(t *testing.T) {
	sc := arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "mail", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	rows := array.NewRecordBuilder(memory.DefaultAllocator, sc)
	defer rows.Release()
	for i := range int64(10_000) {
		rows.Field(0).(*array.Int64Builder).Append(i)
		if i%7 == 0 {
			rows.Field(1).AppendNull()
		} else {
			rows.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("user%d@example.com", i))
		}
	}
	want := rows.NewRecordBatch()
	defer want.Release()
	message := func(p ipc.Payload) []byte {
		defer p.Release()
		var b bytes.Buffer
		_, err := p.WritePayload(&b)
		must(t, err)
		return b.Bytes()
	}
	plain := 0
	for _, codec := range []struct {
		name    string
		options []ipc.Option
	}{{"none", nil}, {"LZ4_FRAME", []ipc.Option{ipc.WithLZ4()}}, {"ZSTD", []ipc.Option{ipc.WithZstd()}}} {
		t.Run(codec.name, func(t *testing.T) {
			batch, err := ipc.GetRecordBatchPayload(want, codec.options...)
			must(t, err)
			response := message(batch)
			if codec.options == nil {
				plain = len(response)
			} else if len(response) >= plain {
				t.Errorf("%d bytes, and %d uncompressed: nothing is shown", len(response), plain)
			}
			got, err := bigquery.Decode(message(ipc.GetSchemaPayload(sc, memory.DefaultAllocator)), response)
			must(t, err)
			defer got.Release()
			if !array.RecordEqual(want, got) {
				t.Error("the batch differs from the one that was sent")
			}
		})
	}
}

// What has no meaning here is refused, not guessed.
func TestUnknownArrow(t *testing.T) {
	for _, arrives := range []arrow.DataType{arrow.PrimitiveTypes.Int32, &arrow.TimestampType{Unit: arrow.Nanosecond}, arrow.FixedWidthTypes.Duration_us} {
		in := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "v", Type: arrives, Nullable: true}}, nil),
			[]arrow.Array{array.MakeArrayOfNull(memory.DefaultAllocator, arrives, 1)}, 1)
		_, err := bigquery.Convert([]schema.Column{{Name: "v", Type: schema.Timestamp, Native: "TIMESTAMP", Nullable: true}}, in)
		if fault.CodeOf(err) != fault.SourceUnsupportedType {
			t.Errorf("%v: got %v, want %s", arrives, err, fault.SourceUnsupportedType)
		}
	}
}

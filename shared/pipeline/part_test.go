package pipeline_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
)

func TestParts(t *testing.T) {
	for _, test := range []struct {
		path string
		to   schema.Type
		in   string
		want any
	}{
		{"a", schema.String, `{"a":"x"}`, "x"},
		{"a", schema.String, ` { "b" : [1,{"a":2}] , "a" : "x y" } `, "x y"},
		{"a", schema.String, `{"a":"\u00e4\n\"\ud83d\ude00\""}`, "ä\n\"😀\""},
		{"a", schema.String, `{"a":""}`, ""},
		{"a", schema.String, `{"a":1.50}`, "1.50"},
		{"a", schema.String, `{"a":true}`, "true"},
		{"a", schema.String, `{"a":{"b":[1, 2]}}`, `{"b":[1, 2]}`},
		{"a", schema.String, `{"a":null}`, nil},
		{"a", schema.String, `{"a":"null"}`, "null"},
		{"a", schema.String, `{"b":1}`, nil},
		{"a", schema.String, `{}`, nil},
		{"a", schema.String, `[]`, nil},
		{"a", schema.String, `"a"`, nil},
		{"a", schema.String, `null`, nil},
		{"a", schema.String, `{"A":1}`, nil},
		{"a", schema.String, `{"a":1,"a":2}`, "1"},
		{"a", schema.String, `{"\u0061":1}`, "1"},
		{"a", schema.String, `{"b":"\\\"a\":5,","a":1}`, "1"},
		{"a", schema.String, `{"b":{"a":"}"},"c":["]","{"],"a":1}`, "1"},
		{"a.b", schema.String, `{"a":{"b":1}}`, "1"},
		{"a.b", schema.String, `{"a":"{\"b\":1}"}`, nil},
		{`"a.b"`, schema.String, `{"a.b":1}`, "1"},
		{"[0]", schema.String, `[1,2]`, "1"},
		{"[1]", schema.String, `[ [1,2] , "x" ]`, "x"},
		{"[2]", schema.String, `[1,2]`, nil},
		{"[0]", schema.String, `[]`, nil},
		{"[0]", schema.String, `{"0":1}`, nil},
		{"a[1].b[0]", schema.Int64, `{"a":[0,{"b":[7]}]}`, int64(7)},
		{"a", schema.Int64, `{"a":"7"}`, int64(7)},
		{"a", schema.Int64, `{"a":7.0}`, no},
		{"a", schema.Int64, `{"a":[7]}`, no},
		{"a", schema.Int64, `{"a":""}`, no},
		{"a", schema.Decimal, `{"a":12345678901234567890.123456789}`, dec("12345678901234567890123456789")},
		{"a", schema.Bool, `{"a":false}`, false},
		{"a", schema.Timestamp, `{"a":"2024-01-01T00:00:00Z"}`, micros("2024-01-01T00:00:00Z")},
		{"a", schema.JSON, `{"a":"x\n"}`, `"x\n"`},
		{"a", schema.JSON, `{"a":{"b":1}}`, `{"b":1}`},
		{"a", schema.JSON, `{"a":null}`, nil},
		{"a", schema.String, `{"a":1`, no},
		{"a", schema.String, `{"a":1} {}`, no},
		{"a", schema.String, ``, no},
		{"a", schema.JSON, `a`, no},
	} {
		t.Run(test.path+" of "+test.in, func(t *testing.T) {
			alloc := checked(t)
			in := build(t, alloc, text, "{}", nil, test.in)
			defer in.Release()
			slice := array.NewSlice(in, 1, 3)
			defer slice.Release()
			result := onto(t, alloc, slice, ingest.Column{Path: test.path, Type: test.to})
			defer result.Release()
			want := []any{nil, test.want}
			if test.want == no {
				want = []any{nil}
				if len(result.Rejects) != 1 || result.Rejects[0].Rule != pipeline.RuleCast || result.Rejects[0].Origin != 2 {
					t.Errorf("rejects %+v", result.Rejects)
				}
			}
			if diff := cmp.Diff(want, cells(t, result.Record.Column(0)), unscaled); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A quarantined row says which part of the column is at fault.
func TestRejectedPartIsNamed(t *testing.T) {
	for path, want := range map[string]string{"a.b": "c.a.b", "[0]": "c[0]"} {
		alloc := checked(t)
		in := build(t, alloc, text, "{}", nil)
		result := onto(t, alloc, in, ingest.Column{Path: path, Type: schema.Int64, Required: true})
		if len(result.Rejects) != 2 || result.Rejects[0].Column != want || result.Rejects[0].Rule != pipeline.RuleRequired {
			t.Errorf("%+v", result.Rejects)
		}
		result.Release()
		in.Release()
	}
}

func TestPartOfAColumnThatHasNone(t *testing.T) {
	for _, test := range []struct {
		in   arrow.DataType
		path string
	}{{int64s, "a"}, {text, "a["}} {
		sc := arrow.NewSchema([]arrow.Field{{Name: "c", Type: test.in}}, nil)
		_, err := pipeline.New("", ingest.Mapping{{Source: "c", Path: test.path, Target: "c", Type: schema.String}}, sc)
		if fault.CodeOf(err) != fault.SourceChanged {
			t.Errorf("%s of %s: %v", test.path, test.in, err)
		}
	}
}

// A part must be what decoding the whole and walking it would give.
func TestPartsAsDecoded(t *testing.T) {
	keys := rapid.SampledFrom([]string{"a", "b", "", "é", `"`, `\`, "a.b", "]"})
	var values *rapid.Generator[any]
	values = rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			return rapid.MapOfN(keys, values, 0, 4).Draw(t, "object")
		case 1:
			return rapid.SliceOfN(values, 0, 4).Draw(t, "array")
		case 2:
			return rapid.String().Draw(t, "string")
		case 3:
			return rapid.Bool().Draw(t, "bool")
		case 4:
			return nil
		}
		return rapid.Int64().Draw(t, "number")
	})
	rapid.Check(t, func(rt *rapid.T) {
		whole := values.Draw(rt, "value")
		written, err := json.MarshalIndent(whole, "", rapid.SampledFrom([]string{"", "  "}).Draw(rt, "indent"))
		if err != nil {
			rt.Fatal(err)
		}
		path, want := "", whole
		for range rapid.IntRange(1, 3).Draw(rt, "steps") {
			if index := rapid.IntRange(-2, 3).Draw(rt, "index"); index >= 0 {
				path += fmt.Sprintf("[%d]", index)
				elements, _ := want.([]any)
				want = nil
				if index < len(elements) {
					want = elements[index]
				}
				continue
			}
			key := keys.Draw(rt, "key")
			if path != "" {
				path += "."
			}
			path += `"` + strings.ReplaceAll(key, `"`, `""`) + `"`
			members, _ := want.(map[string]any)
			want = members[key]
		}
		alloc := checked(t)
		in := build(t, alloc, text, string(written))
		defer in.Release()
		result := onto(t, alloc, in, ingest.Column{Path: path, Type: schema.JSON})
		defer result.Release()
		if len(result.Rejects) > 0 {
			rt.Fatalf("%s of %s: %+v", path, written, result.Rejects)
		}
		got := valueAt(t, result.Record.Column(0), 0)
		if got != nil {
			compact, err := json.Marshal(json.RawMessage(got.(string)))
			if err != nil {
				rt.Fatalf("%s of %s is %q: %v", path, written, got, err)
			}
			got = string(compact)
		}
		var expected any
		if want != nil {
			compact, _ := json.Marshal(want)
			expected = string(compact)
		}
		if got != expected {
			rt.Errorf("%s of %s is %v, want %v", path, written, got, expected)
		}
	})
}

// BenchmarkPart takes one number out of texts of about 150 bytes.
func BenchmarkPart(b *testing.B) {
	const rows = 4 << 10
	values := make([]any, rows)
	for i := range values {
		values[i] = `{"name":"User ` + strconv.Itoa(i) + `","address":{"street":"1 Long Street","city":"Berlin"},"lines":[{"sku":"a","price":1.5},{"sku":"b","price":` + strconv.Itoa(i) + `}]}`
	}
	in := build(b, checked(b), text, values...)
	defer in.Release()
	b.SetBytes(int64(len(in.(*array.String).ValueBytes())))
	for b.Loop() {
		result := onto(b, checked(b), in, ingest.Column{Path: "lines[1].price", Type: schema.Int64})
		result.Release()
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}

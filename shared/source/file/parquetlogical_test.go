package file_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	pqschema "github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

const optional, required, repeated = parquet.Repetition(1), parquet.Repetition(0), parquet.Repetition(2)

// leaf is a column of a file that is written value by value, without Arrow in between.
func leaf(t testing.TB, name string, rep parquet.Repetition, logical pqschema.LogicalType, physical parquet.Type, length int) pqschema.Node {
	t.Helper()
	n, err := pqschema.NewPrimitiveNodeLogical(name, rep, logical, physical, length, -1)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func groupNode(t testing.TB, name string, rep parquet.Repetition, logical pqschema.LogicalType, fields ...pqschema.Node) pqschema.Node {
	t.Helper()
	n, err := pqschema.NewGroupNode(name, rep, fields, -1)
	if logical != nil {
		n, err = pqschema.NewGroupNodeLogical(name, rep, fields, logical, -1)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// chunk is the values of one leaf, with their levels.
type chunk struct {
	values   any
	def, rep []int16
}

// writeChunks writes row groups of leaves.
func writeChunks(t testing.TB, fields []pqschema.Node, groups ...[]chunk) string {
	t.Helper()
	root, err := pqschema.NewGroupNode("schema", required, fields, -1)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := parquetfile.NewParquetWriter(&b, root)
	for _, group := range groups {
		rows, err := w.AppendRowGroupChecked()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range group {
			column, err := rows.NextColumn()
			if err != nil {
				t.Fatal(err)
			}
			switch column := column.(type) {
			case *parquetfile.Int32ColumnChunkWriter:
				_, err = column.WriteBatch(c.values.([]int32), c.def, c.rep)
			case *parquetfile.Int64ColumnChunkWriter:
				_, err = column.WriteBatch(c.values.([]int64), c.def, c.rep)
			case *parquetfile.Int96ColumnChunkWriter:
				_, err = column.WriteBatch(c.values.([]parquet.Int96), c.def, c.rep)
			case *parquetfile.ByteArrayColumnChunkWriter:
				_, err = column.WriteBatch(c.values.([]parquet.ByteArray), c.def, c.rep)
			case *parquetfile.FixedLenByteArrayColumnChunkWriter:
				_, err = column.WriteBatch(c.values.([]parquet.FixedLenByteArray), c.def, c.rep)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := column.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// julian is an INT96: nanoseconds of the day, and the Julian day.
func julian(nanos uint64, day uint32) (v parquet.Int96) {
	binary.LittleEndian.PutUint64(v[:8], nanos)
	binary.LittleEndian.PutUint32(v[8:], day)
	return v
}

const epochDay = 2440588 // Julian day of 1970-01-01

func flba(b ...byte) []parquet.FixedLenByteArray { return []parquet.FixedLenByteArray{b} }
func ba(s string) []parquet.ByteArray            { return []parquet.ByteArray{parquet.ByteArray(s)} }

func TestEveryParquetLogicalTypeIsDelivered(t *testing.T) {
	none := pqschema.NoLogicalType{}
	decimal := pqschema.NewDecimalLogicalType
	timeOf, timestamp := pqschema.NewTimeLogicalType, pqschema.NewTimestampLogicalType
	types := parquet.Types
	beyond := "digits beyond microseconds"
	uuid := []byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	for name, tt := range map[string]struct {
		logical  pqschema.LogicalType
		physical parquet.Type
		length   int
		values   any
		want     schema.Column
		out      string
	}{
		"INT(8)":                    {pqschema.NewIntLogicalType(8, true), types.Int32, -1, []int32{-128}, schema.Column{Type: schema.Int64}, `-128`},
		"UINT(32)":                  {pqschema.NewIntLogicalType(32, false), types.Int32, -1, []int32{-1}, schema.Column{Type: schema.Int64}, `4294967295`},
		"UINT(64)":                  {pqschema.NewIntLogicalType(64, false), types.Int64, -1, []int64{-1}, schema.Column{Type: schema.Decimal, Precision: 20}, `"18446744073709551615"`},
		"DECIMAL in INT32":          {decimal(9, 2), types.Int32, -1, []int32{-12345}, schema.Column{Type: schema.Decimal, Precision: 9, Scale: 2}, `"-123.45"`},
		"DECIMAL in INT64":          {decimal(18, 18), types.Int64, -1, []int64{-1}, schema.Column{Type: schema.Decimal, Precision: 18, Scale: 18}, `"-1e-18"`},
		"DECIMAL in FLBA":           {decimal(38, 0), types.FixedLenByteArray, 16, flba(0x4b, 0x3b, 0x4c, 0xa8, 0x5a, 0x86, 0xc4, 0x7a, 0x09, 0x8a, 0x22, 0x3f, 0xff, 0xff, 0xff, 0xff), schema.Column{Type: schema.Decimal, Precision: 38}, `"99999999999999999999999999999999999999"`},
		"DECIMAL in BYTE_ARRAY":     {decimal(20, 1), types.ByteArray, -1, ba("\xff\x38"), schema.Column{Type: schema.Decimal, Precision: 20, Scale: 1}, `"-20"`},
		"DECIMAL beyond 38 digits":  {decimal(76, 2), types.FixedLenByteArray, 32, flba(append(make([]byte, 15), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)...), schema.Column{Type: schema.String}, `"3402823669209384634633746074317682114.57"`},
		"UUID":                      {pqschema.UUIDLogicalType{}, types.FixedLenByteArray, 16, flba(uuid...), schema.Column{Type: schema.String}, `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`},
		"ENUM":                      {pqschema.EnumLogicalType{}, types.ByteArray, -1, ba("RÉD"), schema.Column{Type: schema.String}, `"RÉD"`},
		"JSON":                      {pqschema.JSONLogicalType{}, types.ByteArray, -1, ba(`{"n":12345678901234567890.10}`), schema.Column{Type: schema.JSON}, `"{\"n\":12345678901234567890.10}"`},
		"BSON":                      {pqschema.BSONLogicalType{}, types.ByteArray, -1, ba("\x05\x00\x00\x00\x00"), schema.Column{Type: schema.Bytes}, `"BQAAAAA="`},
		"bytes":                     {none, types.ByteArray, -1, ba("\xff"), schema.Column{Type: schema.Bytes}, `"/w=="`},
		"fixed bytes":               {none, types.FixedLenByteArray, 2, flba(0, 1), schema.Column{Type: schema.Bytes}, `"AAE="`},
		"DATE":                      {pqschema.DateLogicalType{}, types.Int32, -1, []int32{-1}, schema.Column{Type: schema.Date}, `"1969-12-31"`},
		"TIME millis":               {timeOf(true, pqschema.TimeUnitMillis), types.Int32, -1, []int32{86399999}, schema.Column{Type: schema.Time}, `"23:59:59.999"`},
		"TIME micros":               {timeOf(false, pqschema.TimeUnitMicros), types.Int64, -1, []int64{1}, schema.Column{Type: schema.Time}, `"00:00:00.000001"`},
		"TIME nanos":                {timeOf(false, pqschema.TimeUnitNanos), types.Int64, -1, []int64{1999}, schema.Column{Type: schema.Time, Loss: beyond}, `"00:00:00.000001"`},
		"TIMESTAMP millis, UTC":     {timestamp(true, pqschema.TimeUnitMillis), types.Int64, -1, []int64{-1}, schema.Column{Type: schema.Timestamp}, `"1969-12-31T23:59:59.999Z"`},
		"TIMESTAMP micros, no zone": {timestamp(false, pqschema.TimeUnitMicros), types.Int64, -1, []int64{253402300799999999}, schema.Column{Type: schema.Timestamp}, `"9999-12-31T23:59:59.999999Z"`},
		"TIMESTAMP nanos":           {timestamp(true, pqschema.TimeUnitNanos), types.Int64, -1, []int64{-1}, schema.Column{Type: schema.Timestamp, Loss: beyond}, `"1969-12-31T23:59:59.999999Z"`},
		"INT96":                     {none, types.Int96, -1, []parquet.Int96{julian(1999, epochDay-1)}, schema.Column{Type: schema.Timestamp, Loss: beyond}, `"1969-12-31T00:00:00.000001Z"`},
		"INT96 in 9999":             {none, types.Int96, -1, []parquet.Int96{julian(86_399_999_999_999, 5373484)}, schema.Column{Type: schema.Timestamp, Loss: beyond}, `"9999-12-31T23:59:59.999999Z"`},
		"INT96, negative":           {none, types.Int96, -1, []parquet.Int96{julian(^uint64(999), epochDay)}, schema.Column{Type: schema.Timestamp, Loss: beyond}, `"1969-12-31T23:59:59.999999Z"`},
		"FLOAT16":                   {pqschema.Float16LogicalType{}, types.FixedLenByteArray, 2, flba(0x00, 0xc1), schema.Column{Type: schema.Float64}, `-2.5`},
		"INTERVAL":                  {pqschema.IntervalLogicalType{}, types.FixedLenByteArray, 12, flba(14, 0, 0, 0, 3, 0, 0, 0, 0xa1, 0x0f, 0, 0), schema.Column{Type: schema.String}, `"P14M3DT4.001S"`},
	} {
		t.Run(name, func(t *testing.T) {
			content := writeChunks(t, []pqschema.Node{leaf(t, "v", optional, tt.logical, tt.physical, tt.length)}, []chunk{{tt.values, []int16{1, 0}, nil}})
			f := file.New(store{"t/a.parquet": content}, "")
			got := table(t, f, "t").Columns[0]
			tt.want.Name, tt.want.Nullable = "v", true
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(schema.Column{}, "Native")); diff != "" {
				t.Errorf("column (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(result{Rows: []string{`{"v":` + tt.out + `}`, `{"v":null}`}}, readAll(t, f, "t", 0)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestJSONInParquetThatIsNoneIsRejected(t *testing.T) {
	content := writeChunks(t, []pqschema.Node{leaf(t, "v", required, pqschema.JSONLogicalType{}, parquet.Types.ByteArray, -1)},
		[]chunk{{[]parquet.ByteArray{parquet.ByteArray(`{"a":1}`), parquet.ByteArray(`{a}`)}, nil, nil}})
	want := result{Rows: []string{`{"v":"{\"a\":1}"}`}, Rejects: []source.Reject{{Origin: 2, Column: "v", Rule: "malformed_json", Reason: "is not JSON"}}}
	if diff := cmp.Diff(want, readAll(t, file.New(store{"t/a.parquet": content}, ""), "t", 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestINT96ResumesAndRejects reads INT96 beside another column, alone and from
// every checkpoint; what no timestamp can be is rejected.
func TestINT96ResumesAndRejects(t *testing.T) {
	none := pqschema.NoLogicalType{}
	var groups [][]chunk
	for g := range 3 {
		var n chunk
		var at chunk
		numbers, times := []int64{}, []parquet.Int96{}
		for i := range 10 {
			numbers = append(numbers, int64(g*10+i))
			at.def = append(at.def, int16(min(i%4, 1)))
			if i%4 > 0 {
				times = append(times, julian(uint64(i)*1000, epochDay+uint32(g)))
			}
		}
		if g == 2 {
			times[6] = julian(0, 1<<30)
		}
		n.values, at.values = numbers, times
		groups = append(groups, []chunk{n, at})
	}
	content := writeChunks(t, []pqschema.Node{leaf(t, "n", required, none, parquet.Types.Int64, -1), leaf(t, "at", optional, none, parquet.Types.Int96, -1)}, groups...)
	f := file.WithLimits(file.New(store{"t/a.parquet": content}, ""), 3, 1000)
	for _, columns := range [][]string{{"n", "at"}, {"at"}} {
		plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}})
		if err != nil {
			t.Fatal(err)
		}
		req := source.ReadRequest{Table: plan.Table, Columns: columns, Split: plan.Splits[0]}
		all := readSteps(t, f, req)
		var whole result
		whole.extend(all...)
		if len(whole.Rows) != 29 || len(whole.Rejects) != 1 || whole.Rejects[0].Origin != 30 || !strings.Contains(whole.Rows[15], `"1970-01-02T00:00:00.000005Z"`) {
			t.Errorf("%d rows, the 16th %s, rejects %v", len(whole.Rows), whole.Rows[15], whole.Rejects)
		}
		for i, s := range all {
			req.From = s.after
			var want, got result
			want.extend(all[i+1:]...)
			got.extend(readSteps(t, f, req)...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("from checkpoint %s (-want +got):\n%s", s.after, diff)
			}
		}
	}
}

// TestOldParquetListsAreRead: lists of two levels, and repeated fields without
// a list around, as the format's rules of compatibility have them.
func TestOldParquetListsAreRead(t *testing.T) {
	none, list := pqschema.NoLogicalType{}, pqschema.NewListLogicalType()
	types := parquet.Types
	values := chunk{[]int32{1, 2, 3}, nil, []int16{0, 1, 0}}
	pair := []chunk{{[]int32{1, 2, 3}, nil, []int16{0, 1, 0}}, {[]int32{4, 5, 6}, nil, []int16{0, 1, 0}}}
	for name, tt := range map[string]struct {
		node   pqschema.Node
		chunks []chunk
		want   []string
		fields []string
	}{
		"repeated field":     {leaf(t, "v", repeated, none, types.Int32, -1), []chunk{{values.values, []int16{1, 1, 1}, values.rep}}, []string{`[1,2]`, `[3]`}, nil},
		"two levels":         {groupNode(t, "v", required, list, leaf(t, "element", repeated, none, types.Int32, -1)), []chunk{{values.values, []int16{1, 1, 1}, values.rep}}, []string{`[1,2]`, `[3]`}, nil},
		"two levels, tuple":  {groupNode(t, "v", required, list, groupNode(t, "v_tuple", repeated, nil, leaf(t, "x", required, none, types.Int32, -1))), []chunk{{values.values, []int16{1, 1, 1}, values.rep}}, []string{`[{"x":1},{"x":2}]`, `[{"x":3}]`}, []string{"x"}},
		"two levels, array":  {groupNode(t, "v", required, list, groupNode(t, "array", repeated, nil, leaf(t, "x", required, none, types.Int32, -1))), []chunk{{values.values, []int16{1, 1, 1}, values.rep}}, []string{`[{"x":1},{"x":2}]`, `[{"x":3}]`}, []string{"x"}},
		"two levels, struct": {groupNode(t, "v", required, list, groupNode(t, "element", repeated, nil, leaf(t, "x", required, none, types.Int32, -1), leaf(t, "y", required, none, types.Int32, -1))), []chunk{{pair[0].values, []int16{1, 1, 1}, pair[0].rep}, {pair[1].values, []int16{1, 1, 1}, pair[1].rep}}, []string{`[{"x":1,"y":4},{"x":2,"y":5}]`, `[{"x":3,"y":6}]`}, []string{"x", "y"}},
		"three levels":       {groupNode(t, "v", required, list, groupNode(t, "list", repeated, nil, leaf(t, "element", optional, none, types.Int32, -1))), []chunk{{[]int32{1, 3}, []int16{2, 1, 2}, values.rep}}, []string{`[1,null]`, `[3]`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := file.New(store{"t/a.parquet": writeChunks(t, []pqschema.Node{tt.node}, tt.chunks)}, "")
			c := table(t, f, "t").Columns[0]
			var fields []string
			for _, field := range c.Fields {
				fields = append(fields, field.Name)
			}
			if c.Type != schema.JSON || !c.Repeated || !cmp.Equal(fields, tt.fields) {
				t.Errorf("column %+v, want a repeated one with %v", c, tt.fields)
			}
			var want []string
			for _, v := range tt.want {
				want = append(want, `{"v":"`+strings.ReplaceAll(v, `"`, `\"`)+`"}`)
			}
			if diff := cmp.Diff(want, readAll(t, f, "t", 0).Rows); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestStatisticsPruneRowGroups: of four row groups only those that may match are planned.
func TestStatisticsPruneRowGroups(t *testing.T) {
	none := pqschema.NoLogicalType{}
	types := parquet.Types
	nodes := []pqschema.Node{
		leaf(t, "n", required, none, types.Int64, -1),
		leaf(t, "u", required, pqschema.NewIntLogicalType(32, false), types.Int32, -1),
		leaf(t, "d", required, pqschema.NewDecimalLogicalType(20, 1), types.FixedLenByteArray, 9),
		leaf(t, "s", optional, pqschema.StringLogicalType{}, types.ByteArray, -1),
		leaf(t, "at", required, pqschema.NewTimestampLogicalType(true, pqschema.TimeUnitNanos), types.Int64, -1),
		leaf(t, "day", required, pqschema.DateLogicalType{}, types.Int32, -1),
	}
	var groups [][]chunk
	for g := range 4 { // u is above 2^31 in the last two, d is negative in the first two
		decimal := func(n int) parquet.FixedLenByteArray {
			return binary.BigEndian.AppendUint64([]byte{byte(n >> 63)}, uint64(n))
		}
		text := chunk{[]parquet.ByteArray{parquet.ByteArray(string(rune('a' + g))), parquet.ByteArray("m")}, []int16{1, 1}, nil}
		if g == 3 {
			text = chunk{[]parquet.ByteArray{}, []int16{0, 0}, nil}
		}
		groups = append(groups, []chunk{
			{[]int64{int64(g * 10), int64(g*10 + 9)}, nil, nil},
			{[]int32{int32(uint32(g) << 30), int32(uint32(g)<<30 + 5)}, nil, nil},
			{[]parquet.FixedLenByteArray{decimal((g - 2) * 10), decimal((g-2)*10 + 5)}, nil, nil},
			text,
			{[]int64{int64(g) * 1_000_000, int64(g)*1_000_000 + 1}, nil, nil},
			{[]int32{int32(g), int32(g)}, nil, nil},
		})
	}
	f := file.New(store{"t/a.parquet": writeChunks(t, nodes, groups...)}, "")
	for _, tt := range []struct {
		c    source.Condition
		want int64 // rows in the groups that are left
	}{
		{source.Condition{Column: "n", Op: source.Equal, Values: []string{"15"}}, 2},
		{source.Condition{Column: "n", Op: source.In, Values: []string{"-1", "5", "35"}}, 4},
		{source.Condition{Column: "n", Op: source.Less, Values: []string{"10"}}, 2},
		{source.Condition{Column: "u", Op: source.GreaterOrEqual, Values: []string{"2147483648"}}, 4},
		{source.Condition{Column: "d", Op: source.Less, Values: []string{"0"}}, 4},
		{source.Condition{Column: "d", Op: source.Greater, Values: []string{"1.49"}}, 2},
		{source.Condition{Column: "s", Op: source.Less, Values: []string{"b"}}, 2},
		{source.Condition{Column: "s", Op: source.IsNull}, 2},
		{source.Condition{Column: "s", Op: source.NotNull}, 6},
		{source.Condition{Column: "at", Op: source.Equal, Values: []string{"1970-01-01T00:00:00.001Z"}}, 2},
		{source.Condition{Column: "day", Op: source.NotEqual, Values: []string{"1970-01-02"}}, 6},
		{source.Condition{Column: "n", Op: source.Greater, Values: []string{"100"}}, 0},
	} {
		filter := source.Filter{tt.c}
		plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, Filter: filter, TargetBytes: 1})
		if err != nil {
			t.Fatal(err)
		}
		var rows int64
		for _, s := range plan.Splits {
			rows += s.Rows
		}
		if rows != tt.want {
			t.Errorf("%v: %d rows are left to read, want %d", tt.c, rows, tt.want)
		}
	}
}

package snowflake_test

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/snowflake"
)

func TestHosts(t *testing.T) {
	for account, want := range map[string]string{
		"xy12345":                       "xy12345.snowflakecomputing.com",
		"XY12345.eu-central-1":          "xy12345.eu-central-1.snowflakecomputing.com",
		"xy12345.west-europe.azure":     "xy12345.west-europe.azure.snowflakecomputing.com",
		"xy12345.us-central1.gcp":       "xy12345.us-central1.gcp.snowflakecomputing.com",
		"xy12345.us-gov-west-1.aws":     "xy12345.us-gov-west-1.aws.snowflakecomputing.com",
		"xy12345.cn-northwest-1":        "xy12345.cn-northwest-1.snowflakecomputing.cn",
		"MyOrg-My_Account":              "myorg-my-account.snowflakecomputing.com",
		"myorg-myaccount.privatelink":   "myorg-myaccount.privatelink.snowflakecomputing.com",
		"xy12345.eu-west-1.privatelink": "xy12345.eu-west-1.privatelink.snowflakecomputing.com",
	} {
		if got := snowflake.HostOf(account); got != want {
			t.Errorf("%s: %s, want %s", account, got, want)
		}
		if err := validate(map[string]any{"account": account}); err != nil {
			t.Errorf("%s: %v", account, err)
		}
	}
}

func validate(settings map[string]any) error {
	cfg := with(settings)
	_, err := snowflake.New(source.NoEndpoints).Spec().Validate(cfg.Settings, cfg.Credential)
	return err
}

// Nobody can point a connection, and so a credential, at a host of their own.
func TestHostsThatAreRefused(t *testing.T) {
	for _, host := range []string{
		"evil.com", "snowflakecomputing.com.evil.com", "evil.com/x.snowflakecomputing.com", "https://x.snowflakecomputing.com",
		"x.snowflakecomputing.com:443", "user@x.snowflakecomputing.com", "xsnowflakecomputing.com", "x.snowflakecomputing.org", "x.snowflakecomputing.com#", ".snowflakecomputing.com",
	} {
		if err := validate(map[string]any{"host": host}); fault.CodeOf(err) != fault.InvalidRequest {
			t.Errorf("host %s: %v", host, err)
		}
	}
	for _, account := range []string{"evil.com/", "x@evil.com", "x:y", "x..y", "-x", "x?y", "x#"} {
		if err := validate(map[string]any{"account": account}); fault.CodeOf(err) != fault.InvalidRequest {
			t.Errorf("account %s: %v", account, err)
		}
	}
	for _, host := range []string{"xy12345.eu-central-1.privatelink.snowflakecomputing.com", "myorg-acc.snowflakecomputing.cn"} {
		if err := validate(map[string]any{"host": host}); err != nil {
			t.Errorf("host %s: %v", host, err)
		}
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	driver := snowflake.New(source.NoEndpoints)
	for name, test := range map[string]struct {
		settings map[string]any
		field    string
	}{
		"no time":       {map[string]any{"statement_timeout": 0.0}, "settings.statement_timeout"},
		"too much time": {map[string]any{"statement_timeout": 604801.0}, "settings.statement_timeout"},
		"ages":          {map[string]any{"statement_timeout": float64(source.MaxInteger)}, "settings.statement_timeout"},
		"role":          {map[string]any{"role": "a b"}, "settings.role"},
		"warehouse":     {map[string]any{"warehouse": "a.b"}, "settings.warehouse"},
		"databases":     {map[string]any{"databases": "A, B.C"}, "settings.databases"},
		"schemas":       {map[string]any{"schemas": `"A`}, "settings.schemas"},
	} {
		_, err := driver.Open(t.Context(), with(test.settings))
		if e, ok := fault.As(err); !ok || e.Code != fault.SourceInvalidConfig || e.Field != test.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What Snowflake writes becomes one line of valid JSON with the same values.
func TestCompact(t *testing.T) {
	for text, want := range map[string]string{
		"{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null\n  ]\n}": `{"a":1,"b":[true,null]}`,
		`"a  b\n\" : {"`:                               `"a  b\n\" : {"`,
		`12345678901234567890123456789012345678`:       `12345678901234567890123456789012345678`,
		`[1.500000000000000e+00, -1e-5, -7]`:           `[1.500000000000000e+00,-1e-5,-7]`,
		"[\n  undefined,\n  NaN,\n  -Infinity, inf\n]": `[null,"NaN","-Infinity","Infinity"]`,
		`{"undefined": "NaN", "inf": "undefined"}`:     `{"undefined":"NaN","inf":"undefined"}`,
		`"größe ☃ \\"`:                                 `"größe ☃ \\"`,
		`true`:                                         `true`,
		`false`:                                        `false`,
		` null `:                                       `null`,
		`{}`:                                           `{}`,
	} {
		got := snowflake.Compact(text)
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func FuzzCompact(f *testing.F) {
	f.Add(`{"a": [1, 2.5e3, "x\"y", null, true]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var want, got any
		if json.Unmarshal([]byte(text), &want) != nil {
			t.Skip("no JSON")
		}
		compact := snowflake.Compact(text)
		if err := json.Unmarshal([]byte(compact), &got); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%q became %q: %v", text, compact, err)
		}
	})
}

// Every type has its column, and nothing is lost without being said.
func TestTypes(t *testing.T) {
	const nanos, offset = "digits beyond microseconds are cut off, toward the past", "the offset from UTC is not kept"
	for text, want := range map[string]schema.Column{
		"NUMBER(18,0)":           {Type: schema.Int64},
		"NUMBER(19,0)":           {Type: schema.Decimal, Precision: 19},
		"NUMBER(38,37)":          {Type: schema.Decimal, Precision: 38, Scale: 37},
		"NUMBER(5,2)":            {Type: schema.Decimal, Precision: 5, Scale: 2},
		"FLOAT":                  {Type: schema.Float64},
		"DECFLOAT":               {Type: schema.String},
		"VARCHAR(16777216)":      {Type: schema.String},
		"BINARY(8388608)":        {Type: schema.Bytes},
		"BOOLEAN":                {Type: schema.Bool},
		"DATE":                   {Type: schema.Date},
		"TIME(0)":                {Type: schema.Time},
		"TIME(9)":                {Type: schema.Time, Loss: nanos},
		"TIMESTAMP_NTZ(6)":       {Type: schema.Timestamp},
		"TIMESTAMP_NTZ(9)":       {Type: schema.Timestamp, Loss: nanos},
		"TIMESTAMP_LTZ(7)":       {Type: schema.Timestamp, Loss: nanos},
		"TIMESTAMP_TZ(3)":        {Type: schema.Timestamp, Loss: offset},
		"TIMESTAMP_TZ(9)":        {Type: schema.Timestamp, Loss: nanos + "; " + offset},
		"VARIANT":                {Type: schema.JSON},
		"OBJECT":                 {Type: schema.JSON},
		"ARRAY":                  {Type: schema.JSON, Repeated: true},
		"GEOGRAPHY":              {Type: schema.JSON},
		"GEOMETRY":               {Type: schema.JSON},
		"VECTOR(FLOAT, 256)":     {Type: schema.JSON, Repeated: true},
		"VECTOR(INT, 3)":         {Type: schema.JSON, Repeated: true},
		"ARRAY(NUMBER(38,0))":    {Type: schema.JSON, Repeated: true},
		"INTERVAL DAY TO SECOND": {Type: schema.Unsupported},
		"FILE":                   {Type: schema.Unsupported},
		"MAP(VARCHAR, NUMBER(5,2))": {Type: schema.JSON, Fields: []schema.Column{
			{Name: "key", Type: schema.String, Native: "VARCHAR"},
			{Name: "value", Type: schema.Decimal, Native: "NUMBER(5,2)", Precision: 5, Scale: 2, Nullable: true},
		}},
		"OBJECT(city VARCHAR(20) NOT NULL, at TIMESTAMP_NTZ(9), geo OBJECT(lat FLOAT))": {Type: schema.JSON, Fields: []schema.Column{
			{Name: "city", Type: schema.String, Native: "VARCHAR(20)"},
			{Name: "at", Type: schema.Timestamp, Native: "TIMESTAMP_NTZ(9)", Nullable: true},
			{Name: "geo", Type: schema.JSON, Native: "OBJECT(lat FLOAT)", Nullable: true, Fields: []schema.Column{
				{Name: "lat", Type: schema.Float64, Native: "FLOAT", Nullable: true},
			}},
		}},
		"ARRAY(OBJECT(sku VARCHAR(8)) NOT NULL)": {Type: schema.JSON, Repeated: true, Fields: []schema.Column{
			{Name: "sku", Type: schema.String, Native: "VARCHAR(8)", Nullable: true},
		}},
	} {
		got, again, err := snowflake.ColumnOf("C", text, false)
		if text == "INTERVAL DAY TO SECOND" {
			text, err = got.Native, nil // parsed to its first word only
		}
		want.Name, want.Native, want.Nullable = "C", text, true
		if diff := cmp.Diff(want, got); err != nil || again != text || diff != "" {
			t.Errorf("%s: %v, again %s (-want +got):\n%s", text, err, again, diff)
		}
	}
	for text, loss := range map[string]string{"TIME(9)": "", "TIMESTAMP_NTZ(9)": "", "TIMESTAMP_TZ(8)": offset} {
		got, _, err := snowflake.ColumnOf("C", text, true)
		if err != nil || got.Type != schema.String || got.Loss != loss {
			t.Errorf("%s as text: %+v, %v", text, got, err)
		}
	}
}

// Conditions hold for what is delivered: steps of a column are what counts,
// also where a value lies between two of them or beyond all.
func TestWhere(t *testing.T) {
	for _, test := range []struct {
		native string
		text   bool
		op     source.Op
		values []string
		orNull bool
		want   string
		binds  []string
	}{
		{native: "NUMBER(5,0)", op: source.Equal, values: []string{"-7"}, want: `"C" = -7`},
		{native: "NUMBER(5,0)", op: source.IsNull, want: `"C" IS NULL`},
		{native: "NUMBER(5,0)", op: source.In, values: []string{"1", "2"}, want: `("C" = 1 OR "C" = 2)`},
		{native: "NUMBER(5,2)", op: source.LessOrEqual, values: []string{"1.23"}, want: `"C" <= 1.23`},
		{native: "NUMBER(5,2)", op: source.Equal, values: []string{"1.234"}, want: `FALSE`},
		{native: "NUMBER(5,2)", op: source.NotEqual, values: []string{"1.234"}, want: `"C" IS NOT NULL`},
		{native: "NUMBER(5,2)", op: source.Less, values: []string{"1.234"}, want: `"C" <= 1.23`},
		{native: "NUMBER(5,2)", op: source.GreaterOrEqual, values: []string{"-1.234"}, want: `"C" > -1.24`},
		{native: "NUMBER(5,2)", op: source.Less, values: []string{"1000"}, want: `"C" IS NOT NULL`},
		{native: "NUMBER(5,2)", op: source.Greater, values: []string{"1000"}, want: `FALSE`},
		{native: "NUMBER(5,2)", op: source.Greater, values: []string{"-1000"}, want: `"C" IS NOT NULL`},
		{native: "NUMBER(38,9)", op: source.Equal, values: []string{"0.000000001"}, want: `"C" = 0.000000001`},
		{native: "FLOAT", op: source.Greater, values: []string{"NaN"}, want: `"C" > 'NaN'::FLOAT`},
		{native: "FLOAT", op: source.Less, values: []string{"-Infinity"}, want: `"C" < '-inf'::FLOAT`},
		{native: "BOOLEAN", op: source.NotEqual, values: []string{"true"}, want: `"C" <> TRUE`},
		{native: "BINARY(8)", op: source.Equal, values: []string{"AP8="}, want: `"C" = TO_BINARY('00ff')`},
		{native: "VARCHAR(8)", op: source.Equal, values: []string{`'; DROP`}, want: `"C" = ?`, binds: []string{`'; DROP`}},
		{native: "DATE", op: source.Less, values: []string{"1969-12-31"}, want: `"C" < '1969-12-31'::DATE`},
		{native: "TIME(3)", op: source.Greater, values: []string{"10:00:00.0015"}, want: `"C" > '10:00:00.001000'::TIME(3)`},
		{native: "TIME(9)", op: source.Equal, values: []string{"23:59:59.999999"}, want: `"C" >= '23:59:59.999999'::TIME(9)`},
		{native: "TIME(9)", op: source.Greater, values: []string{"23:59:59.999999"}, want: `FALSE`},
		{native: "TIME(9)", op: source.NotEqual, values: []string{"23:59:59.999999"}, want: `"C" < '23:59:59.999999'::TIME(9)`},
		{native: "TIME(9)", op: source.LessOrEqual, values: []string{"23:59:59.999999"}, want: `"C" IS NOT NULL`},
		{native: "TIMESTAMP_NTZ(6)", op: source.Equal, values: []string{"2024-05-01T10:00:00+02:00"}, want: `"C" = '2024-05-01 08:00:00.000000'::TIMESTAMP_NTZ(6)`},
		{native: "TIMESTAMP_NTZ(6)", op: source.Less, values: []string{"1969-12-31T23:59:59.9999995Z"}, want: `"C" <= '1969-12-31 23:59:59.999999'::TIMESTAMP_NTZ(6)`},
		{native: "TIMESTAMP_NTZ(9)", op: source.Equal, values: []string{"2024-05-01T10:00:00Z"}, want: `("C" >= '2024-05-01 10:00:00.000000'::TIMESTAMP_NTZ(9) AND "C" < '2024-05-01 10:00:00.000001'::TIMESTAMP_NTZ(9))`},
		{native: "TIMESTAMP_NTZ(9)", op: source.NotEqual, values: []string{"2024-05-01T10:00:00Z"}, want: `("C" < '2024-05-01 10:00:00.000000'::TIMESTAMP_NTZ(9) OR "C" >= '2024-05-01 10:00:00.000001'::TIMESTAMP_NTZ(9))`},
		{native: "TIMESTAMP_NTZ(9)", op: source.Equal, values: []string{"2024-05-01T10:00:00.0000005Z"}, want: `FALSE`},
		{native: "TIMESTAMP_NTZ(9)", op: source.Less, values: []string{"2024-05-01T10:00:00.0000005Z"}, want: `"C" < '2024-05-01 10:00:00.000001'::TIMESTAMP_NTZ(9)`},
		{native: "TIMESTAMP_NTZ(9)", op: source.Less, values: []string{"2024-05-01T10:00:00Z"}, want: `"C" < '2024-05-01 10:00:00.000000'::TIMESTAMP_NTZ(9)`},
		{native: "TIMESTAMP_NTZ(9)", op: source.Greater, values: []string{"2024-05-01T10:00:00Z"}, want: `"C" >= '2024-05-01 10:00:00.000001'::TIMESTAMP_NTZ(9)`},
		{native: "TIMESTAMP_LTZ(6)", op: source.Equal, values: []string{"2024-05-01T10:00:00+02:00"}, want: `"C" = '2024-05-01T08:00:00.000000+00:00'::TIMESTAMP_LTZ(6)`},
		{native: "TIMESTAMP_TZ(9)", text: true, op: source.Less, values: []string{"2024"}, want: `TO_VARCHAR(CONVERT_TIMEZONE('UTC', "C"), 'YYYY-MM-DD"T"HH24:MI:SS.FF9"Z"') < ?`, binds: []string{"2024"}},
		{native: "TIMESTAMP_NTZ(9)", text: true, op: source.Equal, values: []string{"2024"}, want: `TO_VARCHAR("C", 'YYYY-MM-DD"T"HH24:MI:SS.FF9"Z"') = ?`, binds: []string{"2024"}},
		{native: "NUMBER(5,0)", op: source.GreaterOrEqual, values: []string{"7"}, orNull: true, want: `("C" >= 7 OR "C" IS NULL)`},
		{native: "NUMBER(5,2)", op: source.NotEqual, values: []string{"1.234"}, orNull: true, want: `("C" IS NOT NULL OR "C" IS NULL)`},
		{native: "VARCHAR(8)", op: source.In, values: []string{"a", "b"}, orNull: true, want: `(("C" = ? OR "C" = ?) OR "C" IS NULL)`, binds: []string{"a", "b"}},
		{native: "TIMESTAMP_NTZ(9)", text: true, op: source.Less, values: []string{"2024"}, orNull: true, want: `(TO_VARCHAR("C", 'YYYY-MM-DD"T"HH24:MI:SS.FF9"Z"') < ? OR "C" IS NULL)`, binds: []string{"2024"}},
		{native: "DECFLOAT", op: source.Equal, values: []string{"1.5"}, want: `TO_VARCHAR("C") = ?`, binds: []string{"1.5"}},
	} {
		got, binds, err := snowflake.Where(test.native, test.text, source.Condition{Op: test.op, Values: test.values, OrNull: test.orNull})
		if err != nil || got != test.want || !slices.Equal(binds, test.binds) {
			t.Errorf("%s %s %q: %s %q, %v\nwant %s", test.native, test.op, test.values, got, binds, err, test.want)
		}
	}
}

// A query that is not plainly one SELECT is refused before anything is sent.
func TestQueriesThatAreRefused(t *testing.T) {
	s, err := source.Open(t.Context(), snowflake.New(func(string) string { return "http://127.0.0.1:1" }), config())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, sql := range []string{
		"", " ", "-- SELECT", "/* SELECT */", "INSERT INTO T VALUES (1)", "CALL P()", "SHOW TABLES", "BEGIN", "EXPLAIN SELECT 1", "USE ROLE X",
		"SELECT 1; SELECT 2", "SELECT 1;; ", "SELECT 1) UNION (SELECT 2", "SELECT (1", "SELECT 'a", `SELECT "a`, "SELECT $$a", "SELECT /* a",
		"SELECT system$abort_session(1)", `SELECT "SYSTEM$ABORT_SESSION"(1)`, "SELECT S.NEXTVAL", "SELECT S.nextval FROM T",
		`SELECT S."NEXTVAL"`, "SELECT N.NEXTVAL FROM TABLE(GETNEXTVAL(S)) N", "SELECT * FROM TABLE(getnextval(S))", `SELECT * FROM TABLE("GETNEXTVAL"(S))`,
		"SELECT IDENTIFIER('SYSTEM$ABORT_SESSION')(1)", "SELECT identifier /* x */ ($$SYSTEM$WAIT$$)(1)", "SELECT * FROM IDENTIFIER('T')",
		"SELECT 'it''s' ) ; DROP TABLE T", `SELECT 'x\'' ) ; DROP TABLE T --'`,
	} {
		if _, err := s.Plan(t.Context(), source.PlanRequest{Query: sql + " "}); fault.CodeOf(err) != fault.SourceInvalidQuery {
			t.Errorf("%q: %v", sql, err)
		}
	}
	for _, sql := range []string{"SELECT 1", "with a as (select ';') select * from a;", "SELECT ')' -- ;", `SELECT 'a\'; b' /* ; */`, "SELECT $$ ' ; $$", "SELECT 1 // ;", "SELECT identifier, 'NEXTVAL' FROM T"} {
		_, err := s.Plan(t.Context(), source.PlanRequest{Query: sql})
		if fault.CodeOf(err) != fault.SourceNetwork {
			t.Errorf("%q was not sent: %v", sql, err)
		}
	}
}

// The names of a connection's settings are read as SQL reads them.
func TestNamesOfSettings(t *testing.T) {
	s := start(t)
	fill(t, s)
	for _, test := range []struct {
		settings map[string]any
		want     []string
	}{
		{map[string]any{"databases": "crm", "schemas": `"odd.schema"`}, []string{`CRM."odd.schema"."say ""hi"""`}},
		{map[string]any{"databases": ` "CRM" , crm`, "schemas": "Crm.Sales"}, []string{"CRM.SALES.EVENTS", "CRM.SALES.RECENT", "CRM.SALES.TYPES"}},
		{map[string]any{"databases": `CRM`, "schemas": `OTHER.SALES`}, nil},
		{map[string]any{"databases": `CRM`, "schemas": `"sales"`}, nil},
	} {
		page, err := open(t, s.endpoints, with(test.settings)).Discover(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, table := range page.Tables {
			got = append(got, table.Name)
		}
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("%v: %q, want %q", test.settings, got, test.want)
		}
	}
}

// Discovery by SHOW, where no warehouse runs, sees what INFORMATION_SCHEMA does.
func TestDiscoveryBySHOW(t *testing.T) {
	s := start(t)
	fill(t, s)
	want, err := open(t, s.endpoints, config()).Discover(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.admin(t, "apply", object{
		"warehouses": []object{{"name": warehouse, "suspended": true, "auto_resume": false}},
		"grants":     []object{{"privilege": "USAGE", "on": "WAREHOUSE", "name": warehouse, "to": role}},
	})
	got, err := open(t, s.endpoints, config()).Discover(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by INFORMATION_SCHEMA, and by SHOW (-want +got):\n%s", diff)
	}
	if !slices.ContainsFunc(s.journal(t, "statements"), func(st statement) bool { return strings.HasPrefix(st.Text, "SHOW OBJECTS") }) {
		t.Error("SHOW was not asked")
	}
	events := want.Tables[slices.IndexFunc(want.Tables, func(t schema.Table) bool { return t.Name == "CRM.SALES.EVENTS" })]
	events.Columns, events.Rows, events.Bytes = nil, min(events.Rows, 1), min(events.Bytes, 1)
	if diff := cmp.Diff(schema.Table{
		Name: "CRM.SALES.EVENTS", Namespace: "CRM.SALES", Kind: schema.BaseTable, Comment: "what happened",
		Clustering: []string{"ID"}, Key: []string{"ID"}, Rows: 1, Bytes: 1,
	}, events); diff != "" {
		t.Errorf("EVENTS (-want +got):\n%s", diff)
	}
}

// Digits beyond microseconds stay where text is asked for, and are compared as they are delivered.
func TestNanosecondsAsText(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, with(map[string]any{"nanosecond_timestamps": "text"}))
	for column, want := range map[string][]string{
		"NTZ9": {"1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00.000000001Z"},
		"LTZ9": {"2024-02-29T12:00:00.123456789Z", "1969-07-20T20:17:40.000000001Z"},
		"TZ9":  {"2024-02-29T20:00:00.123456789Z", "1969-07-20T14:47:40.000000001Z"},
		"T9":   {"12:34:56.123456789", "00:00:00.000000001"},
	} {
		for i, value := range want {
			p := plan(t, src, source.PlanRequest{
				Table: schema.Table{Name: "CRM.SALES.TYPES"}, Columns: []string{column},
				Filter: source.Filter{{Column: column, Op: source.Equal, Values: []string{value}}},
			})
			var got []string
			for _, split := range p.Splits {
				got = append(got, texts(t, src, source.ReadRequest{Table: p.Table, Columns: []string{column}, Split: split})...)
			}
			if !slices.Equal(got, want[i:i+1]) {
				t.Errorf("%s = %s leaves %q", column, value, got)
			}
		}
	}
}

// texts reads the first column of a split.
func texts(t *testing.T, src *source.Source, req source.ReadRequest) []string {
	t.Helper()
	r, err := src.Read(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var found []string
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Record.Column(0).Len() {
			found = append(found, strings.Clone(b.Record.Column(0).ValueStr(i)))
		}
		b.Release()
	}
}

// The smallest step of a decimal is compared exactly.
func TestSmallDecimals(t *testing.T) {
	s := start(t)
	fill(t, s)
	s.admin(t, "rows", object{"database": database, "schema": "SALES", "table": "TYPES", "delete": "true"})
	row := make([]any, len(typeColumns))
	for i, value := range []string{"0.000000001", "0.000000002", "-0.000000001"} {
		row[0], row[4] = i, value
		s.admin(t, "rows", object{"database": database, "schema": "SALES", "table": "TYPES", "rows": [][]any{row}})
	}
	src := open(t, s.endpoints, config())
	for _, test := range []struct {
		op    source.Op
		value string
		want  int
	}{
		{source.Equal, "0.000000001", 1},
		{source.Greater, "0.0000000015", 1},
		{source.Less, "0.0000000015", 2},
		{source.LessOrEqual, "-0.0000000005", 1},
		{source.Less, "99999999999999999999999999999999999999", 3},
	} {
		p := plan(t, src, source.PlanRequest{
			Table: schema.Table{Name: "CRM.SALES.TYPES"}, Columns: []string{"N"},
			Filter: source.Filter{{Column: "EXACT", Op: test.op, Values: []string{test.value}}},
		})
		var got []string
		for _, split := range p.Splits {
			got = append(got, texts(t, src, source.ReadRequest{Table: p.Table, Columns: []string{"N"}, Split: split})...)
		}
		if len(got) != test.want {
			t.Errorf("%s %s: %d rows, want %d", test.op, test.value, len(got), test.want)
		}
	}
}

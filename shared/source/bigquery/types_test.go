package bigquery_test

import (
	"testing"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// typesTable has a column of every type and the values in which drivers lose digits.
func typesTable(t testing.TB, peer *googlepeer.Peer) sourcetest.Table {
	t.Helper()
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.types", Schema: []*bq.TableFieldSchema{
		{Name: "id", Type: "INTEGER", Mode: "REQUIRED"},
		field("i", "INTEGER"), field("f", "FLOAT"), field("n", "NUMERIC"),
		{Name: "m", Type: "NUMERIC", Precision: 10, Scale: 2},
		field("big", "BIGNUMERIC"),
		{Name: "b38", Type: "BIGNUMERIC", Precision: 38, Scale: 10},
		field("b", "BOOLEAN"), field("s", "STRING"), field("y", "BYTES"), field("d", "DATE"), field("t", "TIME"), field("dt", "DATETIME"), field("ts", "TIMESTAMP"),
		field("g", "GEOGRAPHY"), field("j", "JSON"),
		record("r", field("i", "INTEGER"), field("s", "STRING"), list("f", "FLOAT")),
		list("a", "STRING"),
	}}))
	for _, row := range []string{
		`1, 9007199254740993, 0.1, NUMERIC '-99999999999999999999999999999.999999999', NUMERIC '12345678.90',
		 BIGNUMERIC '578960446186580977117854925043439539266.34992332820282019728792003956564819967', BIGNUMERIC '1234567890123456789012345678.0123456789',
		 TRUE, '', b'\x00\xff', DATE '0001-01-01', TIME '23:59:59.999999', DATETIME '1969-12-31 23:59:59.999999', TIMESTAMP '1969-12-31 23:59:59.999999+00',
		 ST_GEOGPOINT(1, 2), JSON '{"a": 9007199254740993, "b": [1.5, null, "é"]}',
		 STRUCT(9007199254740993 AS i, 'q"\n' AS s, [0.1, 0.25] AS f), ['x', '']`,
		`2, -9223372036854775808, CAST('nan' AS FLOAT64), NUMERIC '0.000000001', NUMERIC '-0.01', BIGNUMERIC '0.00000000000000000000000000000000000001', BIGNUMERIC '0.0000000001',
		 FALSE, 'é\u0001 "', b'', DATE '9999-12-31', TIME '00:00:00', DATETIME '9999-12-31 00:00:00', TIMESTAMP '2024-02-29 12:00:00+01',
		 ST_GEOGPOINT(-1.5, 0), JSON '[]', NULL, []`,
		`3, NULL, CAST('-inf' AS FLOAT64), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`,
	} {
		must(t, peer.Exec(t.Context(), "INSERT INTO crm.types (id, i, f, n, m, big, b38, b, s, y, d, t, dt, ts, g, j, r, a) VALUES ("+row+")"))
	}
	optional := func(name string, typ schema.Type, native string) schema.Column {
		return schema.Column{Name: name, Type: typ, Native: native, Nullable: true}
	}
	decimal := func(name, native string, precision, scale int32) schema.Column {
		return schema.Column{Name: name, Type: schema.Decimal, Native: native, Nullable: true, Precision: precision, Scale: scale}
	}
	return sourcetest.Table{
		Name: "crm.types",
		Columns: []schema.Column{
			{Name: "id", Type: schema.Int64, Native: "INT64"},
			optional("i", schema.Int64, "INT64"), optional("f", schema.Float64, "FLOAT64"),
			decimal("n", "NUMERIC", 38, 9), decimal("m", "NUMERIC(10,2)", 10, 2),
			optional("big", schema.String, "BIGNUMERIC"), decimal("b38", "BIGNUMERIC(38,10)", 38, 10),
			optional("b", schema.Bool, "BOOL"), optional("s", schema.String, "STRING"), optional("y", schema.Bytes, "BYTES"),
			optional("d", schema.Date, "DATE"), optional("t", schema.Time, "TIME"), optional("dt", schema.Timestamp, "DATETIME"), optional("ts", schema.Timestamp, "TIMESTAMP"),
			optional("g", schema.String, "GEOGRAPHY"), optional("j", schema.JSON, "JSON"),
			{Name: "r", Type: schema.JSON, Native: "STRUCT<i INT64, s STRING, f ARRAY<FLOAT64>>", Nullable: true, Fields: []schema.Column{
				optional("i", schema.Int64, "INT64"), optional("s", schema.String, "STRING"), {Name: "f", Type: schema.JSON, Native: "ARRAY<FLOAT64>", Repeated: true},
			}},
			{Name: "a", Type: schema.JSON, Native: "ARRAY<STRING>", Repeated: true},
		},
		Rows: []string{
			`{"a":"[\"x\",\"\"]","b":true,"b38":"1234567890123456789012345678.0123456789","big":"578960446186580977117854925043439539266.34992332820282019728792003956564819967","d":"0001-01-01","dt":"1969-12-31T23:59:59.999999Z","f":0.1,"g":"POINT (1 2)","i":9007199254740993,"id":1,"j":"{\"a\":9007199254740993,\"b\":[1.5,null,\"é\"]}","m":"12345678.9","n":"-99999999999999999999999999999.999999999","r":"{\"i\":9007199254740993,\"s\":\"q\\\"\\n\",\"f\":[0.1,0.25]}","s":"","t":"23:59:59.999999","ts":"1969-12-31T23:59:59.999999Z","y":"AP8="}`,
			`{"a":"[]","b":false,"b38":"1e-10","big":"0.00000000000000000000000000000000000001","d":"9999-12-31","dt":"9999-12-31T00:00:00Z","f":"NaN","g":"POINT (-1.5 0)","i":-9223372036854775808,"id":2,"j":"[]","m":"-0.01","n":"1e-09","r":null,"s":"é\u0001 \"","t":"00:00:00","ts":"2024-02-29T11:00:00Z","y":""}`,
			`{"a":"[]","b":null,"b38":null,"big":null,"d":null,"dt":null,"f":"-Inf","g":null,"i":null,"id":3,"j":null,"m":null,"n":null,"r":null,"s":null,"t":null,"ts":null,"y":null}`,
		},
	}
}

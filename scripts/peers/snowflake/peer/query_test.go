package peer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const people = `{"tables": [{"database": "D", "schema": "S", "name": "PEOPLE", "columns": [
	{"name": "ID", "type": "NUMBER(38,0)", "not_null": true}, {"name": "NAME", "type": "VARCHAR(20)"}, {"name": "PAID", "type": "NUMBER(10,2)"}, {"name": "mixed Case", "type": "BOOLEAN"}, {"name": "MIXED CASE", "type": "FLOAT"}],
	"rows": [[1, "ann", "10.50", true, 1.5], [2, null, null, null, null], [3, "", "-0.01", false, "nan"]]}]}`

func TestQuery(t *testing.T) {
	h := seeded(t)
	h.admin("apply", people)
	h.admin("apply", `{"tables": [{"database": "D", "schema": "S", "name": "RICH", "columns": [{"name": "WHO", "type": "VARCHAR"}], "query": "select name from people where paid > 1"},
		{"database": "D", "schema": "S", "name": "BARE", "query": "select id, upper(name) loud from people"},
		{"database": "D", "schema": "S", "name": "DOCS", "columns": [{"name": "J", "type": "VARIANT"}], "rows": [[{"k": "<a & b>", "n": 12345678901234567890.1, "s": 1.5}]]},
		{"database": "D", "schema": "S", "name": "VECTORS", "columns": [{"name": "V", "type": "VECTOR(FLOAT, 2)"}], "rows": [[[1.5, -2]]]}]}`)
	db := h.open(nil)
	for _, test := range []struct {
		name, query string
		args        []any
		want        [][]string
	}{
		{"constant", "select 1", nil, [][]string{{"1"}}},
		{"star", "select * from people order by id", nil, [][]string{{"1", "ann", "10.50", "true", "1.5"}, {"2", "∅", "∅", "∅", "∅"}, {"3", "", "-0.01", "false", "NaN"}}},
		{"case tells columns apart", `select "mixed Case", "MIXED CASE" from people where id = 1`, nil, [][]string{{"true", "1.5"}}},
		{"qualified", `select p.id from "D"."S"."PEOPLE" p where p.name = 'ann'`, nil, [][]string{{"1"}}},
		{"three parts", "select d.s.people.id from d.s.people where people.id = 3", nil, [][]string{{"3"}}},
		{"count", "select count(*), max(paid) from people", nil, [][]string{{"3", "10.50"}}},
		{"group", "select name is null n, count(*) c from people group by n order by c desc limit 1", nil, [][]string{{"false", "2"}}},
		{"with", "with q as (select id, paid from people) select id from q where paid < 0", nil, [][]string{{"3"}}},
		{"union", "select id from people union all select 7 order by 1 desc limit 2", nil, [][]string{{"7"}, {"3"}}},
		{"subquery", "select * from (select id i from people where id in (select max(id) from people))", nil, [][]string{{"3"}}},
		{"view", "select who from rich", nil, [][]string{{"ann"}}},
		{"binds", "select name, ?::number(5,1) from people where id = ? and name = ?", []any{"2.5", 1, "ann"}, [][]string{{"ann", "2.5"}}},
		{"cast", "select '12'::int + 1, cast('1.5' as float), to_varchar(5)", nil, [][]string{{"13", "1.5", "5"}}},
		{"context", "select current_user(), current_role(), current_warehouse(), current_database(), current_schema()", nil, [][]string{{"LOADER", "READER", "WH", "D", "S"}}},
		{"comment and case", "-- hello\nselect case when id = 1 then 'one' else 'more' end w from people where id <= 2 order by id", nil, [][]string{{"one"}, {"more"}}},
		{"formats", `select to_varchar('01:02:03.000000004'::time(9), 'HH24:MI:SS.FF9'), to_varchar('2024-01-02 03:04:05.000000006'::timestamp_ntz(9), 'YYYY-MM-DD"T"HH24:MI:SS.FF9"Z"'),
			to_varchar(convert_timezone('UTC', '2024-01-02 03:04:05.5 +02:00'::timestamp_tz(9)), 'YYYY-MM-DD HH24:MI:SS.FF3')`, nil, [][]string{{"01:02:03.000000004", "2024-01-02T03:04:05.000000006Z", "2024-01-02 01:04:05.500"}}},
		{"beyond nanoseconds", "select '2024-01-01'::timestamp_ntz(9) > '0001-01-01'::timestamp_ntz(9), '2024-01-01'::timestamp_tz(9) < '9999-12-31'::timestamp_tz(9)", nil, [][]string{{"true", "true"}}},
		{"instants compare", "select '2024-01-01 12:00:00 +02:00'::timestamp_tz(9) = '2024-01-01 10:00:00 +0000'::timestamp_tz(9), '2024-01-01 12:00:00 +02:00'::timestamp_tz in ('2024-01-01'::timestamp_tz, '2024-01-01 10:00:00'::timestamp_tz)", nil, [][]string{{"true", "true"}}},
		{"typed binds", "select ?::date, ?, ?::binary, ?", []any{"2024-02-29", 1.5, "00ff", true}, [][]string{{"2024-02-29T00:00:00Z", "1.5", "\x00\xff", "true"}}},
		{"semi-structured", `select parse_json('{"a": {"b": [1, "x"]}}'):a.b[1]::varchar, to_json(parse_json('{"a": [1]}')), parse_json('[1]')[0] = 1`, nil, [][]string{{"x", `{"a":[1]}`, "true"}}},
		{"stored JSON", "select j, j:k::varchar, j:s::number(5,1) from docs", nil, [][]string{{"{\n  \"k\": \"<a & b>\",\n  \"n\": 12345678901234567890.1,\n  \"s\": 1.5\n}", "<a & b>", "1.5"}}},
		{"vector", "select v::array from vectors", nil, [][]string{{"[\n  1.5,\n  -2.0\n]"}}},
		{"window", "select id, row_number() over (partition by name is null order by id desc) n from people qualify n = 1 order by id", nil, [][]string{{"2", "1"}, {"3", "1"}}},
		{"join", "select p.id, q.id from people p left join people q on q.id = p.id + 1 where p.id > 1 order by p.id", nil, [][]string{{"2", "3"}, {"3", "∅"}}},
		{"explain", "explain using json select * from people", nil, [][]string{{`{"GlobalStats":{"partitionsTotal":1,"partitionsAssigned":1,"bytesAssigned":120},"Operations":[[{"id":0,"operation":"Result"}]]}`}}},
		{"view columns", "select column_name, data_type, character_maximum_length from information_schema.columns where table_name = 'BARE'", nil, [][]string{{"ID", "NUMBER", "∅"}, {"LOUD", "TEXT", "16777216"}}},
		{"information schema", "select table_name, table_type, row_count from information_schema.tables where table_schema = 'S' and table_name in ('PEOPLE', 'RICH') order by 1", nil, [][]string{{"PEOPLE", "BASE TABLE", "3"}, {"RICH", "VIEW", "∅"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := rows(t, db, t.Context(), test.query, test.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

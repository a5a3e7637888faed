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
	h.admin("apply", `{"tables": [{"database": "D", "schema": "S", "name": "RICH", "columns": [{"name": "WHO", "type": "VARCHAR"}], "query": "select name from people where paid > 1"}]}`)
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
		{"information schema", "select table_name, table_type, row_count from information_schema.tables where table_schema = 'S' order by 1", nil, [][]string{{"PEOPLE", "BASE TABLE", "3"}, {"RICH", "VIEW", "∅"}}},
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

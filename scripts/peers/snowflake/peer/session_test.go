package peer_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"
)

const million = `{"tables": [{"database": "D", "schema": "S", "name": "BIG", "columns": [
	{"name": "ID", "type": "NUMBER(38,0)"}, {"name": "N", "type": "NUMBER(10,2)"}, {"name": "S", "type": "VARCHAR(20)"}, {"name": "F", "type": "FLOAT"}, {"name": "TS", "type": "TIMESTAMP_NTZ(6)"}],
	"select": "SELECT i, i / 100.0, 'name-' || i, i * 1.5, TIMESTAMP '2024-01-01' + to_seconds(i) FROM range(%) r(i)"}]}`

func big(n string) string { return strings.Replace(million, "%", n, 1) }

func TestTokens(t *testing.T) {
	h := seeded(t)
	db := h.open(nil)
	if _, err := rows(t, db, t.Context(), "alter session set query_tag = 'kept'"); err != nil {
		t.Fatal(err)
	}
	h.admin("faults", `{"expire_sessions": "LOADER"}`)
	got, err := rows(t, db, t.Context(), "show parameters like 'query_tag'")
	if err != nil || got[0][1] != "kept" {
		t.Errorf("after renewal: %v, %v", got, err)
	}
	h.admin("faults", `{"expire_sessions": "*", "masters": true}`)
	if _, err := rows(t, db, t.Context(), "select 1"); !hasCode(err, 390114) {
		t.Errorf("after the master token expired: %v", err)
	}
}

func hasCode(err error, want int) bool {
	n, _ := code(err)
	return n == want
}

func TestUse(t *testing.T) {
	h := seeded(t)
	h.admin("apply", `{"roles": [{"name": "SECOND", "to_users": ["LOADER"]}], "schemas": [{"database": "D", "name": "odd.one"}],
		"grants": [{"privilege": "USAGE", "on": "SCHEMA", "database": "D", "schema": "odd.one", "to": "READER"}]}`)
	db := h.open(nil)
	for _, test := range []struct {
		statement string
		code      int
		where     []string
	}{
		{`use schema "odd.one"`, 0, []string{"READER", "WH", "D", "odd.one"}},
		{`use schema d.s`, 0, []string{"READER", "WH", "D", "S"}},
		{`use database secret`, 2043, nil},
		{`use schema d.nope`, 2043, nil},
		{`use warehouse hidden`, 2043, nil},
		{`use warehouse sleepy`, 0, []string{"READER", "SLEEPY", "D", "S"}},
		{`use role other`, 3013, nil},
		{`use role second`, 0, []string{"SECOND", "SLEEPY", "D", "S"}},
		{`use secondary roles all`, 0, []string{"SECOND", "SLEEPY", "D", "S"}},
		{`alter session set nonsense = 1`, 1420, nil},
	} {
		_, err := rows(t, db, t.Context(), test.statement)
		if !hasCode(err, test.code) {
			t.Errorf("%s: %v, want code %d", test.statement, err, test.code)
		}
		if test.where == nil {
			continue
		}
		got, err := rows(t, db, t.Context(), "select current_role(), current_warehouse(), current_database(), current_schema()")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.where, got[0]); diff != "" {
			t.Errorf("%s: %s", test.statement, diff)
		}
	}
}

// queryID starts a query without waiting for it, closes the connection and
// gives the query's id.
func queryID(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids := make(chan string, 1)
	err = c.Raw(func(x any) error {
		// Detached, for the client goes on polling until the query ends.
		ctx := sf.WithQueryIDChan(sf.WithAsyncMode(context.WithoutCancel(t.Context())), ids)
		if _, err := x.(driver.QueryerContext).QueryContext(ctx, query, nil); err != nil {
			return err
		}
		return x.(driver.Conn).Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return <-ids
}

func TestAsync(t *testing.T) {
	h := seeded(t)
	h.admin("apply", big("50000"))
	keep := func(c *sf.Config) { c.ServerSessionKeepAlive = true }
	db := h.open(keep)
	h.admin("faults", `{"delay_ms": 300}`)
	id := queryID(t, db, "select * from big")
	// Another connection of the same user gets the result by its id.
	other := h.open(nil)
	got, err := rows(t, other, sf.WithFetchResultByID(t.Context(), id), "")
	if len(got) != 50000 || err != nil {
		t.Errorf("%d rows, %v", len(got), err)
	}
	fetch := func(db *sql.DB) error {
		_, err := rows(t, db, sf.WithFetchResultByID(t.Context(), id), "")
		return err
	}
	boss := h.open(func(c *sf.Config) { c.User = "boss" })
	if err := fetch(boss); err == nil {
		t.Error("another user got the result")
	}
	h.admin("faults", `{"expire_result": "`+id+`"}`)
	if err := fetch(other); !hasCode(err, 710) {
		t.Errorf("expired result: %v", err)
	}
}

func TestClosedSessionCancels(t *testing.T) {
	h := seeded(t)
	db := h.open(nil)
	h.admin("faults", `{"delay_ms": 60000}`)
	id := queryID(t, db, "select 1")
	_, err := rows(t, h.open(nil), sf.WithFetchResultByID(t.Context(), id), "")
	if err == nil || !strings.Contains(err.Error(), "604") {
		t.Errorf("query of a closed session: %v", err)
	}
}

func TestCancel(t *testing.T) {
	h := seeded(t)
	h.admin("apply", big("3000000"))
	db := h.open(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := rows(t, db, ctx, "select count(*) from big a join big b on a.f + b.f < 0.5"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled query: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("cancelled after %v", took)
	}
	if _, err := rows(t, db, t.Context(), "alter session set statement_timeout_in_seconds = 1"); err != nil {
		t.Fatal(err)
	}
	_, err := rows(t, db, t.Context(), "select count(*) from big a join big b on a.f + b.f < 0.5")
	if n, state := code(err); n != 630 || state != "57014" {
		t.Errorf("statement timeout: %v", err)
	}
}

func TestLongSynchronousQuery(t *testing.T) {
	h := seeded(t)
	h.admin("settings", `{"wait_ms": 50}`)
	h.admin("faults", `{"delay_ms": 250}`)
	if got, err := rows(t, h.open(nil), t.Context(), "select 'late'"); err != nil || got[0][0] != "late" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestUnavailable(t *testing.T) {
	h := seeded(t)
	db := h.open(nil)
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.admin("faults", `{"http_status": 503, "count": 1}`)
	if got, err := rows(t, db, t.Context(), "select 1"); err != nil || got[0][0] != "1" {
		t.Errorf("after one 503: %v, %v", got, err)
	}
}

func TestChunks(t *testing.T) {
	h := seeded(t)
	h.admin("apply", big("25000"))
	h.admin("settings", `{"inline_rows": 10, "chunk_rows": 4000}`)
	db := h.open(nil)
	for _, fault := range []string{"", "unavailable", "reset", "truncated"} {
		t.Run("fault "+fault, func(t *testing.T) {
			if fault != "" {
				h.admin("faults", `{"chunks": "`+fault+`", "count": 1}`)
			}
			got, err := rows(t, db, t.Context(), "select * from big order by id")
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 25000 {
				t.Fatalf("%d rows", len(got))
			}
			want := []string{"24999", "249.99", "name-24999", "37498.5", "2024-01-01T06:56:39Z"}
			if diff := cmp.Diff(want, got[24999]); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("expired address", func(t *testing.T) {
		h.admin("settings", `{"chunk_url_seconds": -1}`)
		if _, err := rows(t, db, t.Context(), "select * from big"); err == nil {
			t.Error("chunks could still be had")
		}
	})
}

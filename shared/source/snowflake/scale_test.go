package snowflake_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/source"
)

// 20,000 tables of 50 columns are discovered page by page, each in a session of
// its own as by workers that take turns, in the memory of a small worker.
func TestDiscoverManyTables(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time")
	}
	const tables, columns, limit = 20_000, 50, 512 << 20
	s := start(t)
	fill(t, s)
	list := make([]object, columns)
	for i := range list {
		list[i] = column(fmt.Sprintf("COLUMN_%02d", i), []string{"NUMBER(38,0)", "VARCHAR(255)", "TIMESTAMP_NTZ(9)", "VARIANT", "FLOAT"}[i%5])
	}
	s.admin(t, "apply", object{
		"schemas": []object{{"database": database, "name": "MANY"}},
		"tables":  []object{{"database": database, "schema": "MANY", "name": "T_%05d", "count": tables, "columns": list, "primary_key": []string{"COLUMN_00"}}},
		"grants": []object{
			{"privilege": "USAGE", "on": "SCHEMA", "database": database, "schema": "MANY", "to": role},
			{"privilege": "SELECT", "on": "ALL TABLES", "database": database, "schema": "MANY", "to": role},
		},
	})
	cfg := with(map[string]any{"schemas": "MANY"})
	runtime.GC()
	var peak uint64
	began, pages, seen := time.Now(), 0, map[string]int{}
	for cursor := ""; ; {
		src := open(t, s.endpoints, cfg)
		page, err := src.Discover(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range page.Tables {
			seen[table.Name] = len(table.Columns)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.Sys-m.HeapReleased)
		pages++
		if err := src.Close(); err != nil {
			t.Fatal(err)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	t.Logf("%d tables in %d pages and %v, at most %d MiB", len(seen), pages, time.Since(began), peak>>20)
	if len(seen) != tables {
		t.Errorf("%d tables, want %d", len(seen), tables)
	}
	for name, n := range seen {
		if n != columns {
			t.Fatalf("%s has %d columns, want %d", name, n, columns)
		}
	}
	if peak > limit {
		t.Errorf("at most %d MiB, want less than %d", peak>>20, limit>>20)
	}
}

// Without a warehouse the pages come by SHOW, and are as complete.
func TestDiscoverPagesBySHOW(t *testing.T) {
	const tables = 1_100
	s := start(t)
	fill(t, s)
	s.admin(t, "apply", object{
		"warehouses": []object{{"name": warehouse, "suspended": true, "auto_resume": false}},
		"schemas":    []object{{"database": database, "name": "MANY"}},
		"tables":     []object{{"database": database, "schema": "MANY", "name": "t_%05d", "count": tables, "columns": []object{column("ID", "NUMBER(18,0)")}}},
		"grants": []object{
			{"privilege": "USAGE", "on": "WAREHOUSE", "name": warehouse, "to": role},
			{"privilege": "USAGE", "on": "SCHEMA", "database": database, "schema": "MANY", "to": role},
			{"privilege": "SELECT", "on": "ALL TABLES", "database": database, "schema": "MANY", "to": role},
		},
	})
	pages, seen := 0, map[string]bool{}
	for cursor := ""; ; {
		page, err := open(t, s.endpoints, config()).Discover(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range page.Tables {
			if seen[table.Name] || len(table.Columns) == 0 {
				t.Errorf("%s comes again, or without columns", table.Name)
			}
			seen[table.Name] = true
		}
		pages++
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if want := tables + 4; len(seen) != want || pages < 3 {
		t.Errorf("%d tables in %d pages, want %d", len(seen), pages, want)
	}
}

// A cursor that nobody gave is refused.
func TestCursorsThatAreRefused(t *testing.T) {
	s := start(t)
	fill(t, s)
	src := open(t, s.endpoints, config())
	for _, cursor := range []string{"x", "e30", "bnVsbA"} {
		if _, err := src.Discover(t.Context(), cursor); err == nil {
			t.Errorf("cursor %q was taken", cursor)
		}
	}
	if _, err := src.Read(t.Context(), source.ReadRequest{Split: source.Split{Detail: []byte(`{}`)}}); err == nil {
		t.Error("an empty split was taken")
	}
}

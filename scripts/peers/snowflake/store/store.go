// Package store keeps the rows of the account's tables in the engine, every
// version of them, and a copy of the catalogue that INFORMATION_SCHEMA is
// computed from.
package store

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/dialect"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// The columns that say from when (inclusive) to when (exclusive) a row was
// there, in nanoseconds since 1970. No table can have columns of these names.
const (
	from = `"` + "\u2063" + `from"`
	to   = `"` + "\u2063" + `to"`
)

// A Store is the data behind a world. The world's lock guards it as well:
// reading wants the read lock, changing the write lock.
type Store struct {
	engine engine.Engine
	world  *world.World
	dir    string

	mu      sync.Mutex
	visible map[string]string
}

// New prepares an empty engine. Bulk loads pass through files in dir.
func New(ctx context.Context, e engine.Engine, w *world.World, dir string) (*Store, error) {
	s := &Store{engine: e, world: w, dir: dir, visible: map[string]string{}}
	if err := e.Exec(ctx, catalogue); err != nil {
		return nil, fmt.Errorf("creating the catalogue: %w", err)
	}
	return s, nil
}

func physical(t *world.Table) string { return "t" + strconv.FormatInt(t.ID, 10) }

func columnList(t *world.Table) string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = sqltext.Ident(c.Name)
	}
	return strings.Join(names, ", ")
}

// Source is what stands for a table in a query, as it was at an instant or is now.
func (s *Store) Source(t *world.Table, at *dialect.Instant) dialect.Source {
	src := dialect.Source{Columns: make([]dialect.Column, len(t.Columns))}
	for i, c := range t.Columns {
		typ := c.Type
		src.Columns[i] = dialect.Column{Name: c.Name, Type: &typ, Nullable: c.Nullable}
	}
	switch {
	case !t.Stored:
		empty := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			empty[i] = "NULL::" + c.Type.DuckDB() + " AS " + sqltext.Ident(c.Name)
		}
		src.SQL = "(SELECT " + strings.Join(empty, ", ") + " WHERE false)"
	case at == nil:
		src.SQL = "(SELECT " + columnList(t) + " FROM " + physical(t) + " WHERE " + to + " IS NULL)"
	default:
		src.SQL = fmt.Sprintf("(SELECT %s FROM %s WHERE %s <= %d AND (%s IS NULL OR %s > %d))", columnList(t), physical(t), from, *at, to, to, *at)
	}
	return src
}

// store makes the engine's table.
func (s *Store) store(ctx context.Context, t *world.Table) error {
	if t.Stored {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (", physical(t))
	for _, c := range t.Columns {
		fmt.Fprintf(&b, "%s %s, ", sqltext.Ident(c.Name), c.Type.DuckDB())
	}
	fmt.Fprintf(&b, "%s BIGINT, %s BIGINT)", from, to)
	if err := s.engine.Exec(ctx, b.String()); err != nil {
		return fmt.Errorf("storing a table: %w", err)
	}
	t.Stored = true
	return nil
}

// InsertSelect adds the rows of a query in the engine's dialect, whose columns
// are the table's, in order.
func (s *Store) InsertSelect(ctx context.Context, t *world.Table, query string) error {
	if err := s.store(ctx, t); err != nil {
		return err
	}
	names := make([]string, len(t.Columns))
	cast := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = "c" + strconv.Itoa(i)
		cast[i] = names[i] + "::" + c.Type.DuckDB()
	}
	sql := fmt.Sprintf("INSERT INTO %s (%s, %s, %s) SELECT %s, %d, NULL FROM (%s) AS q(%s)", physical(t), columnList(t), from, to, strings.Join(cast, ", "), s.world.Now().UnixNano(), query, strings.Join(names, ", "))
	if err := s.engine.Exec(ctx, sql); err != nil {
		return fmt.Errorf("inserting rows: %w", err)
	}
	return s.measure(ctx, t)
}

// Insert adds rows of JSON values, one for each column.
func (s *Store) Insert(ctx context.Context, t *world.Table, rows [][]any) error {
	for batch := range slices.Chunk(rows, 1000) {
		lines := make([]string, len(batch))
		for i, row := range batch {
			if len(row) != len(t.Columns) {
				return fmt.Errorf("row %d has %d values for %d columns", i, len(row), len(t.Columns))
			}
			values := make([]string, len(row))
			for j, v := range row {
				sql, err := Value(t.Columns[j].Type, v)
				if err != nil {
					return fmt.Errorf("row %d, column %s: %w", i, t.Columns[j].Name, err)
				}
				values[j] = sql
			}
			lines[i] = "(" + strings.Join(values, ", ") + ")"
		}
		if err := s.InsertSelect(ctx, t, "VALUES "+strings.Join(lines, ", ")); err != nil {
			return err
		}
	}
	return nil
}

// Delete ends the rows that a condition in the engine's dialect holds for.
func (s *Store) Delete(ctx context.Context, t *world.Table, where string) error {
	if !t.Stored {
		return nil
	}
	if where == "" {
		where = "true"
	}
	sql := fmt.Sprintf("UPDATE %s SET %s = %d WHERE %s IS NULL AND (%s)", physical(t), to, s.world.Now().UnixNano(), to, where)
	if err := s.engine.Exec(ctx, sql); err != nil {
		return fmt.Errorf("deleting rows: %w", err)
	}
	return s.measure(ctx, t)
}

// Drop forgets a table and its history.
func (s *Store) Drop(ctx context.Context, t *world.Table) error {
	sql := fmt.Sprintf("DELETE FROM meta_tables WHERE oid = %d; DELETE FROM meta_columns WHERE oid = %d", t.ID, t.ID)
	if t.Stored {
		sql += "; DROP TABLE " + physical(t)
	}
	if err := s.engine.Exec(ctx, sql); err != nil {
		return fmt.Errorf("dropping a table: %w", err)
	}
	return nil
}

// measure counts the rows that are there now. Bytes are an estimate, eight per
// value, where the service counts compressed storage.
func (s *Store) measure(ctx context.Context, t *world.Table) error {
	n, err := s.number(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s IS NULL", physical(t), to))
	if err != nil {
		return fmt.Errorf("counting rows: %w", err)
	}
	t.Rows, t.Bytes, t.LastAltered = n, n*8*int64(len(t.Columns)), s.world.Now()
	sql := fmt.Sprintf("UPDATE meta_tables SET row_count = %d, bytes = %d, last_altered = %s WHERE oid = %d", t.Rows, t.Bytes, stamp(t.LastAltered), t.ID)
	if err := s.engine.Exec(ctx, sql); err != nil {
		return fmt.Errorf("updating the catalogue: %w", err)
	}
	return nil
}

// number runs a query for one whole number.
func (s *Store) number(ctx context.Context, sql string) (int64, error) {
	rows, err := s.engine.Query(ctx, "UTC", sql)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	b := rows.Next()
	if b == nil || b.Rows != 1 || len(b.Columns[0].Ints) != 1 || b.Columns[0].Null(0) {
		return 0, fmt.Errorf("no number where one was expected")
	}
	return b.Columns[0].Ints[0], nil
}

// Evaluate computes a timestamp in UTC.
func (s *Store) Evaluate(ctx context.Context, zone, expression string) (dialect.Instant, error) {
	rows, err := s.engine.Query(ctx, zone, "SELECT epoch_ns(("+expression+")::TIMESTAMP_NS)")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	b := rows.Next()
	if b == nil || b.Columns[0].Null(0) {
		return 0, &engine.Failure{Compile: true, Text: "the time to travel to is null"}
	}
	return dialect.Instant(b.Columns[0].Ints[0]), nil
}

func stamp(at time.Time) string {
	return "TIMESTAMP '" + at.UTC().Format("2006-01-02 15:04:05.999999") + "'"
}

const null = `\N`

// load appends lines to a table of the engine through a file.
func (s *Store) load(ctx context.Context, table string, lines [][]string) error {
	name := filepath.Join(s.dir, table+".csv")
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("creating a load file: %w", err)
	}
	w := csv.NewWriter(f)
	if err := w.WriteAll(lines); err != nil {
		return fmt.Errorf("writing a load file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("closing a load file: %w", err)
	}
	sql := fmt.Sprintf(`COPY %s FROM %s (FORMAT csv, HEADER false, NULLSTR '%s', AUTO_DETECT false, QUOTE '"', ESCAPE '"')`, table, sqltext.Literal(name), null)
	if err := s.engine.Exec(ctx, sql); err != nil {
		return fmt.Errorf("loading %s: %w", table, err)
	}
	return os.Remove(name)
}

func orNull(s string) string {
	if s == "" {
		return null
	}
	return s
}

// typeNumbers are the columns of INFORMATION_SCHEMA.COLUMNS from
// CHARACTER_MAXIMUM_LENGTH to DATETIME_PRECISION, as SQL.
func typeNumbers(t datatype.Type) []string {
	n := slices.Repeat([]string{"NULL"}, 6)
	switch t.Base {
	case datatype.Fixed:
		n[2], n[3], n[4] = strconv.Itoa(t.Precision), "10", strconv.Itoa(t.Scale)
	case datatype.Text, datatype.Binary:
		n[0], n[1] = strconv.Itoa(t.Length), strconv.Itoa(t.Bytes())
	case datatype.Time, datatype.NTZ, datatype.LTZ, datatype.TZ:
		n[5] = strconv.Itoa(t.Scale)
	}
	return n
}

// AddColumn adds a column to the stored rows.
func (s *Store) AddColumn(ctx context.Context, t *world.Table, c datatype.Column) error {
	if !t.Stored {
		return nil
	}
	if err := s.engine.Exec(ctx, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", physical(t), sqltext.Ident(c.Name), c.Type.DuckDB())); err != nil {
		return fmt.Errorf("adding a column: %w", err)
	}
	return nil
}

// DropColumn drops a column of the stored rows.
func (s *Store) DropColumn(ctx context.Context, t *world.Table, name string) error {
	if !t.Stored {
		return nil
	}
	if err := s.engine.Exec(ctx, fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", physical(t), sqltext.Ident(name))); err != nil {
		return fmt.Errorf("dropping a column: %w", err)
	}
	return nil
}

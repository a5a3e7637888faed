// Command duck is the peer of the benchmarks: an in-memory DuckDB with one thread that runs the statements it is given,
// in order, and prints the rows of the last one as a JSON array of arrays of text, null where the value is NULL.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"

	_ "github.com/duckdb/duckdb-go/v2" // registers the database driver "duckdb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "duck:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, statements []string, stdout io.Writer) (err error) {
	db, err := sql.Open("duckdb", "?threads=1")
	if err != nil {
		return fmt.Errorf("opening DuckDB: %w", err)
	}
	defer func() { _ = db.Close() }() // nothing in it is kept
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = conn.Close() }() // as above
	if _, err := conn.ExecContext(ctx, "SET TimeZone = 'UTC'"); err != nil {
		return fmt.Errorf("setting the time zone: %w", err)
	}
	last := [][]*string{}
	for n, statement := range statements {
		if last, err = query(ctx, conn, statement); err != nil {
			return fmt.Errorf("running statement %d: %w", n+1, err)
		}
	}
	if err := json.NewEncoder(stdout).Encode(last); err != nil {
		return fmt.Errorf("printing rows: %w", err)
	}
	return nil
}

// query returns all rows of a statement as text.
func query(ctx context.Context, conn *sql.Conn, statement string) ([][]*string, error) {
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells of what went wrong
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	all := [][]*string{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]*string, len(columns))
		for i, value := range values {
			if value != nil {
				text := fmt.Sprint(value)
				row[i] = &text
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

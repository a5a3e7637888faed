// Package duck runs the peer's queries on an in-memory DuckDB, through the C
// API as duckdb-go maps it: vectors are read where DuckDB left them.
package duck

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/duckdb/duckdb-go/mapping"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// A DB is an in-memory database with a pool of connections.
type DB struct {
	db   mapping.Database
	mu   sync.Mutex
	idle []mapping.Connection
}

var _ engine.Engine = (*DB)(nil)

// Open starts an empty database.
func Open() (*DB, error) {
	d := &DB{}
	if mapping.Open(":memory:", &d.db) == mapping.StateError {
		return nil, fmt.Errorf("opening an in-memory DuckDB")
	}
	return d, nil
}

// Close frees the database. No query may be running.
func (d *DB) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.idle {
		mapping.Disconnect(&d.idle[i])
	}
	d.idle = nil
	mapping.Close(&d.db)
}

func (d *DB) take() (mapping.Connection, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.idle); n > 0 {
		c := d.idle[n-1]
		d.idle = d.idle[:n-1]
		return c, nil
	}
	var c mapping.Connection
	if mapping.Connect(d.db, &c) == mapping.StateError {
		return c, fmt.Errorf("connecting to DuckDB")
	}
	return c, nil
}

func (d *DB) give(c mapping.Connection) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, c)
}

// Exec implements engine.Engine.
func (d *DB) Exec(ctx context.Context, sql string) error {
	rows, err := d.Query(ctx, "UTC", sql)
	if err != nil {
		return err
	}
	rows.Close()
	return nil
}

// Query implements engine.Engine.
func (d *DB) Query(ctx context.Context, zone, sql string) (engine.Rows, error) {
	c, err := d.take()
	if err != nil {
		return nil, err
	}
	res, err := run(ctx, c, "SET TimeZone = "+sqltext.Literal(zone))
	if err == nil {
		mapping.DestroyResult(res)
		res, err = run(ctx, c, sql)
	}
	if err != nil {
		d.give(c)
		return nil, err
	}
	r := &rows{db: d, conn: c, res: res}
	for i := range mapping.ColumnCount(res) {
		t := mapping.ColumnLogicalType(res, i)
		r.columns = append(r.columns, engine.Column{Name: mapping.ColumnName(res, i), Type: typeName(t)})
		mapping.DestroyLogicalType(&t)
	}
	return r, nil
}

// run executes a statement to its end, interrupting it when ctx ends.
func run(ctx context.Context, c mapping.Connection, sql string) (*mapping.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
			mapping.Interrupt(c)
		case <-done:
		}
	}()
	var res mapping.Result
	state := mapping.Query(c, sql, &res)
	close(done)
	// An interrupt that is still on its way would hit the next statement.
	<-stopped
	if state != mapping.StateError {
		return &res, nil
	}
	text := mapping.ResultError(&res)
	mapping.DestroyResult(&res)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	kind, _, _ := strings.Cut(text, " Error:")
	switch kind {
	case "Parser", "Binder", "Catalog", "Syntax", "Not implemented":
		return nil, &engine.Failure{Compile: true, Text: text}
	}
	return nil, &engine.Failure{Text: text}
}

type rows struct {
	db      *DB
	conn    mapping.Connection
	res     *mapping.Result
	columns []engine.Column
	batch   engine.Batch
}

func (r *rows) Columns() []engine.Column { return r.columns }

func (r *rows) Next() *engine.Batch {
	chunk := mapping.FetchChunk(*r.res)
	if chunk.Ptr == nil {
		return nil
	}
	defer mapping.DestroyDataChunk(&chunk)
	n := int(mapping.DataChunkGetSize(chunk))
	if n == 0 {
		return nil
	}
	r.batch.Rows = n
	r.batch.Columns = make([]engine.Vector, len(r.columns))
	for i := range r.columns {
		r.batch.Columns[i] = copyVector(mapping.DataChunkGetVector(chunk, mapping.IdxT(i)), n)
	}
	return &r.batch
}

func (r *rows) Close() {
	if r.res != nil {
		mapping.DestroyResult(r.res)
		r.res = nil
		r.db.give(r.conn)
	}
}

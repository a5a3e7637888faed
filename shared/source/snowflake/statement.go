package snowflake

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"
)

// row is a row of a statement's result, by the columns' names in lower case.
type row struct {
	columns map[string]int
	values  []sql.NullString
}

// text returns a column, "" when it is NULL or not there.
func (r row) text(name string) string {
	i, ok := r.columns[name]
	if !ok {
		return ""
	}
	return r.values[i].String
}

// each runs a small statement and hands over its rows. A session that the
// server has closed is opened again, once. The context stops the statement.
func (s *session) each(ctx context.Context, statement string, see func(row) error, args ...any) error {
	for attempt := 0; ; attempt++ {
		err := s.run(ctx, statement, see, args)
		if attempt > 0 || !sessionLost(err) {
			return err
		}
		if err := s.discard(ctx); err != nil {
			return err
		}
	}
}

func (s *session) run(ctx context.Context, statement string, see func(row) error, args []any) error {
	rows, err := s.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("running %s: %w", verb(statement), withoutValues(err))
	}
	defer func() { _ = rows.Close() }() // rows.Err has what matters
	names, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("reading the columns of %s: %w", verb(statement), err)
	}
	r := row{columns: make(map[string]int, len(names)), values: make([]sql.NullString, len(names))}
	into := make([]any, len(names))
	for i, name := range names {
		r.columns[strings.ToLower(name)], into[i] = i, &r.values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("reading a row of %s: %w", verb(statement), err)
		}
		if err := see(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", verb(statement), withoutValues(err))
	}
	return nil
}

// exec runs a statement for its effect on the session.
func (s *session) exec(ctx context.Context, statement string) error {
	return s.each(ctx, statement, func(row) error { return nil })
}

// verb is what of a statement may stand in an error: its first words, none of
// the names and values in it.
func verb(statement string) string {
	words := strings.Fields(statement)
	kept := 0
	for kept < len(words) && kept < 3 && strings.Trim(words[kept], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		kept++
	}
	return strings.Join(words[:kept], " ")
}

// connect makes sure that there is a session and a token.
func (s *session) connect(ctx context.Context) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	return conn.Close()
}

// discard drops a session that is of no use any more, so that the next
// statement logs in.
func (s *session) discard(ctx context.Context) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("logging in again: %w", err)
	}
	_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // which is what makes the pool drop it
	_ = conn.Close()                                           // it is not in the pool any more
	return nil
}

// sessionLost reports whether the server has closed the session, or would not
// renew its tokens.
func sessionLost(err error) bool {
	var refusal *sf.SnowflakeError
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Number {
	case 390104, // token not found
		390111, // session gone
		390113, // master token not found
		390114, // master token expired
		390115: // master token invalid
		return true
	}
	return false
}

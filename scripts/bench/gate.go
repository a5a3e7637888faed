package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// gate compares our output with a peer's and returns how large they are.
func (b bench) gate(ctx context.Context, t task, p peer, in seeded, found counts) (our, their int64, err error) {
	if found.Landed+found.Quarantined != in.Rows {
		return 0, 0, fmt.Errorf("%d rows are in, %d landed and %d are in quarantine", in.Rows, found.Landed, found.Quarantined)
	}
	if found.Landed != in.Good {
		return 0, 0, fmt.Errorf("%d rows landed, the data has %d good ones", found.Landed, in.Good)
	}
	targets, others := make([]string, len(t.columns)), make([]string, len(t.columns))
	for i, c := range t.columns {
		targets[i], others[i] = c.target, c.target
		if p.plain {
			others[i] = c.source
		}
	}
	left, our, err := b.digest(ctx, b.ourOut(), targets)
	if err != nil {
		return 0, 0, fmt.Errorf("reading our output: %w", err)
	}
	right, their, err := b.digest(ctx, b.peerOut(), others)
	if err != nil {
		return 0, 0, fmt.Errorf("reading the peer's output: %w", err)
	}
	if left[0] != strconv.FormatInt(found.Landed, 10) {
		return 0, 0, fmt.Errorf("DuckDB reads %s rows in our output, %d landed", left[0], found.Landed)
	}
	return our, their, t.same(left, right)
}

// perColumn is how many values of a digest are about each column, after onRows about whole rows.
const (
	onRows    = 2
	perColumn = 5
)

// digest describes the rows in a directory of Parquet files by numbers that do not depend on their order, as DuckDB
// reads them: count and hash of rows; of each column its type, the number of values, the least, the greatest, and a hash.
func (b bench) digest(ctx context.Context, dir string, columns []string) (values []string, bytes int64, err error) {
	files, bytes, err := parquetFiles(dir)
	if err != nil {
		return nil, 0, fmt.Errorf("listing files: %w", err)
	}
	if len(files) == 0 {
		return nil, 0, errors.New("there is no Parquet file")
	}
	asked := []string{"count(*)", "sum(hash(" + strings.Join(columns, ", ") + "))"}
	for _, c := range columns {
		asked = append(asked, "typeof(any_value("+c+"))", "count("+c+")", "min("+c+")", "max("+c+")", "sum(hash("+c+"))")
	}
	quoted := make([]string, len(files))
	for i, file := range files {
		quoted[i] = literal(file)
	}
	out, err := output(ctx, b.program("duck"), fmt.Sprintf("SELECT %s FROM read_parquet([%s], hive_partitioning = false)",
		strings.Join(asked, ", "), strings.Join(quoted, ", ")))
	if err != nil {
		return nil, 0, err
	}
	var rows [][]*string
	if err := json.Unmarshal(out, &rows); err != nil || len(rows) != 1 || len(rows[0]) != len(asked) {
		return nil, 0, errors.Join(errors.New("DuckDB did not answer with one row"), err)
	}
	for _, value := range rows[0] {
		if value == nil {
			values = append(values, "NULL")
		} else {
			values = append(values, *value)
		}
	}
	return values, bytes, nil
}

// same names the first difference between two digests.
func (t task) same(ours, theirs []string) error {
	about := [perColumn]string{"type", "number of values", "least value", "greatest value", "hash"}
	for i := onRows; i < len(ours); i++ {
		if ours[i] != theirs[i] {
			c := t.columns[(i-onRows)/perColumn]
			return fmt.Errorf("the %s of column %s is %s, the peer's %s", about[(i-onRows)%perColumn], c.target, ours[i], theirs[i])
		}
	}
	for i, what := range [onRows]string{"number", "hash"} {
		if ours[i] != theirs[i] {
			return fmt.Errorf("the %s of rows is %s, the peer's %s", what, ours[i], theirs[i])
		}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// merges is T7: the same changes merged into tables of several sizes, each spread over the buckets of profiles.
type merges struct {
	changed int64
	tables  []int64   // rows
	took    [][]spent // by table and round
}

// The tables are of as many rows as the other tasks' data, mergeRows at most, and of multiples of that; a fifth of the
// smallest one's rows change.
const mergeRows = 500_000

var mergeTables = []int64{1, 2, 4}

// merge measures T7. The tables are made once; each round merges into links to their files, which a merge never changes.
func (b bench) merge(ctx context.Context) (merges, error) {
	smallest := min(b.rows, mergeRows)
	m := merges{changed: max(smallest/5, 1), took: make([][]spent, len(mergeTables))}
	changes, _, err := b.sized(m.changed).prepare(ctx, data{format: "parquet", compression: "zstd"})
	if err != nil {
		return m, err
	}
	for _, times := range mergeTables {
		rows := times * smallest
		m.tables = append(m.tables, rows)
		if err := b.base(ctx, rows); err != nil {
			return m, fmt.Errorf("making a table of %d rows: %w", rows, err)
		}
	}
	for round := range b.rounds + 1 { // the first does not count: it opens the gate
		for n := range m.tables {
			n = (n + round) % len(m.tables)
			took, err := b.mergeInto(ctx, m.tables[n], changes.path, m.changed, round == 0)
			if err != nil {
				return m, fmt.Errorf("merging into %d rows: %w", m.tables[n], err)
			}
			if round > 0 {
				m.took[n] = append(m.took[n], took)
			}
		}
	}
	return m, nil
}

// sized is the same bench with other rows.
func (b bench) sized(rows int64) bench {
	b.rows = rows
	return b
}

func (b bench) baseDir(rows int64) string {
	return filepath.Join(b.dir, "data", fmt.Sprintf("lake-%d", rows))
}

// base makes a committed table of so many rows, or finds it made by the same program.
func (b bench) base(ctx context.Context, rows int64) error {
	dir := b.baseDir(rows)
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing an old table: %w", err)
	}
	from, done, err := b.sized(rows).prepare(ctx, data{format: "parquet", compression: "zstd"})
	if err != nil {
		return err
	}
	var found counts
	_, err = b.run(ctx, lakeWork(from.path, dir, "base", "commit", nil), dir, &found)
	if err == nil && found.Landed != rows {
		err = fmt.Errorf("%d rows landed, want %d", found.Landed, rows)
	}
	return errors.Join(err, done())
}

// marked is the plan of every row that a merge changes, by which the gate knows them.
const marked = "merged"

// lakeWork is work on a spread table in a directory.
func lakeWork(input, dir, run, until string, plan *string) command {
	type column struct {
		mapped
		Constant *string `json:"constant,omitempty"`
	}
	var mapping []column
	for _, m := range (task{columns: profiles()}).mapping() {
		c := column{mapped: m}
		if plan != nil && m.Target == "plan" {
			c.Source, c.Constant = "", plan
		}
		mapping = append(mapping, c)
	}
	return command{program: "worker", stdin: map[string]any{
		"input": input, "output": dir, "mapping": mapping, "until": until, "run": run, "spread": true,
	}}
}

func (b bench) mergeInto(ctx context.Context, rows int64, changes string, changed int64, gate bool) (spent, error) {
	dir := b.ourOut()
	if err := renew(dir); err != nil {
		return spent{}, err
	}
	if _, err := output(ctx, "cp", "-al", filepath.Join(b.baseDir(rows), "lake"), filepath.Join(dir, "lake")); err != nil {
		return spent{}, fmt.Errorf("linking the table's files: %w", err)
	}
	if _, err := output(ctx, "cp", filepath.Join(b.baseDir(rows), "catalog.db"), dir); err != nil {
		return spent{}, fmt.Errorf("copying the catalog: %w", err)
	}
	plan := marked
	var found counts
	took, err := b.pinned(ctx, lakeWork(changes, dir, "merge", "merge", &plan), &found)
	if err != nil {
		return took, err
	}
	if found.Landed != changed {
		return took, fmt.Errorf("the gate is shut: %d rows landed, want %d", found.Landed, changed)
	}
	if !gate {
		return took, nil
	}
	var there struct {
		Rows   int64 `json:"rows"`
		Marked int64 `json:"marked"`
	}
	if _, err := b.pinned(ctx, lakeWork(marked, dir, "", "count", nil), &there); err != nil {
		return took, err
	}
	if there.Rows != rows || there.Marked != changed {
		return took, fmt.Errorf("the gate is shut: the table has %d rows, of which %d are merged; want %d and %d", there.Rows, there.Marked, rows, changed)
	}
	return took, nil
}

// growth is the CPU time of the largest table by that of the smallest, round by round.
func (m merges) growth() float64 {
	first, last := m.took[0], m.took[len(m.took)-1]
	ratios := make([]float64, len(first))
	for i := range ratios {
		ratios[i] = last[i].cpu.Seconds() / first[i].cpu.Seconds()
	}
	return median(ratios, middle)
}

func (m merges) line() string {
	last := m.took[len(m.took)-1]
	var line strings.Builder
	fmt.Fprintf(&line, "T7 ratio_duckdb=- ratio_polars=- rss_mb=%.0f size_ratio=- rows_per_cpu_s=%.0f ratio_largest_by_smallest=%.2f",
		peak(last), float64(m.changed)/cpu(last), m.growth())
	for n, rows := range m.tables {
		fmt.Fprintf(&line, " cpu_s_%d=%.2f", rows, cpu(m.took[n]))
	}
	return line.String()
}

func (m merges) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| T7: %d changed rows into a table of | CPU s | wall s | peak MiB | changed rows per CPU s |\n|---|---|---|---|---|\n", m.changed)
	for n, rows := range m.tables {
		fmt.Fprintf(&b, "| %d rows | %.2f | %.2f | %.0f | %.0f |\n", rows, cpu(m.took[n]), wall(m.took[n]), peak(m.took[n]), float64(m.changed)/cpu(m.took[n]))
	}
	fmt.Fprintf(&b, "\nFour times the table takes %.2f times the CPU time, the median of the rounds.\n", m.growth())
	return b.String()
}

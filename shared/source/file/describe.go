package file

import (
	"context"

	"github.com/headwaterhq/headwater/shared/schema"
)

// describe makes a table of a listing. What is wrong with the files becomes
// the table's Problem; only the store's own failures are errors.
func (f *Files) describe(ctx context.Context, l *listing) (schema.Table, error) {
	t := schema.Table{Name: l.name, Format: l.format, Columns: []schema.Column{}, Bytes: l.bytes, Files: l.files}
	if l.files == 0 {
		t.Problem, t.ProblemAt = "the table has no content: all its files are empty", l.empty
		return t, nil
	}
	if l.problem != "" {
		t.Problem, t.ProblemAt = l.problem, l.problemAt
		return t, nil
	}
	columns, rowsPerByte, err := f.columns(ctx, l)
	if problem, at, ok := problemOf(err); ok {
		t.Problem, t.ProblemAt = problem, at
		return t, nil
	}
	if err != nil {
		return schema.Table{}, err
	}
	t.Columns = withPartitions(columns, l.partitions.columns())
	t.Rows = int64(rowsPerByte * float64(l.bytes))
	return t, nil
}

// columns looks into some files of a table.
func (f *Files) columns(ctx context.Context, l *listing) (columns []schema.Column, rowsPerByte float64, err error) {
	if l.format == formatParquet {
		return f.sampleParquet(ctx, l.sample(f.limits.footerFiles))
	}
	s, err := f.sampleText(ctx, l.format, l.sample(f.limits.sampleFiles))
	if err != nil {
		return nil, 0, err
	}
	return s.schema(), float64(s.rows) / float64(max(s.bytes, 1)), nil
}

package file

import (
	"context"
	"errors"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// describe makes a table of a listing. What is wrong with the files becomes
// the table's Problem; only the store's own failures are errors.
func (f *Files) describe(ctx context.Context, l *listing) (schema.Table, error) {
	t := schema.Table{Name: l.name, Format: l.format, Columns: []schema.Column{}, Bytes: l.bytes, Files: l.files}
	if l.files == 0 {
		return unfit(t, empty(l.empty))
	}
	if l.fault != nil {
		return unfit(t, l.fault)
	}
	found, err := f.look(ctx, l)
	if err != nil {
		return unfit(t, err)
	}
	t.Columns = withPartitions(found.columns, l.partitions.columns())
	t.Rows = int64(found.rowsPerByte * float64(l.bytes))
	return t, nil
}

// unfit returns the table with err as its Problem, or err itself when it is not about the table's files.
func unfit(t schema.Table, err error) (schema.Table, error) {
	e, about := fault.As(err)
	f, named := errors.AsType[*fileFault](err)
	switch {
	case named:
		t.Problem, t.ProblemAt = f.message, f.key
	case about && (e.Code == fault.SourceChanged || e.Code == fault.SourcePermission || e.Code == fault.SourceMalformed): // rights, and what is not archived, may end at some directories
		t.Problem = e.Message
	default:
		return schema.Table{}, err
	}
	t.ProblemCode = string(e.Code)
	return t, nil
}

// content is what some files of a table told of all of them.
type content struct {
	columns     []schema.Column
	rowsPerByte float64
	csv         *dialect // nil when the files are no CSV
}

// look looks into some files of a table.
func (f *Files) look(ctx context.Context, l *listing) (content, error) {
	if l.format == formatParquet {
		return f.sampleParquet(ctx, l.sample(f.limits.footerFiles))
	}
	s, err := f.sampleText(ctx, l.format, l.sample(f.limits.sampleFiles))
	if err != nil {
		return content{}, err
	}
	return content{columns: s.schema(), rowsPerByte: float64(s.rows) / float64(max(s.bytes, 1)), csv: s.csv}, nil
}

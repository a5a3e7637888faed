package file

import (
	"context"
	"encoding/json"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

var _ source.Counter = (*Files)(nil)

// Count adds up what the footers of a plan's Parquet files say. They know of no
// filter but one of partitions, which leaves out whole files, and of no windows: it is
// by rows alone that a Tally counts. CSV and NDJSON keep no count.
func (f *Files) Count(ctx context.Context, req source.CountRequest) (source.Tally, error) {
	t := req.Plan.Table
	if t.Format != formatParquet {
		return source.Tally{}, fault.New(fault.SourceUnsupported, "a text file keeps no count of its rows")
	}
	inFiles := rowfilter.Only(req.Filter, func(column string) bool {
		c, _ := t.Column(column)
		return !c.Partition
	})
	if len(inFiles) > 0 {
		return source.Tally{}, fault.New(fault.SourceUnsupported, "a Parquet file keeps the count of all its rows, not of those that a filter leaves over")
	}
	objects, err := objectsOf(req.Plan)
	if err != nil {
		return source.Tally{}, err
	}
	rows := make([]int64, len(objects))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(f.limits.footers)
	for i, obj := range objects {
		g.Go(func() error {
			pf, err := f.openParquet(ctx, obj)
			if err == nil {
				rows[i] = pf.file.NumRows()
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return source.Tally{}, err
	}
	var tally source.Tally
	for _, n := range rows {
		tally.Rows += n
	}
	return tally, nil
}

// objectsOf are the files of a plan, each once, at the versions that it reads.
func objectsOf(p source.Plan) ([]Object, error) {
	var objects []Object
	seen := map[string]bool{}
	for _, split := range p.Splits {
		var d detail
		if err := json.Unmarshal(split.Detail, &d); err != nil {
			return nil, fault.Wrap(fault.WorkerInvalidCall, "the split is not one of files", err)
		}
		for _, part := range d.Parts {
			if !seen[part.Key] {
				seen[part.Key] = true
				objects = append(objects, part.object())
			}
		}
	}
	return objects, nil
}

package file

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// detail is a split's Detail: some parts of files, one after another.
type detail struct {
	Format string   `json:"format"`
	CSV    *dialect `json:"csv,omitempty"`
	Parts  []part   `json:"parts"`
}

// part is a file, or a part of one.
type part struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
	ETag string `json:"etag,omitempty"`
	// Version pins the object's version for the run.
	Version string `json:"version,omitempty"`
	// Start and End are the byte range of a plain text file, from the beginning
	// of a record to the beginning of another. End 0 is the whole file.
	Start int64 `json:"start,omitempty"`
	End   int64 `json:"end,omitempty"`
	// Header holds the columns of a CSV range, whose file's header may be far
	// away, and Encoding its encoding.
	Header   []string `json:"header,omitempty"`
	Encoding encoding `json:"encoding,omitempty"`
	// Frames hold the range of a seekable zstd file: Start and End count in its content.
	Frames *frameRange `json:"frames,omitempty"`
	// FirstGroup and Groups are the row groups of a Parquet file.
	FirstGroup int `json:"first_group,omitempty"`
	Groups     int `json:"groups,omitempty"`

	rows, bytes int64
}

func (p part) object() Object {
	return Object{Key: p.Key, Size: p.Size, ETag: p.ETag, Version: p.Version}
}

// wholeOf is the part that is all of an object.
func wholeOf(obj Object) part {
	return part{Key: obj.Key, Size: obj.Size, ETag: obj.ETag, Version: obj.Version, bytes: obj.Size}
}

// label names the part for people; Origins count in it.
func (p part) label() string {
	switch {
	case p.Start > 0:
		return fmt.Sprintf("%s from byte %d", p.Key, p.Start)
	case p.FirstGroup > 0:
		return fmt.Sprintf("%s from row group %d", p.Key, p.FirstGroup)
	}
	return p.Key
}

// Plan splits a table into parts of about TargetBytes. Small files share a
// split. A large one is cut at row groups (Parquet) or between records (plain
// text, and zstd in its seekable format); any other compressed file is one part. The table is described anew: an error
// says which file does not fit.
func (f *Files) Plan(ctx context.Context, req source.PlanRequest) (source.Plan, error) {
	var objects []Object
	l, err := f.listTable(ctx, req.Table.Name, func(obj Object) {
		if obj.Size > 0 {
			objects = append(objects, obj)
		}
	})
	if err != nil {
		return source.Plan{}, err
	}
	if l.format == "" {
		return source.Plan{}, fault.New(fault.SourceNotFound, "the table has no data files any more")
	}
	if l.fault != nil {
		return source.Plan{}, l.fault
	}
	target := req.TargetBytes
	if target <= 0 {
		target = f.limits.targetBytes
	}
	table := schema.Table{Name: l.name, Format: l.format, Bytes: l.bytes, Files: l.files, Columns: req.Table.Columns}
	if len(objects) == 0 {
		return source.Plan{Table: table}, nil
	}
	found, err := f.look(ctx, l)
	if err != nil {
		return source.Plan{}, err
	}
	table.Columns = withPartitions(found.columns, l.partitions.columns())
	table.Rows = int64(found.rowsPerByte * float64(l.bytes))
	filter, err := rowfilter.Compile(req.Filter, table.Columns)
	if err != nil {
		return source.Plan{}, err
	}
	objects = f.prune(objects, table, filter)
	parts, err := f.parts(ctx, table, objects, found.csv, filter, target)
	if err != nil {
		return source.Plan{}, err
	}
	return source.Plan{Table: table, Splits: group(detail{Format: l.format, CSV: found.csv}, parts, target, found.rowsPerByte)}, nil
}

// prune drops the files in whose partitions a filter holds for no row.
func (f *Files) prune(objects []Object, t schema.Table, filter *rowfilter.Predicate) []Object {
	return slices.DeleteFunc(objects, func(obj Object) bool {
		place, _ := f.layout.place(obj.Key)
		return !filter.MayHold(func(column string) rowfilter.Bounds { return partitionBounds(t, place.partitions, column) })
	})
}

// parts cuts every file, in the order of keys.
func (f *Files) parts(ctx context.Context, t schema.Table, objects []Object, csv *dialect, filter *rowfilter.Predicate, target int64) ([]part, error) {
	cut := make([][]part, len(objects))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(f.limits.parallel)
	if t.Format == formatParquet {
		g.SetLimit(f.limits.footers)
	}
	for i, obj := range objects {
		g.Go(func() (err error) {
			switch {
			case t.Format == formatParquet:
				cut[i], err = f.cutParquet(ctx, obj, t, filter, target)
			default:
				cut[i], err = f.cutText(ctx, t.Format, obj, csv, target)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(cut...), nil
}

// cutText cuts a large plain file between records, every target bytes or so.
func (f *Files) cutText(ctx context.Context, format string, obj Object, csv *dialect, target int64) ([]part, error) {
	whole := wholeOf(obj)
	if obj.Size < 2*target {
		return []part{whole}, nil
	}
	header, enc, codec, err := f.head(ctx, format, obj, csv)
	switch {
	case err != nil:
		return nil, err
	case codec == zstdCodec.name && enc == utf8Text:
		if parts, err := f.cutFrames(ctx, obj, csv, header, target); err != nil || parts != nil {
			return parts, err
		}
	}
	if codec != "" {
		return []part{whole}, nil
	}
	starts := make([]int64, obj.Size/target)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(f.limits.parallel)
	for i := range starts[1:] {
		g.Go(func() (err error) {
			starts[i+1], err = f.boundary(ctx, obj, csv, enc, int64(i+1)*target)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	parts := make([]part, len(starts))
	for i, start := range starts {
		end := obj.Size
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		parts[i] = whole
		parts[i].Start, parts[i].End, parts[i].bytes = start, end, end-start
		parts[i].Header, parts[i].Encoding = header, enc
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.Start >= p.End }), nil
}

// head reads the beginning of a text file: its codec, and a CSV's header and encoding.
func (f *Files) head(ctx context.Context, format string, obj Object, csv *dialect) (header []string, enc encoding, codec string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := openWhole(ctx, f.store, obj, format, f.given.encoding)
	if err != nil {
		return nil, utf8Text, "", err
	}
	defer func() { _ = in.Close() }() // what was read is good, whatever Close says
	if in.codec == gzipCodec.name || csv == nil {
		return nil, in.enc, in.codec, nil
	}
	header, _, err = readHeader(newText(in, 0, f.limits.bufferBytes), *csv, f.limits.recordBytes)
	return header, in.enc, in.codec, err
}

// group puts parts together into splits of about target bytes.
func group(all detail, parts []part, target int64, rowsPerByte float64) []source.Split {
	var splits []source.Split
	for len(parts) > 0 {
		n, bytes, rows := 0, int64(0), int64(0)
		for n < len(parts) && (n == 0 || bytes+parts[n].bytes <= target) && n < maxParts {
			bytes += parts[n].bytes
			rows += parts[n].rows
			n++
		}
		if rows == 0 {
			rows = int64(rowsPerByte * float64(bytes))
		}
		all.Parts = parts[:n]
		d, err := json.Marshal(all)
		if err != nil {
			panic("file: details always marshal: " + err.Error())
		}
		label := parts[0].label()
		if n > 1 {
			label = fmt.Sprintf("%s and %d more", label, n-1)
		}
		splits = append(splits, source.Split{Label: label, Detail: d, Rows: rows, Bytes: bytes})
		parts = parts[n:]
	}
	return splits
}

// maxParts bounds the size of a split's Detail.
const maxParts = 500

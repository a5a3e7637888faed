package dataset

import (
	"context"
	"fmt"
	"io"
)

// job is one file to write: rows [first, end) of a span.
type job struct {
	opts       Options
	table      table
	name       string
	span       span
	first, end int64
}

func plan(opts Options) []job {
	suffix := "." + string(opts.Format)
	if opts.Format != Parquet {
		suffix += map[Compression]string{Plain: "", Gzip: ".gz", Zstd: ".zst"}[opts.Compression]
	}
	var jobs []job
	for _, name := range opts.Tables {
		for _, t := range tables() {
			if t.name != name {
				continue
			}
			for _, s := range t.spans(opts) {
				directory := t.name
				if t.partition != "" {
					directory += "/" + t.partition + "=" + firstDay().AddDate(0, 0, s.day).Format("2006-01-02")
				}
				for n, part := range cut(s.first, s.end, opts.Files) {
					jobs = append(jobs, job{
						opts: opts, table: t, span: s, first: part[0], end: part[1],
						name: fmt.Sprintf("%s/part-%04d%s", directory, n, suffix),
					})
				}
			}
		}
	}
	return jobs
}

func (t *table) spans(opts Options) []span {
	if t.partition == "" {
		return []span{{first: 0, end: opts.Rows}}
	}
	spans := make([]span, opts.Days)
	for day, part := range cut(0, opts.Rows, opts.Days) {
		spans[day] = span{first: part[0], end: part[1], day: day}
	}
	return spans
}

// cut divides [first, end) into parts that differ by one at most.
func cut(first, end int64, parts int) [][2]int64 {
	out := make([][2]int64, parts)
	each, over := (end-first)/int64(parts), (end-first)%int64(parts)
	for n := range out {
		size := each
		if int64(n) < over {
			size++
		}
		out[n] = [2]int64{first, first + size}
		first += size
	}
	return out
}

// write makes the file and counts what is in it. When it fails, the file does not come to be.
func (j job) write(ctx context.Context, sink Sink) (File, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, err := sink.Create(ctx, j.name)
	if err != nil {
		return File{}, fmt.Errorf("creating file: %w", err)
	}
	f := File{Name: j.name, Counts: Counts{Mess: map[Mess]int64{}}}
	counted := &counter{below: out}
	if err := j.rows(ctx, counted, &f); err != nil {
		cancel()
		_ = out.Close() // abandons the file; err says why
		return File{}, err
	}
	if err := out.Close(); err != nil {
		return File{}, fmt.Errorf("closing file: %w", err)
	}
	f.Bytes = counted.bytes
	return f, nil
}

func (j job) rows(ctx context.Context, out io.Writer, f *File) error {
	enc, err := newEncoder(j.opts, &j.table, out)
	if err != nil {
		return err
	}
	w := newWorld(j.opts)
	wreck := j.wrecker(enc)
	r := &row{}
	for n := j.first; n < j.end; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		from, fate := w.original(&j.table, n, j.span.first)
		r.reset()
		made := j.table.fill(w, from, fate, j.span, r)
		if err := wreck(n, r, f); err != nil {
			return fmt.Errorf("writing broken line: %w", err)
		}
		if err := enc.Write(r); err != nil {
			return fmt.Errorf("writing row: %w", err)
		}
		j.tally(f, r, made, from != n)
	}
	if err := enc.Close(); err != nil {
		return fmt.Errorf("ending file: %w", err)
	}
	return nil
}

func (j job) tally(f *File, r *row, made Mess, duplicate bool) {
	identified, hasNull := j.table.identified(r)
	f.Rows++
	if identified {
		f.Good++
	} else {
		f.Bad++
		f.Mess[NullIdentifier]++
	}
	if identified && made == "" && f.Sample == "" {
		f.Sample = string(r.cells[j.table.identifiers[0]].text)
	}
	if made != "" {
		f.Mess[made]++
	}
	if hasNull {
		f.Mess[NullValue]++
	}
	if duplicate {
		f.Mess[Duplicate]++
	}
}

// wrecker returns what writes the broken line that comes before row n, if one does: they alternate between the kinds and
// are spaced evenly over the last tenth of the file.
func (j job) wrecker(enc encoder) func(n int64, r *row, f *File) error {
	lines, breakable := enc.(breaker)
	total := j.end - j.first
	if !breakable || j.opts.Clean || total < brokenFrom {
		return func(int64, *row, *File) error { return nil }
	}
	tail := total / 10
	count := 2 * max(total/brokenEvery, 1)
	done := int64(0)
	return func(n int64, r *row, f *File) error {
		if done == count || n != j.end-tail+done*tail/count {
			return nil
		}
		kind := lines.kinds()[done%2]
		done++
		f.Rows++
		f.Bad++
		f.Mess[kind]++
		return lines.Break(r, kind)
	}
}

// counter counts the bytes that the sink took.
type counter struct {
	below io.Writer
	bytes int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.below.Write(p)
	c.bytes += int64(n)
	return n, err
}

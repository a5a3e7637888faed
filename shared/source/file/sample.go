package file

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// sample is what was learned from the beginning of some text files of a table.
type sample struct {
	names   []string // in the order of their first appearance
	columns map[string]*inference
	rows    int64
	bytes   int64    // of the objects, so before decompression, for those rows
	csv     *dialect // of the first CSV file, which the others must share
}

func (s *sample) column(name string) *inference {
	c, known := s.columns[name]
	if !known {
		c = &inference{}
		s.columns[name] = c
		s.names = append(s.names, name)
	}
	return c
}

// sampleText reads the beginning of each file and infers the columns.
func (f *Files) sampleText(ctx context.Context, format string, objects []Object) (*sample, error) {
	s := &sample{columns: make(map[string]*inference)}
	for _, obj := range objects {
		if err := f.sampleFile(ctx, format, obj, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// sampleRows is how many rows of a sample are looked at together.
const sampleRows = 256

func (f *Files) sampleFile(ctx context.Context, format string, obj Object, s *sample) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := openWhole(ctx, f.store, obj, format, f.given.encoding)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // what was read is good, whatever Close says
	t := newText(in, 0, in.bufferFor(f.limits.bufferBytes))
	b := newBlock(0, min(f.limits.batchRows, sampleRows))
	var tok tokenizer
	var columns []*inference
	if format == formatCSV {
		tok, columns, err = f.sampleCSV(t, b, s)
	} else {
		tok = f.sampleNDJSON(b, s, &columns)
	}
	if err != nil {
		return err
	}
	var rows, rejects int64
	var reject source.Reject // the first one
	for t.offset() < int64(f.limits.sampleBytes) {
		err := t.tokens(tok, b)
		if err == io.EOF { //nolint:errorlint // a wrapped EOF is no end
			break
		}
		if err != nil {
			return err
		}
		if s.csv != nil {
			b.nullify(s.csv.Nulls)
		}
		for i, c := range columns {
			for _, field := range b.fields[i][:b.rows] {
				c.see(b.bytes(field), field, format == formatNDJSON)
			}
		}
		if rejects == 0 && len(b.rejects) > 0 {
			reject = b.rejects[0]
		}
		rows, rejects = rows+int64(b.rows), rejects+int64(len(b.rejects))
	}
	if rejects > rows { // some rows are always broken; most of them means another format
		return damaged(obj.Key, fmt.Sprintf("most of its lines cannot be read: line %d %s", reject.Origin, reject.Reason), nil)
	}
	s.rows += rows + rejects
	s.bytes += share(in.body.read, t.offset(), t.base+int64(t.n))
	return nil
}

// share scales the bytes that were fetched to the part of them that was looked at.
func share(fetched, looked, decoded int64) int64 {
	if decoded == 0 {
		return fetched
	}
	return int64(float64(fetched) * float64(looked) / float64(decoded))
}

func (f *Files) sampleCSV(t *text, b *block, s *sample) (tokenizer, []*inference, error) {
	if err := t.begin(); err != nil {
		return nil, nil, err
	}
	first := s.csv == nil
	if first {
		d := f.given.infer(t.buf[t.pos:t.n], t.last)
		s.csv = &d
	}
	names, line, err := readHeader(t, *s.csv, f.limits.recordBytes)
	if err != nil {
		return nil, nil, err
	}
	if first {
		for _, name := range names {
			s.column(name)
		}
	} else if err := sameHeader(t.in.key, *s.csv, names, s.names); err != nil {
		return nil, nil, err
	}
	slots := make([]int, len(names))
	columns := make([]*inference, len(names))
	for i, name := range names {
		slots[i], columns[i] = i, s.column(name)
		b.grow()
	}
	return newCSV(*s.csv, slots, f.limits.recordBytes, line), columns, nil
}

func (f *Files) sampleNDJSON(b *block, s *sample, columns *[]*inference) tokenizer {
	tok := newNDJSON(map[string]int{}, nil, f.limits.recordBytes, 1)
	tok.learn = func(name string) int {
		b.grow()
		*columns = append(*columns, s.column(name))
		return len(*columns) - 1
	}
	return tok
}

// sameHeader holds a file's columns against those of its table, in any order.
func sameHeader(key string, d dialect, names, want []string) error {
	if d.Headless && len(names) != len(want) {
		return conflicting(key, fmt.Sprintf("line 1 has %d fields, and those of the table's other files have %d", len(names), len(want)))
	}
	for _, name := range want {
		if !slices.Contains(names, name) {
			return conflicting(key, fmt.Sprintf("the header lacks the column %q of the table's other files", name))
		}
	}
	for _, name := range names {
		if !slices.Contains(want, name) {
			return conflicting(key, fmt.Sprintf("the header has the column %q, which the table's other files lack", name))
		}
	}
	return nil
}

func (s *sample) schema() []schema.Column {
	columns := make([]schema.Column, len(s.names))
	for i, name := range s.names {
		columns[i] = s.columns[name].column(name)
	}
	return columns
}

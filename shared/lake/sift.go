package lake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Hub says which identifiers of a run link so many others that they are nobody's: a shop's tablet, "unknown", a test
// account. First and Second are the columns of a link's two identifiers; those of their types are named where
// identifiers of different types are different.
type Hub struct {
	First, Second         string
	FirstType, SecondType string // "" is none
	Links                 int    // beyond so many distinct others in the run an identifier is a hub
}

// Sifted is a run without its hubs.
type Sifted struct {
	Parts [][]byte // what to commit instead, each as Files.Encoded
	Hubs  int      // identifiers that are hubs
	Rows  int64    // that were left out, and rejected
}

// Sift takes the rows that link a hub out of a run's files, before they are committed. reject hears each of these
// rows once, in an order that is the same each time. Files without such a row stay as they are, of the others the
// rest is written anew; what they were, and what a Sift leaves that was stopped, is for Maintain to remove. Called again
// with the same parts it finds the same.
//
// The columns of identifiers are read once or twice, and all columns of the files that have such rows once. Some
// links are in memory at once (Config.MergeRows of them); those of a larger run go through temporary files, 48 bytes
// each.
func (l *Lake) Sift(ctx context.Context, id TableID, runID string, hub Hub, parts iter.Seq2[[]byte, error], reject func(Row) error) (Sifted, error) {
	if hub.Links < 1 || runID == "" {
		return Sifted{}, errors.New("sifting needs a run id and a number of links")
	}
	ctx = l.with(ctx)
	tbl, err := l.load(ctx, id)
	if err != nil {
		return Sifted{}, err
	}
	for _, name := range hub.columns() {
		if _, ok := tbl.Schema().FindFieldByName(name); !ok {
			return Sifted{}, fault.Field(fault.LakeIncompatible, name, "the table has no column of this name")
		}
	}
	if tbl, err = withDataPath(tbl, tbl.Location()+"/data/"+runID); err != nil {
		return Sifted{}, fmt.Errorf("preparing data files: %w", err)
	}
	s := &sifting{Hub: hub, lake: l, table: tbl, reject: reject}
	if err := s.read(parts); err != nil {
		return Sifted{}, err
	}
	if err := s.find(ctx); err != nil {
		return Sifted{}, classify(fmt.Errorf("looking for hubs: %w", err))
	}
	for i := range s.parts {
		if err := s.sift(ctx, i); err != nil {
			return Sifted{}, classify(fmt.Errorf("leaving out hubs: %w", err))
		}
	}
	return Sifted{Parts: s.parts, Hubs: len(s.hubs), Rows: s.rows}, nil
}

func (h Hub) columns() []string { return once([]string{h.First, h.Second, h.FirstType, h.SecondType}) }

type sifting struct {
	Hub
	lake   *Lake
	table  *table.Table
	reject func(Row) error

	parts [][]byte
	files [][]iceberg.DataFile // by part
	hubs  map[node]bool
	rows  int64
}

// node is an identifier, as a part of a cryptographic hash: two never share it.
type node [16]byte

func (s *sifting) read(parts iter.Seq2[[]byte, error]) error {
	for encoded, err := range parts {
		if err != nil {
			return fmt.Errorf("reading the run's data files: %w", err)
		}
		files, err := appendDecoded(nil, encoded, s.table)
		if err != nil {
			return err
		}
		s.parts, s.files = append(s.parts, encoded), append(s.files, files)
	}
	return nil
}

// find fills in the hubs.
func (s *sifting) find(ctx context.Context) (err error) {
	var links int64
	for _, files := range s.files {
		for _, file := range files {
			links += file.Count()
		}
	}
	count := newLinkCount(s.Links, s.lake.mergeRows)
	if err := count.spread(2 * links); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, count.close()) }()
	for _, files := range s.files {
		for _, file := range files {
			if err := s.each(ctx, file, func(_ int64, a, b node) error { return count.add(a, b) }); err != nil {
				return err
			}
		}
	}
	s.hubs, err = count.hubs()
	return err
}

// each calls do with the two ends of every link of the file.
func (s *sifting) each(ctx context.Context, file iceberg.DataFile, do func(row int64, a, b node) error) error {
	first := int64(0)
	return readColumns(ctx, s.table, file, s.columns(), func(batch arrow.RecordBatch) error {
		a, err := nodes(batch, s.FirstType, s.First)
		if err != nil {
			return err
		}
		b, err := nodes(batch, s.SecondType, s.Second)
		if err != nil {
			return err
		}
		for row := range int(batch.NumRows()) {
			if err := do(first+int64(row), a(row), b(row)); err != nil {
				return err
			}
		}
		first += batch.NumRows()
		return nil
	})
}

// nodes returns the function from row number to the identifier in these columns.
func nodes(batch arrow.RecordBatch, kind, identifier string) (func(row int) node, error) {
	value, err := appenders(batch, once([]string{identifier, kind}))
	if err != nil {
		return nil, err
	}
	var bytes []byte
	return func(row int) node {
		if bytes = value(bytes[:0], row); kind == "" {
			bytes = append(bytes, isNull) // no type is as one that is null
		}
		sum := sha256.Sum256(bytes)
		return node(sum[:16])
	}, nil
}

// sift makes the part one without hubs.
func (s *sifting) sift(ctx context.Context, part int) error {
	if len(s.hubs) == 0 {
		return nil
	}
	var kept []iceberg.DataFile
	changed := false
	for _, file := range s.files[part] {
		linked := make(rowSet, (file.Count()+63)/64)
		err := s.each(ctx, file, func(row int64, a, b node) error {
			if s.hubs[a] || s.hubs[b] {
				linked.add(uint32(row))
			}
			return nil
		})
		if err != nil {
			return err
		}
		rest := []iceberg.DataFile{file}
		if n := linked.count(); n > 0 {
			changed, s.rows = true, s.rows+n
			if rest, err = s.without(ctx, file, linked); err != nil {
				return err
			}
		}
		kept = append(kept, rest...)
	}
	if !changed {
		return nil
	}
	files, err := encodeFiles(s.table, kept)
	s.parts[part] = files.Encoded
	return err
}

// without rejects the rows of the file and writes the others to another, if there are any.
func (s *sifting) without(ctx context.Context, file iceberg.DataFile, rows rowSet) ([]iceberg.DataFile, error) {
	out, err := openOutput(ctx, s.table, nil, s.lake.targetBytes)
	if err != nil {
		return nil, err
	}
	defer out.fail()
	first := uint32(0)
	err = readColumns(ctx, s.table, file, nil, func(batch arrow.RecordBatch) error {
		columns, err := layoutOf(s.table, batch.Schema())
		if err != nil {
			return err
		}
		out.schema = columns.file
		batch, err = columns.apply(batch)
		if err != nil {
			return err
		}
		defer batch.Release()
		if err := s.rejectRows(ctx, batch, rows, first); err != nil {
			return err
		}
		kept, err := pickRows(ctx, batch, first, func(row uint32) bool { return !rows.has(row) })
		if err != nil {
			return err
		}
		defer kept.Release()
		first += uint32(batch.NumRows())
		return out.write(file.Partition(), kept)
	})
	if err == nil {
		err = out.end()
	}
	return out.files, err
}

func (s *sifting) rejectRows(ctx context.Context, batch arrow.RecordBatch, rows rowSet, first uint32) error {
	linked, err := pickRows(ctx, batch, first, rows.has)
	if err != nil {
		return err
	}
	defer linked.Release()
	for _, row := range appendRows(nil, linked, s.table.Schema(), int(linked.NumRows())) {
		if err := s.reject(row); err != nil {
			return fmt.Errorf("rejecting a row: %w", err)
		}
	}
	return nil
}

package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"sort"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/schema"
)

// header is the first line of an index.
type header struct {
	DiscoveredAt time.Time `json:"discovered_at"`
	Tables       int       `json:"tables"`
	Pages        []string  `json:"pages"` // hashes
}

// Index is the index of a snapshot, in memory as it is stored: an entry is
// decoded when it is asked for.
type Index struct {
	objects Objects
	prefix  string
	header  header
	lines   []byte
}

// Open reads an index.
func Open(ctx context.Context, objects Objects, key string) (*Index, error) {
	body, err := objects.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("reading schema index: %w", err)
	}
	first, lines, _ := bytes.Cut(body, []byte("\n"))
	x := &Index{objects: objects, prefix: key[:strings.LastIndexByte(key, '/')+1], lines: lines}
	if err := json.Unmarshal(first, &x.header); err != nil {
		return nil, fmt.Errorf("decoding schema index: %w", err)
	}
	return x, nil
}

// DiscoveredAt is when the discovery was complete.
func (x *Index) DiscoveredAt() time.Time { return x.header.DiscoveredAt }

// Len is the number of tables.
func (x *Index) Len() int { return x.header.Tables }

// Find returns the entry of a table.
func (x *Index) Find(name string) (Entry, bool, error) {
	for e, err := range x.from(name) {
		return e, err == nil && e.Name == name, err
	}
	return Entry{}, false, nil
}

// After returns the entries of the tables whose names follow a name, which need
// not be there, in order; "" is before all. It ends with the first error.
func (x *Index) After(name string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range x.from(name) {
			if err == nil && e.Name == name {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// from returns the entries from a name on. It finds the first one by halving
// the bytes: the lines are in order.
func (x *Index) from(name string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		var broken error
		at := sort.Search(len(x.lines), func(i int) bool {
			var e struct{ Name string }
			if err := json.Unmarshal(x.line(x.start(i)), &e); err != nil {
				broken = fmt.Errorf("decoding schema index: %w", err)
			}
			return e.Name >= name
		})
		if broken != nil {
			yield(Entry{}, broken)
			return
		}
		for at = x.start(at); at < len(x.lines); {
			line := x.line(at)
			at += len(line) + 1
			var e Entry
			if err := json.Unmarshal(line, &e); err != nil {
				yield(Entry{}, fmt.Errorf("decoding schema index: %w", err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// start is where the line that has byte i begins; the end of the lines is one, too.
func (x *Index) start(i int) int {
	if i == len(x.lines) {
		return i
	}
	return bytes.LastIndexByte(x.lines[:i], '\n') + 1
}

func (x *Index) line(start int) []byte {
	line, _, _ := bytes.Cut(x.lines[start:], []byte("\n"))
	return line
}

// Table reads the whole of a table.
func (x *Index) Table(ctx context.Context, e Entry) (schema.Table, error) {
	if e.Page < 0 || e.Page >= len(x.header.Pages) {
		return schema.Table{}, fmt.Errorf("reading table: the index has no page %d", e.Page)
	}
	body, err := x.objects.GetRange(ctx, pageKey(x.prefix, x.header.Pages[e.Page]), e.Offset, e.Length)
	if err != nil {
		return schema.Table{}, fmt.Errorf("reading table: %w", err)
	}
	var t schema.Table
	if err := json.Unmarshal(body, &t); err != nil {
		return schema.Table{}, fmt.Errorf("decoding table: %w", err)
	}
	t.Rows, t.Bytes, t.Files = e.Rows, e.Bytes, e.Files
	return t, nil
}

// Tables reads the whole of some tables, in their order.
func (x *Index) Tables(ctx context.Context, entries []Entry) ([]schema.Table, error) {
	tables := make([]schema.Table, len(entries))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(reading)
	for i, e := range entries {
		group.Go(func() (err error) {
			tables[i], err = x.Table(within, e)
			return err
		})
	}
	return tables, group.Wait()
}

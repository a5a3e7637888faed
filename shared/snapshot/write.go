package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// part is the index of one page of a discovery.
type part struct {
	Pages  []string `json:"pages"` // hashes
	Tables []Entry  `json:"tables"`
}

// maxPage is from how many bytes on a page's object is complete: a driver may
// give many wide tables at once.
const maxPage = 8 << 20

// WritePage keeps one page of a discovery under the prefix, and its part under a
// key of its own. Written again it replaces the part.
func WritePage(ctx context.Context, objects Objects, prefix, partKey string, tables []schema.Table) error {
	var found part
	var body bytes.Buffer
	flush := func() error {
		if body.Len() == 0 {
			return nil
		}
		hash := schema.Hash(body.Bytes())
		if err := objects.Put(ctx, pageKey(prefix, hash), body.Bytes()); err != nil {
			return fmt.Errorf("storing page of tables: %w", err)
		}
		found.Pages = append(found.Pages, hash)
		body = bytes.Buffer{}
		return nil
	}
	for _, t := range tables {
		definition := t.Definition()
		entry := entryOf(t, definition)
		entry.Page, entry.Offset = len(found.Pages), int64(body.Len())
		found.Tables = append(found.Tables, entry)
		body.Write(definition)
		body.WriteByte('\n')
		if body.Len() >= maxPage {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	text, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("encoding index of page: %w", err)
	}
	if err := objects.Put(ctx, partKey, text); err != nil {
		return fmt.Errorf("storing index of page: %w", err)
	}
	return nil
}

// Assembled is a complete snapshot.
type Assembled struct {
	Key     string // of the index
	Version string // of the tables and columns: see schema.Version
}

// reading is how many objects are read at once.
const reading = 8

// Assemble makes the index of a discovery from its parts. A table that is in
// them twice is fault.SourceChanged: the source moved while it was listed.
func Assemble(ctx context.Context, objects Objects, prefix string, partKeys []string, at time.Time) (Assembled, error) {
	parts := make([]part, len(partKeys))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(reading)
	for i, key := range partKeys {
		group.Go(func() error {
			body, err := objects.Get(within, key)
			if err != nil {
				return fmt.Errorf("reading index of page: %w", err)
			}
			if err := json.Unmarshal(body, &parts[i]); err != nil {
				return fmt.Errorf("decoding index of page: %w", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Assembled{}, err
	}
	head := header{DiscoveredAt: at.UTC()}
	var entries []Entry
	for _, p := range parts {
		for _, e := range p.Tables {
			e.Page += len(head.Pages)
			entries = append(entries, e)
		}
		head.Pages = append(head.Pages, p.Pages...)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return writeIndex(ctx, objects, prefix, head, entries)
}

// writeIndex writes sorted entries.
func writeIndex(ctx context.Context, objects Objects, prefix string, head header, entries []Entry) (Assembled, error) {
	version := schema.NewVersion()
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	head.Tables = len(entries)
	if err := encoder.Encode(head); err != nil {
		return Assembled{}, fmt.Errorf("encoding index: %w", err)
	}
	for i, e := range entries {
		if i > 0 && entries[i-1].Name == e.Name {
			return Assembled{}, fault.New(fault.SourceChanged, "the source listed a table twice: it changed while it was listed")
		}
		version.Add(e.Name, e.Hash)
		if err := encoder.Encode(e); err != nil {
			return Assembled{}, fmt.Errorf("encoding index: %w", err)
		}
	}
	made := Assembled{Version: version.Sum()}
	made.Key = prefix + made.Version + ".jsonl"
	if err := objects.Put(ctx, made.Key, body.Bytes()); err != nil {
		return Assembled{}, fmt.Errorf("storing index: %w", err)
	}
	return made, nil
}

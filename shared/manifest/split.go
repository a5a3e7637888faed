package manifest

import (
	"slices"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// A manifest stays small however many splits a run has: beyond MaxSplits of them,
// neighbours are put together, whose numbers are summed and whose hash covers each.
const (
	MaxSplits = 1000
	maxLabel  = 200 // bytes
)

// Splits is one split of a run, or as many consecutive ones as there have to be together.
type Splits struct {
	First  int           `json:"first"`          // its number
	Last   int           `json:"last,omitempty"` // of several
	Label  string        `json:"label"`          // of the first, cut to 200 bytes
	Bytes  int64         `json:"bytes"`          // as planned, 0 is unknown
	Rows   int64         `json:"rows"`           // as planned, 0 is unknown
	Parts  int           `json:"parts"`
	Counts ingest.Counts `json:"counts"`
	Hash   string        `json:"sha256"` // over each split as planned, and each of its parts: where it ended, its files, its counts
}

// grouped describes the splits with the parts that they came in.
func grouped(splits []source.Split, parts []ingest.Part) []Splits {
	together := max(1, (len(splits)+MaxSplits-1)/MaxSplits)
	groups := make([]Splits, 0, min(len(splits), MaxSplits))
	for group := range slices.Chunk(splits, together) {
		g := Splits{First: len(groups) * together, Label: cut(group[0].Label)}
		if len(group) > 1 {
			g.Last = g.First + len(group) - 1
		}
		all := schema.NewVersion()
		for n, split := range group {
			g.Bytes, g.Rows = g.Bytes+split.Bytes, g.Rows+split.Rows
			all.Add("split", planned(split))
			for len(parts) > 0 && parts[0].Split <= g.First+n {
				g.Parts, g.Counts = g.Parts+1, g.Counts.Add(parts[0].Counts)
				all.Add("part", extracted(parts[0]))
				parts = parts[1:]
			}
		}
		g.Hash = all.Sum()
		groups = append(groups, g)
	}
	return groups
}

func sum(groups []Splits) ingest.Counts {
	var total ingest.Counts
	for _, g := range groups {
		total = total.Add(g.Counts)
	}
	return total
}

// planHash is over all splits as planned, in order: the same source cut in the same way.
func planHash(splits []source.Split) string {
	all := schema.NewVersion()
	for _, split := range splits {
		all.Add("split", planned(split))
	}
	return all.Sum()
}

func planned(s source.Split) string {
	return hashOf(struct {
		Label, Detail string
		Rows, Bytes   int64
	}{s.Label, schema.Hash(s.Detail), s.Rows, s.Bytes})
}

// extracted leaves out when the part was recorded: a store may round it.
func extracted(p ingest.Part) string {
	return hashOf(struct {
		Split, Number     int
		From, After       string
		Last              bool
		Files, Quarantine string
		Cursor            string
		Windows           []int64
		Counts            ingest.Counts
	}{p.Split, p.Number, p.From, p.After, p.Last, p.FilesKey, p.Quarantine, p.Cursor, p.Windows, p.Counts})
}

// cut shortens a label, between two characters.
func cut(label string) string {
	if len(label) <= maxLabel {
		return label
	}
	end := maxLabel
	for end > 0 && !utf8.RuneStart(label[end]) {
		end--
	}
	return label[:end]
}

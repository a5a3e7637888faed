package manifest

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// Chain is what Verify holds together.
type Chain struct {
	Import    ingest.Import          // whose ManifestHash is the hash to begin from
	Manifests iter.Seq2[Kept, error] // all objects below Prefix, in any order
	Runs      []ingest.Run           // of the import, in any order
	Snapshots []Snapshot             // of the import's table, in any order
}

// Kept is a manifest as it is kept.
type Kept struct {
	Key  string
	Body []byte
}

// link is a manifest without what only its own numbers are about.
type link struct {
	Manifest
	hash string
}

// Verify follows the chain from the import's hash to the first run, and holds
// the runs' records and the table's snapshots against it. What does not fit is in
// the report; an error is that the manifests could not be read.
func Verify(c Chain) (Report, error) {
	r := Report{WorkspaceID: c.Import.WorkspaceID, ImportID: c.Import.ID, Head: c.Import.ManifestHash, Links: []Link{}, Problems: []Problem{}, Remarks: []Problem{}}
	all, err := r.read(c)
	if err != nil {
		return r, err
	}
	chain := r.walk(c, all)
	r.checkRuns(c, chain)
	r.checkLake(c, chain)
	return r, nil
}

// read decodes every manifest and holds it against itself.
func (r *Report) read(c Chain) (map[string]link, error) {
	all := map[string]link{}
	for kept, err := range c.Manifests {
		if err != nil {
			return nil, err
		}
		m, err := Decode(kept.Body)
		if err != nil {
			r.add(Unreadable, "", "", "%s: %v", kept.Key, err)
			continue
		}
		if Key(ingest.Ref{WorkspaceID: m.WorkspaceID, ImportID: m.ImportID, RunID: m.RunID}) != kept.Key ||
			m.WorkspaceID != c.Import.WorkspaceID || m.ImportID != c.Import.ID {
			r.add(Misplaced, m.RunID, "", "%s holds the manifest of another run", kept.Key)
		}
		r.checkNumbers(m)
		m.Splits = nil // large, and done with
		one := link{Manifest: m, hash: Hash(kept.Body)}
		all[one.hash] = one
	}
	return all, nil
}

// walk returns the chain, oldest first. Where it is broken, it goes on from the newest manifest before the gap, so that
// what is behind it is looked at too; what is left then is in no chain.
func (r *Report) walk(c Chain, all map[string]link) []link {
	var chain []link
	followed := map[string]string{} // by what is named as previous: the run that names it
	for hash, by := c.Import.ManifestHash, ""; hash != ""; {
		next, ok := all[hash]
		if !ok {
			r.add(Missing, by, "", "%s names a manifest with SHA-256 %s, and there is none", namer(by), hash)
			if next, ok = newestBefore(all, by); !ok {
				break
			}
		}
		delete(all, next.hash)
		if by != "" && next.RunID >= by {
			r.add(Reordered, next.RunID, "", "the chain has it before %s, which was created earlier", by)
		}
		chain = append(chain, next)
		followed[next.Previous] = next.RunID
		hash, by = next.Previous, next.RunID
	}
	for _, left := range slices.SortedFunc(maps.Values(all), func(a, b link) int { return strings.Compare(a.RunID, b.RunID) }) {
		switch other, forked := followed[left.Previous]; {
		case c.unsettled(left.RunID), c.unattested(left.RunID):
		case forked:
			r.add(Forked, left.RunID, "", "it names the same manifest before it as %s, which is in the chain", other)
		default:
			r.add(Unlinked, left.RunID, "", "no manifest of the chain names it")
		}
	}
	slices.Reverse(chain)
	return chain
}

// unattested reports whether a run was ended by settle, which found its snapshot: it may have a manifest that nobody recorded.
func (c Chain) unattested(runID string) bool {
	return slices.ContainsFunc(c.Runs, func(r ingest.Run) bool { return r.ID == runID && lacksManifest(r) })
}

func lacksManifest(r ingest.Run) bool { return r.Status == ingest.Succeeded && r.ManifestHash == "" }

// unsettled reports whether a run may have a manifest, or a snapshot, that the chain does not have: its commit is under
// way, or it had nothing to commit and failed before it was settled.
func (c Chain) unsettled(runID string) bool {
	return runID == c.Import.OpenRunID || slices.ContainsFunc(c.Runs, func(r ingest.Run) bool {
		return r.ID == runID && r.Status == ingest.Failed
	})
}

func newestBefore(all map[string]link, runID string) (link, bool) {
	var newest link
	for _, one := range all {
		if (runID == "" || one.RunID < runID) && one.RunID > newest.RunID {
			newest = one
		}
	}
	return newest, newest.RunID != ""
}

func namer(runID string) string {
	if runID == "" {
		return "the import"
	}
	return runID
}

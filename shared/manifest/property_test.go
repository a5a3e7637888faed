package manifest_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/manifest"
)

// drawn is an import with some runs and some maintenance.
func drawn(t *rapid.T, tb testing.TB) *world {
	w := newWorld(rapid.SampledFrom([]ingest.Mode{ingest.Append, ingest.FullRefresh, ingest.Merge}).Draw(t, "mode"))
	for range rapid.IntRange(1, 6).Draw(t, "runs") {
		w.run(tb, rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 4).Draw(t, "rows")...)
		if w.snapshots[len(w.snapshots)-1].TotalRows > 0 && rapid.Bool().Draw(t, "upkeep") {
			w.upkeep()
		}
	}
	return w
}

func TestChainsOfAnyRunsVerify(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := drawn(r, t)
		w.snapshots = w.snapshots[rapid.IntRange(0, len(w.snapshots)-1).Draw(r, "expired"):]
		order := rapid.Permutation(w.kept).Draw(r, "order in the bucket")
		report, err := manifest.Verify(manifest.Chain{Import: w.imported, Manifests: each(order), Runs: w.runs, Snapshots: rapid.Permutation(w.snapshots).Draw(r, "order in the lake")})
		if err != nil || !report.OK() || len(report.Links) != len(w.runs) {
			r.Fatalf("%v, %+v", err, report)
		}
	})
}

func TestAnyChangedByteIsFound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := drawn(r, t)
		n := rapid.IntRange(0, len(w.kept)-1).Draw(r, "manifest")
		at := rapid.IntRange(0, len(w.kept[n].Body)-1).Draw(r, "byte")
		w.kept[n].Body = slices.Clone(w.kept[n].Body)
		w.kept[n].Body[at] ^= rapid.ByteRange(1, 255).Draw(r, "by")
		if report := w.verify(t); report.OK() {
			r.Fatalf("byte %d of %s was changed and nothing found", at, w.kept[n].Key)
		}
	})
}

func TestAnyMissingMovedOrAddedManifestIsFound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := drawn(r, t)
		n := rapid.IntRange(0, len(w.kept)-1).Draw(r, "manifest")
		switch rapid.SampledFrom([]string{"missing", "moved", "forked", "cut off", "swapped"}).Draw(r, "how") {
		case "missing":
			w.kept = slices.Delete(w.kept, n, n+1)
		case "moved":
			w.kept[n].Key += "~"
		case "forked":
			w.kept = append(w.kept, w.kept[n])
			w.rewrite(t, len(w.kept)-1, func(m *manifest.Manifest) { m.RunID = "run_999" })
		case "cut off": // with everything that says so, but the runs' records and the lake
			if n == 0 {
				r.Skip("nothing is before it")
			}
			w.imported.ManifestHash = w.runs[n-1].ManifestHash
			w.kept = w.kept[:n]
		case "swapped":
			other := rapid.IntRange(0, len(w.kept)-1).Filter(func(o int) bool { return o != n || len(w.kept) == 1 }).Draw(r, "with")
			if other == n {
				r.Skip("there is one only")
			}
			w.kept[n].Body, w.kept[other].Body = w.kept[other].Body, w.kept[n].Body
		}
		if report := w.verify(t); report.OK() {
			r.Fatal("nothing was found")
		}
	})
}

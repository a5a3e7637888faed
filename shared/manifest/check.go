package manifest

import (
	"github.com/headwaterhq/headwater/shared/ingest"
)

// checkNumbers holds a manifest against itself.
func (r *Report) checkNumbers(m Manifest) {
	wrong := func(format string, values ...any) { r.add(Inconsistent, m.RunID, "", format, values...) }
	counts := m.Counts
	if sum(m.Splits) != counts {
		wrong("the counts of its splits do not add up to its own")
	}
	if counts.RowsRead != counts.RowsWritten+counts.RowsQuarantined+counts.RowsFiltered {
		wrong("%d rows were read; %d landed, %d are in quarantine, %d were filtered",
			counts.RowsRead, counts.RowsWritten, counts.RowsQuarantined, counts.RowsFiltered)
	}
	if p := m.Proved; p != nil && p.Verdict != ingest.Unverifiable {
		switch {
		case p.RowsRead != counts.RowsRead:
			wrong("its proof is of %d rows read, its counts are of %d", p.RowsRead, counts.RowsRead)
		case m.Released != nil: // somebody decided that it is well
		case p.Verdict == ingest.Incomplete || p.SourceRows != p.RowsRead:
			r.add(Incomplete, m.RunID, "", "the source counted %d rows, %d were read", p.SourceRows, p.RowsRead)
		}
	}
	switch {
	case m.After == nil && counts.RowsWritten > 0:
		wrong("%d rows landed, and it names no snapshot that has them", counts.RowsWritten)
	case m.After != nil:
		m.checkSnapshot(wrong)
	}
}

// checkSnapshot holds the run's snapshot, as the manifest has it, against the run.
func (m Manifest) checkSnapshot(wrong func(format string, values ...any)) {
	landed, before := m.Counts.RowsWritten, int64(0)
	if m.After.RunID != m.RunID {
		wrong("its snapshot is of another run")
	}
	if m.Before != nil {
		before = m.Before.TotalRows
	}
	if parent := m.After.Parent; parent != "" && (m.Before == nil || parent != m.Before.ID) {
		wrong("its snapshot follows %s, and not the one that it names as the table's before it", parent)
	}
	switch added := m.After.AddedRows; {
	case m.keepsEvery() && added != landed:
		wrong("%d rows landed, its snapshot adds %d", landed, added)
	case added > landed:
		wrong("%d rows landed, its snapshot adds more: %d", landed, added)
	}
	switch total, added := m.After.TotalRows, m.After.AddedRows; {
	case m.Definition.Mode == ingest.FullRefresh && total != added:
		wrong("its snapshot replaces the table by %d rows, and has %d", added, total)
	case m.Definition.Mode != ingest.FullRefresh && total > before+added:
		wrong("its snapshot adds %d rows to %d, and has %d", added, before, total)
	}
	if m.Proved != nil && m.Proved.Verdict != ingest.Unverifiable && m.Proved.LakeRows != m.After.AddedRows {
		wrong("its proof is of %d rows in the lake, its snapshot adds %d", m.Proved.LakeRows, m.After.AddedRows)
	}
}

// keepsEvery reports whether every row that a run lands is in its snapshot: of a merge only the last of each key need be,
// and of an older range only what the table has no newer row of.
func (m Manifest) keepsEvery() bool {
	older := m.Run.Trigger == ingest.Backfill || m.Run.Trigger == ingest.Replay
	return m.Definition.Mode == ingest.FullRefresh || m.Definition.Mode == ingest.Append && !older
}

// checkRuns holds the runs' records against the chain.
func (r *Report) checkRuns(c Chain, chain []link) {
	of := map[string]link{}
	for _, one := range chain {
		of[one.RunID] = one
	}
	for _, run := range c.Runs {
		one, ok := of[run.ID]
		switch {
		case !ok && c.unsettled(run.ID):
		case !ok && lacksManifest(run):
			r.Remarks = append(r.Remarks, Problem{
				Kind: Unattested, RunID: run.ID, SnapshotID: run.SnapshotID, Message: "it succeeded, and no manifest of it was recorded: its commit died before that",
			})
		case !ok && run.Status == ingest.Succeeded:
			r.add(Unrecorded, run.ID, run.SnapshotID, "it succeeded, and its manifest is not in the chain")
		case !ok:
		case run.Status != ingest.Succeeded:
			r.add(Unrecorded, run.ID, "", "its manifest is in the chain, and its record says %s", run.Status)
		case run.ManifestHash != one.hash:
			r.add(Unrecorded, run.ID, "", "its record names a manifest with SHA-256 %q", run.ManifestHash)
		case run.Counts.RowsRead != one.Counts.RowsRead:
			r.add(Unrecorded, run.ID, "", "its record says that %d rows were read, its manifest %d", run.Counts.RowsRead, one.Counts.RowsRead)
		}
	}
}

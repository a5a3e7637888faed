package transfer

import "github.com/headwaterhq/headwater/shared/ingest"

// prove holds what was read against the source's own count; nil when the import
// asks for no proof, or there is nothing to count it against. That it is complete holds
// once the lake has been compared too: until then, see pending.
//
// A source counts what was planned, and not what it has by now, or it does not
// count: so any difference is one.
func prove(r *extracted) *ingest.Proved {
	if r.plan.Import.Proof == ingest.ProofOff || r.run.Replays != "" {
		return nil
	}
	p := &ingest.Proved{Verdict: ingest.Complete, RowsRead: r.run.Counts.RowsRead}
	tally := r.plan.Tally
	if tally == nil {
		p.Verdict, p.Why = ingest.Unverifiable, r.plan.Uncounted
		return p
	}
	p.SourceRows, p.Column, p.Windows = tally.Rows, tally.Column, windows(r)
	whole := p.SourceRows == p.RowsRead
	for _, w := range p.Windows {
		// Rows that the reader itself refused are in no window: only their number is known.
		whole = whole && w.Read <= w.Source
	}
	if !whole {
		p.Verdict = ingest.Incomplete
	}
	return p
}

// pending is the proof of a run that is not in the lake, or whose snapshot nobody has looked at: nothing of it is complete.
func pending(p *ingest.Proved) *ingest.Proved {
	if p != nil && p.Verdict == ingest.Complete {
		p.Verdict, p.Why = ingest.Unverifiable, "what was read is what the source counted; what landed has not been compared with it"
	}
	return p
}

// windows sets what was read beside what the source counted; nil when it did not count by windows.
func windows(r *extracted) []ingest.Window {
	tally := r.plan.Tally
	if tally.Column == "" {
		return nil
	}
	made := make([]ingest.Window, len(tally.Counts))
	for n := range made {
		made[n].Source = tally.Counts[n]
		if n > 0 && n <= len(tally.Bounds) {
			made[n].From = tally.Bounds[n-1]
		}
		if n < len(tally.Bounds) {
			made[n].To = tally.Bounds[n]
		}
	}
	for _, p := range r.parts {
		for n, rows := range p.Windows {
			if n < len(made) {
				made[n].Read += rows
			}
		}
	}
	return made
}

package ingest

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Names of the guards, as Finding has them.
const (
	volumeGuard  = "volume"
	deletesGuard = "deletes"
	missingGuard = "missing_identifiers"
	hubsGuard    = "hubs"
)

// How the last runs are looked at. Fewer say nothing about the spread of those to
// come, and older ones nothing about the source as it is now.
const (
	fewestRuns = 5
	lastRuns   = 30
	// fewestRows is how many rows a share is made of before a default limit counts: one deletion of two is a share of a half.
	fewestRows = 100
)

// History is how many runs, newest first, Judge makes use of at most.
const History = 2 * lastRuns

// Admit fails with fault.RunRejects when more rows are in quarantine than the
// import allows. Counts are those of the whole run; of a part of it only the number of rows can be told.
func (i Import) Admit(c Counts) error {
	if most := i.Guards.MaximumRejectedRows; most != nil && c.RowsQuarantined > *most {
		return fault.New(fault.RunRejects, fmt.Sprintf("%d rows were rejected, and the import allows %d", c.RowsQuarantined, *most))
	}
	share, most := ratio(c.RowsQuarantined, c.RowsRead), DefaultRejectedShare
	switch limit := i.Guards.MaximumRejectedShare; {
	case limit != nil:
		most = *limit
	case c.RowsRead < fewestRows: // a bad row of a quiet source must not keep its import from going on
		return nil
	}
	if share > most {
		return fault.New(fault.RunRejects, fmt.Sprintf("%d of %d rows were rejected, %s, and the import allows %s",
			c.RowsQuarantined, c.RowsRead, percent(share), percent(most)))
	}
	return nil
}

// Judge returns the guards of the import that a run is beyond, before its commit.
// History is the import's runs, newest first; of them those that succeeded count, read what this one reads (all, or what has
// changed), and were started by hand or by the schedule. HubShare is the share of links that were left out as those of hubs.
//
// A replay's rows are few and known to be odd, so it is not judged; neither is a backfill's volume, of which nothing is typical.
func (i Import) Judge(r Run, history []Run, hubShare float64) []Finding {
	if r.Trigger == Replay {
		return nil
	}
	var findings []Finding
	add := func(f Finding, beyond bool) {
		if beyond {
			findings = append(findings, f)
		}
	}
	before := comparable(r, history)
	if r.Trigger != Backfill {
		add(i.Guards.Volume.volume(r.Counts.RowsRead, before))
	}
	if i.Deleted != "" && (r.From != "" || len(before) > 0) { // a first run has nothing to delete
		add(i.Guards.Deletes.share(deletesGuard, DefaultDeletedShare, r.Counts.RowsFlagged, r.Counts.RowsWritten,
			"%s of the rows written delete what the lake has (%d of %d)"))
	}
	add(i.Guards.MissingIdentifiers.share(missingGuard, DefaultNamelessShare, r.Counts.RowsNameless, r.Counts.RowsRead,
		"%s of the rows read have no identifier (%d of %d)"))
	hubs := i.Guards.Hubs
	most := hubs.limit(DefaultHubShare)
	add(hubs.finding(hubsGuard, most, hubShare, percent(hubShare)+" of the links are of identifiers that link too many others"),
		hubShare > most && hubs.counts(r.Counts.RowsRead))
	return findings
}

// comparable returns the runs whose volume tells what to expect of r.
func comparable(r Run, history []Run) []Run {
	var runs []Run
	for _, h := range history {
		regular := h.Trigger != Backfill && h.Trigger != Replay
		if h.ID != r.ID && h.Status == Succeeded && regular && (h.From == "") == (r.From == "") && len(runs) < lastRuns {
			runs = append(runs, h)
		}
	}
	return runs
}

// volume compares the rows read with the median of the last runs, in spreads: the
// median distance from that median, as a standard deviation of a normal
// distribution, and never so small that a source that hardly varies is held for a trifle.
func (g Guard) volume(rows int64, before []Run) (Finding, bool) {
	if len(before) < fewestRuns {
		return Finding{}, false
	}
	read := make([]float64, len(before))
	for n, r := range before {
		read[n] = float64(r.Counts.RowsRead)
	}
	middle := median(read)
	for n := range read {
		read[n] = math.Abs(read[n] - middle)
	}
	const deviation, least, leastShare = 1.4826, 10, 0.05
	spread := max(deviation*median(read), leastShare*middle, math.Sqrt(middle), least)
	distance, most := math.Abs(float64(rows)-middle)/spread, g.limit(DefaultVolumeSpreads)
	message := fmt.Sprintf("%d rows were read, and %.0f by the last %d runs on the median", rows, middle, len(before))
	return g.finding(volumeGuard, most, distance, message), distance > most
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// share compares a part of rows with the guard's limit.
func (g Guard) share(name string, otherwise float64, part, of int64, message string) (Finding, bool) {
	share, most := ratio(part, of), g.limit(otherwise)
	return g.finding(name, most, share, fmt.Sprintf(message, percent(share), part, of)), share > most && g.counts(of)
}

// counts reports whether a share of so many rows says anything: one of few does only against a limit of one's own.
func (g Guard) counts(rows int64) bool { return g.Limit != nil || rows >= fewestRows }

func (g Guard) limit(otherwise float64) float64 {
	if g.Limit != nil {
		return *g.Limit
	}
	return otherwise
}

func (g Guard) finding(name string, limit, observed float64, message string) Finding {
	return Finding{Guard: name, Limit: limit, Observed: observed, Action: cmp.Or(g.Action, Hold), Message: message}
}

func ratio(part, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

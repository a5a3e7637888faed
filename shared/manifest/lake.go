package manifest

import "slices"

// replace is the operation of a snapshot that writes the same rows anew.
const replace = "replace"

// checkLake holds the table's snapshots against the chain, and fills in the report's links.
func (r *Report) checkLake(c Chain, chain []link) {
	line := r.line(c.Snapshots)
	there := map[string]Snapshot{}
	for _, s := range line {
		there[s.ID] = s
	}
	recorded := map[string]bool{}
	for _, one := range chain {
		recorded[one.RunID] = true
		r.Links = append(r.Links, r.link(one, line, there))
	}
	for n, s := range line {
		switch {
		case s.RunID == "" && n > 0:
			r.checkMaintenance(line[n-1], s)
		case s.RunID != "" && !recorded[s.RunID] && !c.unsettled(s.RunID) && !c.unattested(s.RunID) && began(chain, s):
			r.add(Unrecorded, s.RunID, s.ID, "the table has a snapshot of it, and the chain no manifest")
		}
	}
}

// began reports whether the chain had begun when a snapshot was made.
func began(chain []link, s Snapshot) bool {
	for _, one := range chain {
		if one.After != nil {
			return s.At.After(one.After.At)
		}
	}
	return false
}

// line is the table's snapshots, the oldest first. Each follows the one before it.
func (r *Report) line(snapshots []Snapshot) []Snapshot {
	of, followed := map[string]Snapshot{}, map[string]bool{}
	for _, s := range snapshots {
		of[s.ID] = s
		followed[s.Parent] = true
	}
	var newest Snapshot
	for _, s := range snapshots {
		if !followed[s.ID] && (newest.ID == "" || s.At.After(newest.At)) {
			newest = s
		}
	}
	var line []Snapshot
	for s, ok := newest, newest.ID != ""; ok; s, ok = of[s.Parent] {
		delete(of, s.ID)
		line = append(line, s)
	}
	for _, s := range snapshots {
		if _, beside := of[s.ID]; beside {
			r.add(Diverged, s.RunID, s.ID, "the table's newest snapshot, %s, does not follow it", newest.ID)
		}
	}
	slices.Reverse(line)
	return line
}

// link describes a run of the chain, and looks for its snapshot.
func (r *Report) link(one link, line []Snapshot, there map[string]Snapshot) Link {
	l := Link{
		RunID: one.RunID, Hash: one.hash, Mode: one.Definition.Mode, CreatedAt: one.Run.CreatedAt,
		Read: one.Counts.RowsRead, Landed: one.Counts.RowsWritten, Quarantined: one.Counts.RowsQuarantined, Lake: Nothing,
	}
	if one.Proved != nil {
		l.Proof = one.Proved.Verdict
	}
	if one.After == nil {
		return l
	}
	want := *one.After
	l.SnapshotID, l.Lake = want.ID, Present
	found, ok := there[want.ID]
	switch {
	case ok:
		r.compare(one, want, found)
	case len(line) > 0 && want.At.Before(line[0].At):
		l.Lake = Expired
	default:
		l.Lake = Gone
		r.add(SnapshotGone, one.RunID, want.ID, "the lake does not have its snapshot, which is too new to have expired")
	}
	return l
}

// compare holds a snapshot against what its run's manifest says of it.
func (r *Report) compare(one link, want, found Snapshot) {
	differ := func(what string, inManifest, inLake any) {
		r.add(Differing, one.RunID, want.ID, "%s: %v in the manifest, %v in the lake", what, inManifest, inLake)
	}
	if found.RunID != want.RunID {
		differ("the run", want.RunID, found.RunID)
	}
	if found.Parent != want.Parent {
		differ("the snapshot before it", want.Parent, found.Parent)
	}
	if !moment(found.At).Equal(want.At) {
		differ("the moment", want.At, found.At)
	}
	if found.Operation != want.Operation {
		differ("the operation", want.Operation, found.Operation)
	}
	if found.AddedRows != want.AddedRows {
		differ("rows added", want.AddedRows, found.AddedRows)
	}
	if found.TotalRows != want.TotalRows {
		differ("rows in all", want.TotalRows, found.TotalRows)
	}
}

// checkMaintenance holds a snapshot without a run against what maintenance does: it
// writes rows anew, fewer when deletes are folded in, or drops delete files.
func (r *Report) checkMaintenance(before, s Snapshot) {
	switch {
	case s.Operation == replace && s.TotalRows > before.TotalRows:
		r.add(Foreign, "", s.ID, "it rewrites %d rows into %d, and no run made it", before.TotalRows, s.TotalRows)
	case s.Operation != replace && (s.AddedRows != 0 || s.TotalRows != before.TotalRows):
		r.add(Foreign, "", s.ID, "it adds %d rows to %d, which makes %d, and no run made it", s.AddedRows, before.TotalRows, s.TotalRows)
	}
}

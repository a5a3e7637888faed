package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/headwaterhq/headwater/shared/manifest"
)

// tables writes the reports as tables, and under each what does not fit, or is to be said.
func tables(out io.Writer, reports []manifest.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for n, r := range reports {
		if n > 0 {
			_, _ = fmt.Fprintln(w)
		}
		_, _ = fmt.Fprintf(w, "import %s of workspace %s\n", r.ImportID, r.WorkspaceID)
		if len(r.Links) > 0 {
			_, _ = fmt.Fprintln(w, "run\tcreated\tmode\tread\tlanded\tquarantined\tproof\tsnapshot\tin the lake\tsha256")
		}
		for _, l := range r.Links {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%.12s\n", l.RunID, l.CreatedAt.Format("2006-01-02 15:04:05"), l.Mode,
				l.Read, l.Landed, l.Quarantined, or(string(l.Proof)), or(l.SnapshotID), l.Lake, l.Hash)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for _, p := range r.Problems {
			_, _ = fmt.Fprintf(w, "MISMATCH\t%s\t%s\t%s\n", p.Kind, or(place(p)), p.Message)
		}
		for _, p := range r.Remarks {
			_, _ = fmt.Fprintf(w, "REMARK\t%s\t%s\t%s\n", p.Kind, or(place(p)), p.Message)
		}
		if r.OK() {
			_, _ = fmt.Fprintf(w, "%d manifests verified: the chain is whole, and the lake is what it says\n", len(r.Links))
		}
	}
	return w.Flush()
}

// place is where a problem is.
func place(p manifest.Problem) string {
	switch {
	case p.SnapshotID == "":
		return p.RunID
	case p.RunID == "":
		return "snapshot " + p.SnapshotID
	}
	return p.RunID + ", snapshot " + p.SnapshotID
}

func or(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

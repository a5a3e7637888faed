package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// completenessGuard is the name of the finding of a proof that failed.
const completenessGuard = "completeness"

// guard holds a run against its import's thresholds, guards and proof, and returns
// it with what was found: held, or to be committed. What stops it is written
// before it is acted on, so that whoever settles the run finds it there. A
// run that was released was looked at by somebody: only the thresholds still count.
func (c *Committer) guard(ctx context.Context, r *extracted) (ingest.Run, error) {
	i, run := r.plan.Import, r.run
	if run.Replays == "" { // what was rejected once may well be again
		if err := i.Admit(r.rejected()); err != nil {
			return run, err
		}
	}
	run.Proved = pending(prove(r))
	if run.Released != nil {
		return run, nil
	}
	history, err := c.Store.Runs(ctx, run.WorkspaceID, run.ImportID, "", ingest.History)
	if err != nil {
		return run, err
	}
	run.Findings = i.Judge(run, history, r.hubShare())
	if run.Proved != nil && run.Proved.Verdict == ingest.Incomplete {
		run.Findings = append(run.Findings, incomplete(run.Proved))
	}
	switch failing := first(run.Findings, ingest.Fail); {
	case failing != nil:
		if err := c.move(ctx, r, run); err != nil {
			return run, err
		}
		return run, fault.New(fault.RunGuard, failing.Message)
	case first(run.Findings, ingest.Hold) != nil:
		run.Status, run.Deadline = ingest.Held, c.Now().UTC().Add(patience(i.Guards))
		return run, c.move(ctx, r, run)
	}
	return run, nil
}

// first returns the first finding with this action, nil when there is none.
func first(findings []ingest.Finding, a ingest.Action) *ingest.Finding {
	for n := range findings {
		if findings[n].Action == a {
			return &findings[n]
		}
	}
	return nil
}

// rejected is what the splits counted: the hub guard has a limit of its own.
func (r *extracted) rejected() ingest.Counts {
	var counts ingest.Counts
	for _, p := range r.parts {
		if p.Split < len(r.plan.Splits) {
			counts = counts.Add(p.Counts)
		}
	}
	return counts
}

// patience is how long a held run waits for a person.
func patience(g ingest.Guards) time.Duration {
	hours := g.HoldHours
	if hours == 0 {
		hours = ingest.DefaultHoldHours
	}
	return time.Duration(hours) * time.Hour
}

func incomplete(p *ingest.Proved) ingest.Finding {
	message := fmt.Sprintf("the source counted %d rows, and %d were read", p.SourceRows, p.RowsRead)
	if p.SourceRows == p.RowsRead {
		message = "as many rows were read as the source counted, but not the same: they differ by windows of the cursor"
	}
	return ingest.Finding{
		Guard: completenessGuard, Observed: float64(p.SourceRows - p.RowsRead), Action: ingest.Hold, Message: message,
	}
}

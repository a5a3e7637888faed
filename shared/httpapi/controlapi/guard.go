package controlapi

import "github.com/headwaterhq/headwater/shared/ingest"

func guards(g Guards) ingest.Guards {
	return ingest.Guards{
		MaximumRejectedRows: g.MaximumRejectedRows, MaximumRejectedShare: g.MaximumRejectedShare,
		Volume: ingest.Guard{Limit: g.Volume.Limit, Action: ingest.Action(g.Volume.Action)}, Deletes: guard(g.Deletes),
		MissingIdentifiers: guard(g.MissingIdentifiers), Hubs: guard(g.Hubs),
		HubLinks: int(g.HubLinks), HoldHours: int(g.HoldHours), OnExpiry: ingest.OnExpiry(g.OnExpiry),
	}
}

func guard(g ShareGuard) ingest.Guard {
	return ingest.Guard{Limit: g.Limit, Action: ingest.Action(g.Action)}
}

func wireGuards(g ingest.Guards) Guards {
	return Guards{
		MaximumRejectedRows: g.MaximumRejectedRows, MaximumRejectedShare: g.MaximumRejectedShare,
		Volume: VolumeGuard{Limit: g.Volume.Limit, Action: GuardAction(g.Volume.Action)}, Deletes: wireGuard(g.Deletes),
		MissingIdentifiers: wireGuard(g.MissingIdentifiers), Hubs: wireGuard(g.Hubs),
		HubLinks: int32(g.HubLinks), HoldHours: int32(g.HoldHours), OnExpiry: GuardsOnExpiry(g.OnExpiry),
	}
}

func wireGuard(g ingest.Guard) ShareGuard {
	return ShareGuard{Limit: g.Limit, Action: GuardAction(g.Action)}
}

func wireFinding(f ingest.Finding) Finding {
	return Finding{
		Guard: FindingGuard(f.Guard), Limit: f.Limit, Observed: f.Observed, Action: GuardAction(f.Action), Message: f.Message,
	}
}

func wireProved(p *ingest.Proved) Proved {
	if p == nil {
		return Proved{}
	}
	w := Proved{
		Verdict: ProvedVerdict(p.Verdict), Why: p.Why, SourceRows: p.SourceRows, RowsRead: p.RowsRead, LakeRows: p.LakeRows, Column: p.Column,
	}
	for _, window := range p.Windows {
		w.Windows = append(w.Windows, ProofWindow{From: window.From, To: window.To, Source: window.Source, Read: window.Read})
	}
	return w
}

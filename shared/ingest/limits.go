package ingest

import (
	"fmt"
	"math"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Limits of what guards are set to; how long a run is held at most is a part of CommitsWithin.
const (
	maxHubLinks  = 1_000_000
	maxHoldHours = 14 * 24
	maxSpreads   = 1000
)

// validate reports every setting that is none, by its place in field.
func (g Guards) validate(field string, t Type, problems *fault.List) {
	add := func(name, message string) { problems.Add(fault.ImportGuards, field+"."+name, message) }
	if most := g.MaximumRejectedRows; most != nil && *most < 0 {
		add("maximum_rejected_rows", "must not be negative")
	}
	if most := g.MaximumRejectedShare; most != nil && !within(*most, 1) {
		add("maximum_rejected_share", "must be from 0 to 1")
	}
	for _, guard := range []struct {
		name    string
		guard   Guard
		largest float64
	}{
		{volumeGuard, g.Volume, maxSpreads},
		{deletesGuard, g.Deletes, 1},
		{missingGuard, g.MissingIdentifiers, 1},
		{hubsGuard, g.Hubs, 1},
	} {
		if limit := guard.guard.Limit; limit != nil && !within(*limit, guard.largest) {
			add(guard.name+".limit", fmt.Sprintf("must be from 0 to %v", guard.largest))
		}
		if !slices.Contains([]Action{"", Hold, Fail, Ignore}, guard.guard.Action) {
			add(guard.name+".action", "must be one of: hold, fail, ignore")
		}
	}
	if g.HubLinks < 0 || g.HubLinks > maxHubLinks {
		add("hub_links", fmt.Sprintf("must be from 1 to %d", maxHubLinks))
	}
	if t != IdentityGraph && (g.HubLinks != 0 || g.Hubs != (Guard{})) {
		add("hubs", "goes with the type identity_graph")
	}
	if g.HoldHours < 0 || g.HoldHours > maxHoldHours {
		add("hold_hours", fmt.Sprintf("must be from 1 to %d", maxHoldHours))
	}
	if !slices.Contains([]OnExpiry{"", Discard, Release}, g.OnExpiry) {
		add("on_expiry", "must be one of: discard, release")
	}
}

func within(v, largest float64) bool { return !math.IsNaN(v) && v >= 0 && v <= largest }

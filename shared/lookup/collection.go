package lookup

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// collection is what answers say of a person, in memory that is bounded whatever the number of answers.
type collection struct {
	claims                       map[string]Claim // by trait
	profiles, groups, activities []Found
	truncated                    bool
}

// take takes answers up, and drops them: newer imports' before older ones', and nearer identities' before farther ones'.
func (c *collection) take(answers []*question) {
	for _, a := range answers {
		c.truncated = c.truncated || a.more
		switch a.of.Type {
		case ingest.UserProfile:
			c.merge(a)
			c.keep(&c.profiles, a)
		case ingest.GroupIdentity:
			c.keep(&c.groups, a)
		case ingest.UserActivity:
			c.newest(a)
		}
		a.rows = nil
	}
}

// merge merges the traits.
func (c *collection) merge(a *question) {
	for _, row := range a.rows {
		cursor, _ := row.Value(ingest.CursorColumn)
		for _, cell := range row {
			if !isTrait(cell.Column) {
				continue
			}
			claim := Claim{Value: cell.Value, Cursor: cursor, Distance: a.whose.Distance, By: ClaimantOf(a.of)}
			if standing, ok := c.claims[cell.Column]; !ok || claim.Beats(standing) {
				c.claims[cell.Column] = claim
			}
		}
	}
}

func isTrait(column string) bool {
	return column != "identifier" && column != "identifier_type" && !strings.HasPrefix(column, ingest.SystemPrefix)
}

// keep keeps the first rows.
func (c *collection) keep(all *[]Found, a *question) {
	room := min(len(a.rows), maxRows-len(*all))
	c.truncated = c.truncated || room < len(a.rows)
	for _, row := range a.rows[:room] {
		*all = append(*all, Found{a.of.ID, visible(row)})
	}
}

// newest keeps the newest activities; of those at the same time the ones that came first.
func (c *collection) newest(a *question) {
	for _, row := range a.rows {
		c.activities = append(c.activities, Found{a.of.ID, visible(row)})
	}
	slices.SortStableFunc(c.activities, func(a, b Found) int {
		return cmp.Compare(text(b.Row, "event_time"), text(a.Row, "event_time"))
	})
	if len(c.activities) > maxActivities {
		clear(c.activities[maxActivities:])
		c.activities, c.truncated = c.activities[:maxActivities], true
	}
}

// into makes the profile of what was taken up. Empty parts are not nil.
func (c *collection) into(p *Profile) {
	for name, claim := range c.claims {
		p.Traits[name] = Trait{claim.Value, claim.By.ImportID}
	}
	p.Profiles, p.Groups, p.Activities = notNil(c.profiles), notNil(c.groups), notNil(c.activities)
	p.Truncated = c.truncated
}

func notNil(found []Found) []Found {
	if found == nil {
		return []Found{}
	}
	return found
}

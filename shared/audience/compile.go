package audience

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/source"
)

// Limits of an expression.
const (
	maxConditions = 50
	maxDepth      = 12
	maxWhere      = 20
	maxGroups     = 1000
	maxDays       = 36_500
)

// node is an expression made ready: a function of what is known of a person.
type node func(person) bool

// compiler makes an expression ready, and collects the conditions that people are held against.
type compiler struct {
	tables     tables
	now        time.Time
	traits     []*traitTest
	activities []*activityTest
	groups     []*groupTest
	problems   fault.List
}

// traitTest is a condition on a trait.
type traitTest struct {
	at   string
	is   source.Condition
	slot int // of the trait among those that are read
}

// activityTest is a condition on activities.
type activityTest struct {
	at             string
	event          string
	from, to       int64 // microseconds: in [from, to)
	where          []source.Condition
	fields         []string // where each of where stands in the expression
	atLeast, atMax int64
}

// groupTest is a condition on groups.
type groupTest struct{ ids map[string]bool }

func (c *compiler) reject(field, message string) {
	c.problems.Add(fault.AudienceInvalid, field, message)
}

// expression makes an expression ready; nil when it is not valid, which is among the problems then.
func (c *compiler) expression(at string, e Expression, depth int) node {
	set := 0
	for _, is := range []bool{e.All != nil, e.Any != nil, e.Not != nil, e.Trait != nil, e.Activity != nil, e.Group != nil} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		c.reject(at, "must have exactly one of: all, any, not, trait, activity, group")
		return nil
	case depth > maxDepth:
		c.reject(at, fmt.Sprintf("must be at most %d deep", maxDepth))
		return nil
	case e.All != nil:
		return c.several(at+".all", e.All, depth, false)
	case e.Any != nil:
		return c.several(at+".any", e.Any, depth, true)
	case e.Not != nil:
		inner := c.expression(at+".not", *e.Not, depth+1)
		return func(p person) bool { return !inner(p) }
	}
	if len(c.traits)+len(c.activities)+len(c.groups) == maxConditions {
		c.reject(at, fmt.Sprintf("is one of more than %d conditions", maxConditions))
		return nil
	}
	switch {
	case e.Trait != nil:
		return c.trait(at+".trait", *e.Trait)
	case e.Activity != nil:
		return c.activity(at+".activity", *e.Activity)
	}
	return c.group(at+".group", *e.Group)
}

// several combines expressions: one of them decides if it is what decides.
func (c *compiler) several(at string, all []Expression, depth int, decides bool) node {
	if len(all) == 0 {
		c.reject(at, "must not be empty")
	}
	nodes := make([]node, len(all))
	for n, e := range all {
		nodes[n] = c.expression(fmt.Sprintf("%s[%d]", at, n), e, depth+1)
	}
	return func(p person) bool {
		return decides == slices.ContainsFunc(nodes, func(n node) bool { return n(p) == decides })
	}
}

func (c *compiler) trait(at string, t Trait) node {
	if !isTrait(t.Name) || !c.tables.have(ingest.UserProfile, t.Name) {
		c.reject(at+".name", "no user_profile import has landed such a trait")
	}
	test := &traitTest{at: at, is: source.Condition{Column: t.Name, Op: t.Op, Values: t.Values, OrNull: t.OrNull}}
	if test.slot = slices.IndexFunc(c.traits, func(other *traitTest) bool { return other.is.Column == t.Name }); test.slot >= 0 {
		test.slot = c.traits[test.slot].slot
	} else {
		test.slot = c.slots()
	}
	bit := len(c.traits)
	c.traits = append(c.traits, test)
	unknown := holdsForNull(test.is)
	return func(p person) bool {
		claim := p.claim(test.slot)
		if claim == nil {
			return unknown
		}
		return claim.holds&(1<<bit) != 0
	}
}

// slots is how many traits are read.
func (c *compiler) slots() (n int) {
	for _, t := range c.traits {
		n = max(n, t.slot+1)
	}
	return n
}

// isTrait reports whether a column of a user_profile import is a trait.
func isTrait(column string) bool {
	return column != identifierColumn && column != "identifier_type" && !strings.HasPrefix(column, ingest.SystemPrefix)
}

func (c *compiler) activity(at string, a Activity) node {
	test := &activityTest{at: at, event: a.Event, atLeast: 1, atMax: -1}
	c.period(test, a)
	if a.AtMost != nil {
		test.atLeast, test.atMax = 0, *a.AtMost
	}
	if a.AtLeast != nil {
		test.atLeast = *a.AtLeast
	}
	switch {
	case test.atLeast < 0:
		c.reject(at+".at_least", "must not be negative")
	case a.AtMost != nil && test.atMax < test.atLeast:
		c.reject(at+".at_most", "must not be less than at_least")
	}
	if len(a.Where) > maxWhere {
		c.reject(at+".where", fmt.Sprintf("must have at most %d conditions", maxWhere))
	}
	for n, p := range a.Where {
		field := fmt.Sprintf("%s.where[%d]", at, n)
		if strings.HasPrefix(p.Property, ingest.SystemPrefix) || !c.tables.have(ingest.UserActivity, p.Property) {
			c.reject(field+".property", "no user_activity import has landed such a property")
		}
		test.where = append(test.where, source.Condition{Column: p.Property, Op: p.Op, Values: p.Values, OrNull: p.OrNull})
		test.fields = append(test.fields, field)
	}
	slot := len(c.activities)
	c.activities = append(c.activities, test)
	return func(p person) bool {
		n := p.count(slot)
		return n >= test.atLeast && (test.atMax < 0 || n <= test.atMax)
	}
}

func (c *compiler) period(test *activityTest, a Activity) {
	test.from, test.to = earliest, latest
	if a.From != nil {
		test.from = micros(*a.From)
	}
	if days := a.WithinDays; days != nil {
		switch {
		case *days < 1 || *days > maxDays:
			c.reject(test.at+".within_days", fmt.Sprintf("must be from 1 to %d", maxDays))
		case a.From != nil:
			c.reject(test.at+".within_days", "does not go with from")
		}
		test.from, test.to = micros(c.now.Add(-time.Duration(*days)*24*time.Hour)), micros(c.now)
	}
	if a.To != nil {
		test.to = micros(*a.To)
	}
}

// The period of an activity at whatever time.
const (
	earliest = -1 << 63
	latest   = 1<<63 - 1
)

// micros is a time in whole microseconds, rounded up, as no activity is between two of them.
func micros(t time.Time) int64 {
	return t.Add(time.Microsecond - time.Nanosecond).UnixMicro()
}

func (c *compiler) group(at string, g Group) node {
	test := &groupTest{ids: map[string]bool{}}
	if len(g.IDs) == 0 || len(g.IDs) > maxGroups {
		c.reject(at+".ids", fmt.Sprintf("must have from 1 to %d", maxGroups))
	}
	for _, id := range g.IDs {
		test.ids[id] = true
	}
	bit := len(c.groups)
	c.groups = append(c.groups, test)
	return func(p person) bool { return p.groups()&(1<<bit) != 0 }
}

// holdsForNull reports whether a condition holds for NULL.
func holdsForNull(c source.Condition) bool { return c.Op == source.IsNull || c.OrNull }

// Package audience counts the people for whom an expression holds, over the
// lake as it is: what is known of them, what they did, and the groups that they are in.
package audience

import (
	"time"

	"github.com/headwaterhq/headwater/shared/source"
)

// Expression is one condition, or several that are combined: exactly one field is set.
type Expression struct {
	All      []Expression `json:"all,omitempty"`
	Any      []Expression `json:"any,omitempty"`
	Not      *Expression  `json:"not,omitempty"`
	Trait    *Trait       `json:"trait,omitempty"`
	Activity *Activity    `json:"activity,omitempty"`
	Group    *Group       `json:"group,omitempty"`
}

// Trait compares a merged trait, as source.Filter compares a column. What nothing is known of is NULL.
type Trait struct {
	Name   string    `json:"name"`
	Op     source.Op `json:"op"`
	Values []string  `json:"values,omitempty"`
	OrNull bool      `json:"or_null,omitempty"`
}

// Activity holds for who has at least so many activities, and at most so many, of those that it describes.
type Activity struct {
	Event      string     `json:"event,omitempty"`       // "" is any
	WithinDays *int64     `json:"within_days,omitempty"` // times 24 hours before now
	From       *time.Time `json:"from,omitempty"`        // inclusive
	To         *time.Time `json:"to,omitempty"`          // exclusive
	AtLeast    *int64     `json:"at_least,omitempty"`    // nil is 1, and with AtMost 0
	AtMost     *int64     `json:"at_most,omitempty"`
	Where      []Property `json:"where,omitempty"` // all of them hold for an activity that counts
}

// Property compares a property of an activity. It is NULL in an import that has no such column.
type Property struct {
	Property string    `json:"property"`
	Op       source.Op `json:"op"`
	Values   []string  `json:"values,omitempty"`
	OrNull   bool      `json:"or_null,omitempty"`
}

// Group holds for who is in one of the groups: whom the last row of a group_identity import says to be.
type Group struct {
	IDs []string `json:"ids"`
}

// Preview is for how many people an expression holds.
type Preview struct {
	Count       int64
	Sample      []string // identifiers of some of them
	RowsScanned int64
}

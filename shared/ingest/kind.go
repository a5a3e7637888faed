package ingest

import "github.com/headwaterhq/headwater/shared/schema"

// Type is what an import's rows mean.
type Type string

// The import types.
const (
	UserProfile   Type = "user_profile"
	UserActivity  Type = "user_activity"
	IdentityGraph Type = "identity_graph"
	GroupIdentity Type = "group_identity"
)

// Mode is what a run does to the rows that earlier runs landed.
type Mode string

// The modes.
const (
	FullRefresh Mode = "full_refresh" // replaces them in one step
	Append      Mode = "append"       // adds to them; with a Cursor, what has come since
	Merge       Mode = "merge"        // replaces those with the same key
)

// Canonical is a column that an import type knows by name.
type Canonical struct {
	Name     string
	Type     schema.Type // "" keeps the source's type
	Required bool        // must be mapped, and rows where it is null go to quarantine
}

// Canonicals returns the columns that an import type knows, nil for an unknown
// type. The first required column is the identifier that look-ups search.
func (t Type) Canonicals() []Canonical {
	switch t {
	case UserProfile:
		return []Canonical{{"identifier", schema.String, true}, {"identifier_type", schema.String, false}}
	case UserActivity:
		return []Canonical{
			{"identifier", schema.String, true}, {"event_time", schema.Timestamp, true}, {"event_name", schema.String, true},
		}
	case IdentityGraph:
		return []Canonical{
			{"first_id", schema.String, true},
			{"second_id", schema.String, true},
			{"first_id_type", schema.String, false},
			{"second_id_type", schema.String, false},
			{"linked_at", schema.Timestamp, false},
		}
	case GroupIdentity:
		return []Canonical{
			{"user_id", schema.String, true},
			{"group_id", schema.String, true},
			{"cursor", "", false},
			{"is_deleted", schema.Bool, false},
		}
	}
	return nil
}

// Canonical returns the type's own column with this name.
func (t Type) Canonical(name string) (Canonical, bool) {
	for _, c := range t.Canonicals() {
		if c.Name == name {
			return c, true
		}
	}
	return Canonical{}, false
}

// OpenColumns reports whether mapped columns beyond the canonical ones are kept
// (traits of a profile, properties of an activity).
func (t Type) OpenColumns() bool { return t == UserProfile || t == UserActivity }

package secretsmanager

import (
	"bytes"
	"slices"
	"time"
)

// Staging labels that the service itself moves.
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
	pending  = "AWSPENDING"
)

type secret struct {
	ARN, Name, Description, KmsKeyID string
	Tags                             []tag // nil until there has been one
	Created, Changed                 time.Time
	Accessed                         time.Time
	Deleted, DeletionDate            time.Time  // zero unless it is marked for deletion
	Versions                         []*version // in order of creation
}

type version struct {
	ID                string
	String            *string
	Binary            []byte
	Stages            []string // sorted
	KmsKeyID          string
	Created, Accessed time.Time
}

func (s *secret) version(id string) *version {
	for _, v := range s.Versions {
		if v.ID == id {
			return v
		}
	}
	return nil
}

func (s *secret) staged(stage string) *version {
	for _, v := range s.Versions {
		if slices.Contains(v.Stages, stage) {
			return v
		}
	}
	return nil
}

// stages maps the versions that have any to their staging labels.
func (s *secret) stages() map[string][]string {
	out := map[string][]string{}
	for _, v := range s.Versions {
		if len(v.Stages) > 0 {
			out[v.ID] = v.Stages
		}
	}
	return out
}

// move attaches a staging label to a version, and takes it from the one that has it. The version that was AWSCURRENT
// becomes AWSPREVIOUS and is no longer pending.
func (s *secret) move(stage string, to *version) {
	from := s.staged(stage)
	if from == to {
		return
	}
	if from != nil {
		from.drop(stage)
	}
	to.Stages = append(to.Stages, stage)
	slices.Sort(to.Stages)
	if stage == current && from != nil {
		s.move(previous, from)
	}
}

func (v *version) drop(stage string) {
	v.Stages = slices.DeleteFunc(slices.Clone(v.Stages), func(s string) bool { return s == stage })
}

func (v *version) sameValue(o *version) bool {
	if (v.String == nil) != (o.String == nil) || v.String != nil && *v.String != *o.String {
		return false
	}
	return bytes.Equal(v.Binary, o.Binary)
}

// day is what access times are rounded to.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

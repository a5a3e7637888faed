package lookup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// Runs finds runs and their parts.
type Runs interface {
	ingest.PartPages
	Run(ctx context.Context, ref ingest.Ref) (ingest.Run, error)
}

// Objects reads objects of the bucket.
type Objects interface {
	Get(ctx context.Context, key string) ([]byte, error)
}

// Quarantine reads what runs rejected. It holds one object at a time, and what it returns.
type Quarantine struct {
	Runs    Runs
	Objects Objects
	Vault   quarantine.Vault
}

// What one answer looks at, at most; it can be gone on from.
const (
	maxLines   = 500_000
	maxObjects = 100
	partsPage  = 200 // parts that are asked for together
	maxPages   = 50  // of parts
)

// Wanted says which rejected rows are wanted; an empty field takes all.
type Wanted struct{ Rule, Column string }

func (w Wanted) matches(l quarantine.Line) bool {
	return (w.Rule == "" || l.Rule == w.Rule) && (w.Column == "" || l.Column == w.Column)
}

// Rejected is a row in quarantine.
type Rejected struct {
	quarantine.Line
	Value     *string // what was at fault; nil when nothing was, or it is destroyed
	Destroyed bool    // there was a value
}

// Place is a place in a run's quarantine: so many lines of a part of a split. The zero Place is the beginning.
type Place struct {
	Split, Part int
	Lines       int64
}

// String is what ParsePlace takes.
func (p Place) String() string { return fmt.Sprintf("%d.%d.%d", p.Split, p.Part, p.Lines) }

// ParsePlace reads a place; false when the text is none.
func ParsePlace(text string) (p Place, ok bool) {
	fields := strings.Split(text, ".")
	if len(fields) != 3 {
		return Place{}, false
	}
	var err [3]error
	p.Split, err[0] = strconv.Atoi(fields[0])
	p.Part, err[1] = strconv.Atoi(fields[1])
	p.Lines, err[2] = strconv.ParseInt(fields[2], 10, 64)
	return p, errors.Join(err[:]...) == nil && p.String() == text && p.Split >= 0 && p.Part >= 0 && p.Lines >= 0
}

// Read yields the rows of a run's quarantine that are wanted and have not expired, from a place on, until yield returns
// false or enough has been looked at. It returns the place to go on from, and whether that is the end.
// A row for which yield returns false comes again from there.
func (q *Quarantine) Read(ctx context.Context, ref ingest.Ref, w Wanted, from Place, yield func(Rejected) (bool, error)) (next Place, end bool, err error) {
	if _, err := q.Runs.Run(ctx, ref); err != nil {
		return Place{}, false, err
	}
	r := reading{Quarantine: q, wanted: w, yield: yield, at: from, lines: maxLines, objects: maxObjects}
	if r.key, r.state, err = q.key(ctx, ref); err != nil {
		return Place{}, false, err
	}
	for range maxPages {
		parts, err := q.Runs.PartsFrom(ctx, ref, r.at.Split, r.at.Part, partsPage)
		if err != nil {
			return Place{}, false, err
		}
		for _, part := range parts {
			more, err := r.part(ctx, part)
			if err != nil {
				return Place{}, false, fmt.Errorf("reading part %d of split %d: %w", part.Number, part.Split, err)
			}
			if !more {
				return r.at, false, nil
			}
		}
		if len(parts) < partsPage {
			return r.at, true, nil
		}
	}
	return r.at, false, nil
}

// kept is how long the objects of a quarantine are there.
const kept = names.QuarantineDays * 24 * time.Hour

func expired(p ingest.Part) bool { return time.Since(p.At) >= kept }

// KeyState is what has become of a run's key.
type KeyState string

// The states of a key.
const (
	KeyAvailable KeyState = "available"
	KeyDestroyed KeyState = "destroyed"
	KeyNone      KeyState = "none" // the run kept nothing that needs one
)

func (q *Quarantine) key(ctx context.Context, ref ingest.Ref) (quarantine.Key, KeyState, error) {
	key, err := q.Vault.Open(ctx, ref)
	switch fault.CodeOf(err) {
	case "":
		return key, KeyAvailable, nil
	case fault.QuarantineSealed:
		return key, KeyDestroyed, nil
	case fault.QuarantineEmpty:
		return key, KeyNone, nil
	}
	return key, "", err
}

// reading is one Read under way.
type reading struct {
	*Quarantine
	wanted  Wanted
	key     quarantine.Key
	state   KeyState
	yield   func(Rejected) (bool, error)
	at      Place
	lines   int // that may still be looked at
	objects int // likewise
}

// part reads a part from the place on, which it moves; false when no more is wanted.
func (r *reading) part(ctx context.Context, part ingest.Part) (bool, error) {
	if r.at.Split != part.Split || r.at.Part != part.Number {
		r.at = Place{Split: part.Split, Part: part.Number}
	}
	if part.Quarantine != "" && !expired(part) {
		if r.objects == 0 {
			return false, nil
		}
		r.objects--
		if more, err := r.object(ctx, part.Quarantine); err != nil || !more {
			return false, err
		}
	}
	r.at = Place{Split: part.Split, Part: part.Number + 1}
	return true, nil
}

// object reads the lines of an object, from the place on.
func (r *reading) object(ctx context.Context, key string) (more bool, err error) {
	object, err := r.Objects.Get(ctx, key)
	if err != nil {
		return false, err
	}
	passed := int64(0)
	for line, err := range quarantine.Lines(bytes.NewReader(object)) {
		if err != nil {
			return false, err
		}
		if passed++; passed <= r.at.Lines {
			continue
		}
		if r.lines == 0 {
			return false, nil
		}
		r.lines--
		if r.wanted.matches(line) {
			rejected, err := r.open(line)
			if err != nil {
				return false, err
			}
			if more, err := r.yield(rejected); err != nil || !more {
				return false, err
			}
		}
		r.at.Lines = passed
	}
	return true, nil
}

func (r *reading) open(line quarantine.Line) (Rejected, error) {
	rejected := Rejected{Line: line}
	switch {
	case line.Value == "":
	case r.state == KeyAvailable:
		value, _, err := line.Open(r.key)
		if err != nil {
			return Rejected{}, err
		}
		rejected.Value = &value
	default:
		rejected.Destroyed = true
	}
	return rejected, nil
}

// Destroy destroys the key of a run that has ended.
func (q *Quarantine) Destroy(ctx context.Context, ref ingest.Ref) error {
	run, err := q.Runs.Run(ctx, ref)
	if err != nil {
		return err
	}
	if run.Status.Open() {
		return fault.New(fault.ImportRunOpen, "the run is "+string(run.Status))
	}
	return q.Vault.Destroy(ctx, ref)
}

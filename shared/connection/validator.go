package connection

import (
	"context"
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/snapshot"
	"github.com/headwaterhq/headwater/shared/source"
)

// Opener opens a connection's source. The caller closes it.
type Opener interface {
	Open(ctx context.Context, c Connection) (*source.Source, error)
}

// Sources opens connections with their stored credential.
type Sources struct {
	Registry    *source.Registry
	Credentials CredentialReader
}

var _ Opener = Sources{}

// Open reads the credential and opens the source.
func (s Sources) Open(ctx context.Context, c Connection) (*source.Source, error) {
	cred, err := s.Credentials.Credential(ctx, c.WorkspaceID, c.ID)
	if err != nil {
		return nil, err
	}
	return s.Registry.Open(ctx, c.Platform, source.Config{Settings: c.Settings, Credential: cred, Connection: c.ID, Workspace: c.WorkspaceID})
}

// Validator does the work of a validation: checks, then discovery.
type Validator struct {
	Store   Store
	Sources Opener
	Objects Objects
	Now     func() time.Time
}

// Check runs the checks and keeps their report. It begins the validation if
// nobody has, as the daily upkeep asks for it.
func (v *Validator) Check(ctx context.Context, ref Ref) (passed bool, err error) {
	c, err := v.Store.Connection(ctx, ref.WorkspaceID, ref.ConnectionID)
	if err != nil {
		return false, err
	}
	if err := v.Store.BeginValidation(ctx, c.newValidation(ref.ValidationID, "daily", v.Now().UTC())); err != nil {
		return false, err
	}
	src, err := v.Sources.Open(ctx, c)
	if err != nil {
		return false, err
	}
	defer func() { _ = src.Close() }() // only read from
	report, err := src.Check(ctx)
	if err != nil {
		return false, fmt.Errorf("running checks: %w", err)
	}
	kept, err := v.Store.RecordChecks(ctx, ref, report)
	if err != nil {
		return false, err
	}
	if !kept {
		return false, errNotOpen()
	}
	return source.Passed(report), nil
}

// errNotOpen stops a worker whose validation has ended under it.
func errNotOpen() error {
	return fault.New(fault.ValidationNotOpen, "the validation has already ended")
}

// pageBudget is how long one Discover call goes on; the worker that calls it
// has more, so that the last page and its bookkeeping fit.
const pageBudget = 60 * time.Second

// Discover reads tables until the snapshot is complete or the time budget is
// used up; then it reports false, and the next call goes on where this one stopped.
func (v *Validator) Discover(ctx context.Context, ref Ref) (done bool, err error) {
	began := v.Now()
	c, err := v.Store.Connection(ctx, ref.WorkspaceID, ref.ConnectionID)
	if err != nil {
		return false, err
	}
	validation, err := v.Store.Validation(ctx, ref)
	if err != nil {
		return false, err
	}
	progress := validation.Discovery
	if progress.Done() {
		return true, nil
	}
	src, err := v.Sources.Open(ctx, c)
	if err != nil {
		return false, err
	}
	defer func() { _ = src.Close() }() // only read from
	for !progress.Done() && v.Now().Sub(began) < pageBudget {
		if !validation.discovering() {
			return false, errNotOpen()
		}
		next, err := v.discoverPage(ctx, src, ref, progress)
		if err != nil {
			return false, err
		}
		kept, err := v.Store.RecordDiscovery(ctx, ref, progress.Pages, next)
		if err != nil {
			return false, err
		}
		if progress = next; kept {
			continue
		}
		// Another worker is at the same discovery: go on from where it stands.
		if validation, err = v.Store.Validation(ctx, ref); err != nil {
			return false, err
		}
		progress = validation.Discovery
	}
	return progress.Done(), nil
}

// discoverPage keeps one page, and after the last one makes the snapshot of all.
func (v *Validator) discoverPage(ctx context.Context, src *source.Source, ref Ref, at Discovery) (Discovery, error) {
	page, err := src.Discover(ctx, at.Cursor)
	if err != nil {
		return at, err
	}
	next := Discovery{Cursor: page.Next, Pages: at.Pages + 1, Tables: at.Tables + len(page.Tables)}
	if err := snapshot.WritePage(ctx, v.Objects, schemaPrefix(ref.WorkspaceID, ref.ConnectionID), partKey(ref, at.Pages), page.Tables); err != nil {
		return at, err
	}
	if page.Next == "" {
		made, err := snapshot.Assemble(ctx, v.Objects, schemaPrefix(ref.WorkspaceID, ref.ConnectionID), partKeys(ref, next.Pages), v.Now())
		if err != nil {
			return at, fmt.Errorf("assembling schema: %w", err)
		}
		next.Key, next.Version = made.Key, made.Version
	}
	return next, nil
}

// partKey is apart from the snapshots, which are kept: parts expire.
func partKey(ref Ref, n int) string {
	return fmt.Sprintf(names.DiscoveryPrefix+"%s/%s/%s/%06d.json", ref.WorkspaceID, ref.ConnectionID, ref.ValidationID, n)
}

func partKeys(ref Ref, pages int) []string {
	keys := make([]string, pages)
	for n := range keys {
		keys[n] = partKey(ref, n)
	}
	return keys
}

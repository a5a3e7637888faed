package ingest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Schemas tells a connection's discovered schema.
type Schemas interface {
	// Get returns a connection.
	Get(ctx context.Context, workspaceID, connectionID string) (connection.Connection, error)
	// Table returns a connection and one of its tables. With fault.TableNotFound it still returns the connection.
	Table(ctx context.Context, workspaceID, connectionID, name string) (connection.Connection, schema.Table, error)
}

// Workflow starts the run-import state machine.
type Workflow interface {
	// StartRun starts an execution named r.Execution(). Starting it twice is one start.
	StartRun(ctx context.Context, r Run) error
}

// Keys makes the secrets of workspaces.
type Keys interface {
	// EnsureWorkspaceKeys makes a workspace's WorkspaceKeys, if it has none.
	EnsureWorkspaceKeys(ctx context.Context, workspaceID string) error
}

// Service is what callers do with imports and runs.
type Service struct {
	Store    Store
	Schemas  Schemas
	Catalog  connection.Catalog
	Workflow Workflow
	Keys     Keys
	RunKeys  RunKeys
	Now      func() time.Time
}

// NewImport is what a caller gives to create one: a table, whose rows a filter may choose from, or a query. EveryHours
// nil means DefaultEveryHours, 0 means by hand only. The rest is as in Import, before it is resolved.
type NewImport struct {
	Name         string
	ConnectionID string
	Table        string
	Query        string
	Filter       source.Filter
	MaximumBytes int64
	Type         Type
	Mode         Mode
	Mapping      Mapping
	EveryHours   *int
	Cursor       *Cursor
	Key          []string
	Deleted      string
	Guards       Guards
	Proof        Proof
	Precedence   int
}

// Create saves an import; its first scheduled run is one interval away. Its workspace has its keys by then.
func (s *Service) Create(ctx context.Context, workspaceID, actor string, n NewImport) (Import, error) {
	if err := n.validate(); err != nil {
		return Import{}, err
	}
	now := s.Now().UTC()
	i, err := s.resolve(ctx, n, Import{
		WorkspaceID: workspaceID, ID: id.New(id.Import), Name: strings.TrimSpace(n.Name),
		ConnectionID: n.ConnectionID, Table: n.Table, Query: n.Query, Filter: n.Filter, MaximumBytes: n.MaximumBytes,
		Type: n.Type, Mode: n.Mode, Mapping: n.Mapping, Cursor: n.Cursor, Key: n.Key, Deleted: n.Deleted,
		Guards: n.Guards, Proof: n.Proof, Precedence: n.Precedence,
		EveryHours: DefaultEveryHours, CreatedAt: now, CreatedBy: actor,
	})
	if err != nil {
		return Import{}, err
	}
	if n.EveryHours != nil {
		i.EveryHours = *n.EveryHours
	}
	if i.EveryHours > 0 {
		i.NextRunAt = now.Add(i.every())
	}
	if err := s.Keys.EnsureWorkspaceKeys(ctx, workspaceID); err != nil {
		return Import{}, err
	}
	return i, s.Store.CreateImport(ctx, i)
}

func (i Import) every() time.Duration { return time.Duration(i.EveryHours) * time.Hour }

func (n NewImport) validate() error {
	var problems fault.List
	switch name := strings.TrimSpace(n.Name); {
	case name == "":
		problems.Add(fault.MissingField, "name", "give the import a name")
	case utf8.RuneCountInString(name) > 100:
		problems.Add(fault.InvalidRequest, "name", "must be at most 100 characters long")
	}
	if n.ConnectionID == "" {
		problems.Add(fault.MissingField, "connection_id", "name the connection")
	}
	n.bound(&problems)
	if n.Type.Canonicals() == nil {
		problems.Add(fault.InvalidRequest, "type", "must be one of: user_profile, user_activity, identity_graph, group_identity")
	}
	if !slices.Contains([]Mode{FullRefresh, Append, Merge}, n.Mode) {
		problems.Add(fault.InvalidRequest, "mode", "must be one of: full_refresh, append, merge")
	}
	boundSettings(n.Type, n.Guards, n.Proof, n.Precedence, &problems)
	n.Mapping.bound(Import{Mode: n.Mode, Mapping: n.Mapping, Cursor: n.Cursor}.fingerprint(), &problems)
	if n.EveryHours != nil && (*n.EveryHours < 0 || *n.EveryHours > 24*31) {
		problems.Add(fault.InvalidRequest, "every_hours", "must be from 0 (by hand only) to 744")
	}
	return problems.Err()
}

// Get returns one import.
func (s *Service) Get(ctx context.Context, workspaceID, importID string) (Import, error) {
	return s.Store.Import(ctx, workspaceID, importID)
}

// List returns a page of imports, newest first.
func (s *Service) List(ctx context.Context, workspaceID, after string, limit int) ([]Import, error) {
	return s.Store.Imports(ctx, workspaceID, after, limit)
}

// Run returns one run.
func (s *Service) Run(ctx context.Context, ref Ref) (Run, error) { return s.Store.Run(ctx, ref) }

// Runs returns a page of an import's runs, newest first.
func (s *Service) Runs(ctx context.Context, workspaceID, importID, after string, limit int) ([]Run, error) {
	if _, err := s.Store.Import(ctx, workspaceID, importID); err != nil {
		return nil, err
	}
	return s.Store.Runs(ctx, workspaceID, importID, after, limit)
}

// Splits returns a page of a run's splits, from the given number.
func (s *Service) Splits(ctx context.Context, ref Ref, from, limit int) ([]SplitProgress, error) {
	if _, err := s.Store.Run(ctx, ref); err != nil {
		return nil, err
	}
	return s.Store.Splits(ctx, ref, from, limit)
}

// CommitDeadline is how long a run may stay in committing: longer than the
// commit function's time-out, so that after it no commit is under way.
const CommitDeadline = 15 * time.Minute

// Budgets of a run; see docs/architecture.md, "How everything ends".
const (
	runDeadline    = 24*time.Hour + 5*time.Minute
	unstartedAfter = 2 * time.Minute
)

// Ref names the run.
func (r Run) Ref() Ref { return Ref{WorkspaceID: r.WorkspaceID, ImportID: r.ImportID, RunID: r.ID} }

func onField(field string, err error) error {
	var e *fault.Error
	if errors.As(err, &e) && e.Field == "" {
		return &fault.Error{Code: e.Code, Message: e.Message, Field: field, Err: e.Err}
	}
	return err
}

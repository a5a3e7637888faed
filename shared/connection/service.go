package connection

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/source"
)

// Catalog knows the platforms.
type Catalog interface {
	Spec(platform string) (source.Spec, error)
}

// Service is what callers do with connections.
type Service struct {
	Store    Store
	Secrets  Secrets
	Objects  Objects
	Catalog  Catalog
	Workflow Workflow
	// Statements makes what to paste at a platform, so that a connection may read there.
	Statements func(platform string, req source.GrantRequest) ([]source.Grant, error)
	Principal  string // who this deployment is on AWS, which trust policies name
	// Identify tells who a credential makes a connection at its platform; nil never knows.
	Identify func(platform string, c source.Credential) string
	Now      func() time.Time
}

// NewConnection is what a caller gives to create one.
type NewConnection struct {
	Name       string
	Platform   string
	Settings   map[string]any
	Credential source.Credential
}

// Create stores a connection and its credential and starts the validation.
// The answer is processing.
//
// The connection is written first, so that a name conflict leaves no secret
// behind. A step that fails after that takes everything back, so that the
// caller may try again under the same name; an execution that was started all
// the same finds no connection, and ends. If we die in between, the sweep ends
// the validation and the connection turns inactive.
func (s *Service) Create(ctx context.Context, workspaceID, actor string, n NewConnection) (Connection, error) {
	settings, err := s.validate(n)
	if err != nil {
		return Connection{}, err
	}
	now := s.Now().UTC()
	c := Connection{
		WorkspaceID: workspaceID, ID: id.New(id.Connection), Name: strings.TrimSpace(n.Name),
		Platform: n.Platform, Settings: settings, AuthMethod: n.Credential.Method,
		Status: Processing, StatusChange: Change{Reason: "created", Actor: actor, At: now},
		ValidationID: id.New(id.Validation), CreatedAt: now, CreatedBy: actor,
	}
	if s.Identify != nil {
		c.Identity = s.Identify(c.Platform, n.Credential)
	}
	v := c.newValidation(c.ValidationID, "created", now)
	if err := s.Store.CreateConnection(ctx, c, v); err != nil {
		return Connection{}, err
	}
	err = s.Secrets.PutCredential(ctx, workspaceID, c.ID, n.Credential)
	if err == nil {
		err = s.Workflow.StartValidation(ctx, v.Ref())
	}
	if err != nil {
		return Connection{}, errors.Join(err, s.takeBack(context.WithoutCancel(ctx), c))
	}
	return c, nil
}

// takeBack undoes what Create has done so far. The connection goes last: while
// it is there, its credential can be found.
func (s *Service) takeBack(ctx context.Context, c Connection) error {
	if err := s.Secrets.DropCredential(ctx, c.WorkspaceID, c.ID); err != nil {
		return err
	}
	return s.Store.DropConnection(ctx, c)
}

func (s *Service) validate(n NewConnection) (map[string]any, error) {
	var problems fault.List
	switch name := strings.TrimSpace(n.Name); {
	case name == "":
		problems.Add(fault.MissingField, "name", "give the connection a name")
	case utf8.RuneCountInString(name) > 100:
		problems.Add(fault.InvalidRequest, "name", "must be at most 100 characters long")
	}
	if n.Platform == "" {
		problems.Add(fault.MissingField, "platform", "name the platform")
		return nil, problems.Err()
	}
	spec, err := s.Catalog.Spec(n.Platform)
	if err != nil {
		return nil, err
	}
	settings, err := spec.Validate(generate(spec, n.Settings, &problems), n.Credential)
	var list fault.List
	var one *fault.Error
	switch {
	case errors.As(err, &list):
		problems = append(problems, list...)
	case errors.As(err, &one):
		problems = append(problems, one)
	}
	return settings, problems.Err()
}

// Get returns one connection.
func (s *Service) Get(ctx context.Context, workspaceID, connectionID string) (Connection, error) {
	return s.Store.Connection(ctx, workspaceID, connectionID)
}

// LastValidation returns the newest validation of a connection.
func (s *Service) LastValidation(ctx context.Context, c Connection) (Validation, error) {
	return s.Store.Validation(ctx, Ref{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, ValidationID: c.ValidationID})
}

// List returns a page of connections, newest first.
func (s *Service) List(ctx context.Context, workspaceID, after string, limit int) ([]Connection, error) {
	return s.Store.Connections(ctx, workspaceID, after, limit)
}

func (c Connection) newValidation(validationID, trigger string, now time.Time) Validation {
	return Validation{
		WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, ID: validationID, Trigger: trigger,
		Outcome: Running, StartedAt: now, Deadline: now.Add(Deadline),
	}
}

// Ref names the validation.
func (v Validation) Ref() Ref {
	return Ref{WorkspaceID: v.WorkspaceID, ConnectionID: v.ConnectionID, ValidationID: v.ID}
}

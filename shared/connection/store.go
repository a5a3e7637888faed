package connection

import (
	"context"
	"time"

	"github.com/headwaterhq/headwater/shared/snapshot"
	"github.com/headwaterhq/headwater/shared/source"
)

// Store keeps connections and their validations. Every answer about another
// workspace's connection is fault.ConnectionNotFound.
type Store interface {
	Reader
	Creator
	Validations
}

// Reader reads connections.
type Reader interface {
	Lister
	// Connection returns one connection.
	Connection(ctx context.Context, workspaceID, id string) (Connection, error)
	// PlatformCounts returns how many connections a workspace has to each platform.
	PlatformCounts(ctx context.Context, workspaceID string) (map[string]int, error)
}

// Lister lists connections.
type Lister interface {
	// Connections returns a page of a workspace's connections, newest first,
	// after the one with id after ("" starts), at most limit.
	Connections(ctx context.Context, workspaceID, after string, limit int) ([]Connection, error)
	// ActiveConnections returns a page of the active connections of every workspace, in no
	// particular order. An empty cursor starts; an empty next ends.
	ActiveConnections(ctx context.Context, cursor string) (page []Connection, next string, err error)
}

// Creator writes new connections.
type Creator interface {
	// CreateConnection writes the connection, its name and its first validation
	// at once. fault.ConnectionNameTaken when the workspace has the name.
	CreateConnection(ctx context.Context, c Connection, v Validation) error
	// DropConnection removes what CreateConnection wrote, when creating could not go on.
	DropConnection(ctx context.Context, c Connection) error
}

// Validations keeps validations.
type Validations interface {
	// RequestValidation writes v, points its connection to it, and moves the connection to c's status, at once, if the
	// connection's newest validation is still seen and its status was; false, and nothing changed, when they are not.
	RequestValidation(ctx context.Context, seen string, was Status, c Connection, v Validation) (bool, error)
	// BeginValidation writes v and points its connection to it. It does nothing when v.ID exists.
	BeginValidation(ctx context.Context, v Validation) error
	// Validation returns one validation, or fault.ValidationNotFound.
	Validation(ctx context.Context, ref Ref) (Validation, error)
	// RecordChecks keeps the report if the validation is running; false when it is not.
	RecordChecks(ctx context.Context, ref Ref, checks []source.CheckResult) (bool, error)
	// RecordDiscovery keeps progress if the validation is running or has passed, and its
	// discovery still stands at page from; false when not: another worker was first, or it has failed.
	RecordDiscovery(ctx context.Context, ref Ref, from int, d Discovery) (bool, error)
	// SettleValidation ends a running validation with v's outcome, error and time, and moves the
	// connection to c's status and schema, at once. An older validation, when another one of the connection
	// has begun, leaves the connection alone: the newest is the one to move it. It reports false, and changes
	// nothing, when the validation has already ended or its connection is gone.
	SettleValidation(ctx context.Context, v Validation, c Connection) (bool, error)
	// AdoptSchema points the connection to c's schema, if the validation is still its newest; false when it is not.
	AdoptSchema(ctx context.Context, c Connection, validationID string) (bool, error)
	// OverdueValidations returns running validations whose deadline is before now.
	OverdueValidations(ctx context.Context, now time.Time, limit int) ([]Validation, error)
}

// Secrets keeps credentials, one per connection.
type Secrets interface {
	// PutCredential stores a connection's first credential.
	PutCredential(ctx context.Context, workspaceID, connectionID string, c source.Credential) error
	// DropCredential destroys a connection's credential for good; having none is fine.
	DropCredential(ctx context.Context, workspaceID, connectionID string) error
}

// CredentialReader reads credentials back; only workers that open the source have one.
type CredentialReader interface {
	// Credential returns the current credential, or fault.CredentialMissing.
	Credential(ctx context.Context, workspaceID, connectionID string) (source.Credential, error)
}

// Objects keeps large values by key.
type Objects = snapshot.Objects

// Workflow starts the validate-connection state machine.
type Workflow interface {
	// StartValidation starts an execution named after the validation. Starting it twice is one start.
	StartValidation(ctx context.Context, ref Ref) error
}

package source

import (
	"fmt"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Spec describes a platform. Catalog, validation, documentation and forms
// are made from it.
type Spec struct {
	Platform    string // "s3"
	Title       string // "Amazon S3"
	Description string
	Category    string       // "data_warehouse" or "cloud_storage"
	Keywords    []string     // what else people search it by: "bq", "google"
	Settings    []Field      // what is not secret
	Auth        []AuthMethod // the first one is recommended

	Availability Availability
	Capabilities []Capability
}

// Availability says how far a platform may be relied on.
type Availability string

// The availabilities.
const (
	Available Availability = "available"
	Preview   Availability = "preview"
)

// Capability is something that not every platform can do.
type Capability string

// The capabilities.
const (
	RowFilter     Capability = "row_filter"     // the platform, or its reader, applies a Filter
	Queries       Capability = "queries"        // a SELECT can be imported
	Views         Capability = "views"          // views are discovered and read
	SnapshotReads Capability = "snapshot_reads" // all splits read one moment
	NestedColumns Capability = "nested_columns" // the schema shows the fields of structures
	CostEstimate  Capability = "cost_estimate"  // Estimate
	Grants        Capability = "grants"         // least-privilege statements can be made
)

// Can reports whether the platform has a capability.
func (s Spec) Can(c Capability) bool { return slices.Contains(s.Capabilities, c) }

// AuthMethod is one way to authenticate.
type AuthMethod struct {
	Name        string // "access_key"
	Title       string
	Description string
	Deprecated  bool
	// NamesConnection is set where what is to be set up at the platform names the
	// connection, so that it can only be finished once the connection is created.
	NamesConnection bool
	Fields          []Field
}

// Field is one setting or one part of a credential. Values are strings unless Kind says otherwise.
type Field struct {
	Name        string
	Title       string
	Description string
	Kind        Kind
	Required    bool
	Secret      bool   // never shown again
	Pattern     string // RE2 that the whole value must match; empty takes any
	Allowed     []string
	Default     string
	Example     string
	MaxLength   int  // in characters; 0 means 1024
	Multiline   bool // a form shows several lines
	Generated   bool // a setting that Headwater makes when the connection is created, and nobody can give
}

// Kind is the JSON type of a field.
type Kind string

// The kinds of fields.
const (
	Text    Kind = "string"
	Boolean Kind = "boolean"
	Integer Kind = "integer"
)

// Catalog is the platforms that a program knows, whether or not it can open them.
type Catalog []Spec

// Spec returns a platform's Spec, or fault.PlatformUnknown.
func (c Catalog) Spec(platform string) (Spec, error) {
	names := make([]string, len(c))
	for n, s := range c {
		if s.Platform == platform {
			return s, nil
		}
		names[n] = s.Platform
	}
	return Spec{}, unknownPlatform(names)
}

func unknownPlatform(known []string) error {
	slices.Sort(known)
	return fault.Field(fault.PlatformUnknown, "platform", fmt.Sprintf("must be one of: %v", known))
}

// Method returns the auth method with this name.
func (s Spec) Method(name string) (AuthMethod, bool) {
	for _, m := range s.Auth {
		if m.Name == name {
			return m, true
		}
	}
	return AuthMethod{}, false
}

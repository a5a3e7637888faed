package ingest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Transform changes a text value.
type Transform string

// The transforms, applied in the order they are listed.
const (
	Trim   Transform = "trim"   // Unicode white space at both ends
	Lower  Transform = "lower"  // Unicode lower case
	Email  Transform = "email"  // an e-mail address, trimmed and in lower case
	E164   Transform = "e164"   // a phone number: + and digits
	SHA256 Transform = "sha256" // lower-case hex of the UTF-8 bytes

	// HMACSHA256 is lower-case hex of the HMAC-SHA-256 of the UTF-8 bytes under the
	// workspace's key: nobody without it can try out who is meant.
	HMACSHA256 Transform = "hmac_sha256"
)

// Transforms are all transforms.
func Transforms() []Transform { return []Transform{Trim, Lower, Email, E164, SHA256, HMACSHA256} }

// Column maps one source column, a part of one, or a constant to one column of
// the lake: a value is cast, then transformed, and what is null then is the default.
type Column struct {
	Source     string      `json:"source,omitempty"` // empty with a constant
	Path       string      `json:"path,omitempty"`   // into the source's JSON, as ParsePath takes it; empty is all of it
	Target     string      `json:"target"`
	Type       schema.Type `json:"type,omitempty"`     // cast to; empty keeps the canonical or the source type
	Required   bool        `json:"required,omitempty"` // rows where the result is null go to quarantine
	Transforms []Transform `json:"transforms,omitempty"`
	OnInvalid  Invalid     `json:"on_invalid,omitempty"` // what becomes of a value that Email or E164 refuses
	Region     string      `json:"region,omitempty"`     // whose national numbers E164 reads; empty: international ones only
	Constant   *string     `json:"constant,omitempty"`   // the value in every row, in the form of IsLiteral
	Default    *string     `json:"default,omitempty"`    // the value in the place of null, in the form of IsLiteral
}

// Mapping is the columns of an import, in lake order.
type Mapping []Column

var targetName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Sources are the source columns that the mapping reads, each once.
func (m Mapping) Sources() []string {
	var names []string
	for _, c := range m {
		if c.Constant == nil && !slices.Contains(names, c.Source) {
			names = append(names, c.Source)
		}
	}
	return names
}

// Limits of a mapping. An import is one item of the table, which takes 400 KB;
// what is saved must leave room for what claims and runs change in it.
const (
	maxColumns    = 2000
	maxTransforms = 16        // of a column
	columnBytes   = 80        // of a column's item, beside its names and transforms
	nameBytes     = 4         // of a source column in Import.Fingerprint, beside its text
	maxMapping    = 320 << 10 // bytes
)

// bound refuses a mapping that is empty or, with the columns that tell rows apart, beyond the limits.
func (m Mapping) bound(fingerprint []string, problems *fault.List) {
	size := 0
	for _, name := range fingerprint {
		size += nameBytes + len(name)
	}
	for i, c := range m {
		size += columnBytes + len(c.Source) + len(c.Path) + len(c.Target) + len(c.OnInvalid) + len(c.Region)
		size += c.boundLiterals(fmt.Sprintf("mapping[%d]", i), problems)
		for _, transform := range c.Transforms {
			size += len(transform) + 1
		}
		if len(c.Path) > maxPath {
			problems.Add(fault.InvalidRequest, fmt.Sprintf("mapping[%d].path", i), fmt.Sprintf("must be at most %d bytes long", maxPath))
		}
		if len(c.Transforms) > maxTransforms {
			problems.Add(fault.InvalidRequest, fmt.Sprintf("mapping[%d].transforms", i), fmt.Sprintf("must be at most %d", maxTransforms))
		}
	}
	switch {
	case len(m) == 0:
		problems.Add(fault.MissingField, "mapping", "map at least the columns that the import type requires")
	case len(m) > maxColumns:
		problems.Add(fault.InvalidRequest, "mapping", fmt.Sprintf("must have at most %d columns", maxColumns))
	case size > maxMapping:
		problems.Add(fault.InvalidRequest, "mapping", "is too large to be saved: map fewer columns")
	}
}

// Resolve checks the mapping against the table and the import type, and fills
// in what follows from them: every column's type, and Required for the
// canonical columns that need it. It reports every problem at once.
func (m Mapping) Resolve(t Type, table schema.Table) (Mapping, error) {
	var problems fault.List
	resolved := slices.Clone(m)
	seen := make(map[string]bool, len(m))
	for i := range resolved {
		field := fmt.Sprintf("mapping[%d]", i)
		resolved[i].resolve(field, t, table, &problems)
		if seen[resolved[i].Target] {
			problems.Add(fault.ImportMapping, field+".target", "two columns have this target")
		}
		seen[resolved[i].Target] = true
	}
	for _, c := range t.Canonicals() {
		if c.Required && !seen[c.Name] {
			problems.Add(fault.ImportIdentifier, "mapping", fmt.Sprintf("a %s import needs a column with target %q", t, c.Name))
		}
	}
	if t == IdentityGraph {
		resolved.pairTypes(&problems)
	}
	return resolved, problems.Err()
}

// pairTypes makes the types of a link's two identifiers alike, as the two change
// places where that brings the lesser one to the front: mapped both or neither, required both or neither.
func (m Mapping) pairTypes(problems *fault.List) {
	first, second := m.at("first_id_type"), m.at("second_id_type")
	switch {
	case first < 0 && second < 0:
	case second < 0:
		problems.Add(fault.ImportMapping, fmt.Sprintf("mapping[%d].target", first), "goes with second_id_type: map both of them or neither")
	case first < 0:
		problems.Add(fault.ImportMapping, fmt.Sprintf("mapping[%d].target", second), "goes with first_id_type: map both of them or neither")
	default:
		required := m[first].Required || m[second].Required
		m[first].Required, m[second].Required = required, required
	}
}

func (c *Column) resolve(field string, t Type, table schema.Table, problems *fault.List) {
	canonical, known := t.Canonical(c.Target)
	switch {
	case c.Target == "":
		problems.Add(fault.MissingField, field+".target", "name the column of the lake")
	case strings.HasPrefix(c.Target, SystemPrefix):
		problems.Add(fault.ImportMapping, field+".target", "must not begin with "+SystemPrefix+", which is kept for columns of the system")
	case !targetName.MatchString(c.Target):
		problems.Add(fault.ImportMapping, field+".target", "must be lower-case letters, digits and _, not begin with a digit, at most 63 long")
	case !known && !t.OpenColumns():
		problems.Add(fault.ImportMapping, field+".target", fmt.Sprintf("a %s import has only these columns: %s", t, strings.Join(canonicalNames(t), ", ")))
	}
	if c.Constant != nil {
		c.resolveConstant(field, t, problems)
		return
	}
	if c.Source == "" {
		problems.Add(fault.MissingField, field+".source", "name a column of the table, or give a constant")
		return
	}
	column, ok := table.Column(c.Source)
	if !ok {
		problems.Add(fault.ImportColumn, field+".source", "the table has no such column")
		return
	}
	c.Required = c.Required || canonical.Required
	from, otherwise := column.Type, column.Type
	if c.Path != "" {
		from, otherwise = schema.String, c.resolvePath(field+".path", column, problems)
	}
	if len(c.Transforms) > 0 {
		otherwise = schema.String
	}
	if !c.resolveType(field, canonical, otherwise, problems) {
		return
	}
	if !Castable(from, c.Type) {
		problems.Add(fault.ImportMapping, field+".type", fmt.Sprintf("%s cannot be cast to %s", from, c.Type))
	}
	c.resolveTransforms(field, problems)
	c.resolveDefault(field, t, problems)
}

// resolveType fills in the type, and reports false for one that does not exist.
func (c *Column) resolveType(field string, canonical Canonical, otherwise schema.Type, problems *fault.List) bool {
	switch {
	case c.Type == "" && canonical.Type != "":
		c.Type = canonical.Type
	case c.Type == "":
		c.Type = otherwise
	case !slices.Contains(schema.Types(), c.Type):
		problems.Add(fault.ImportMapping, field+".type", fmt.Sprintf("must be one of: %v", schema.Types()))
		return false
	case canonical.Type != "" && c.Type != canonical.Type:
		problems.Add(fault.ImportMapping, field+".type", fmt.Sprintf("%s is always %s", canonical.Name, canonical.Type))
	}
	return true
}

// Castable reports whether values of one type can be cast to another. A value
// that cannot (text that is no number) goes to quarantine, row by row.
func Castable(from, to schema.Type) bool {
	if from == to || to == schema.String && from != schema.Bytes {
		return true
	}
	switch from {
	case schema.String:
		return to != schema.Bytes
	case schema.Int64:
		return to == schema.Float64 || to == schema.Decimal || to == schema.Bool
	case schema.Float64, schema.Decimal:
		return to == schema.Int64 || to == schema.Float64 || to == schema.Decimal
	case schema.JSON: // a column of mixed values: numbers and booleans are their own text
		return to == schema.Int64 || to == schema.Float64 || to == schema.Decimal || to == schema.Bool
	case schema.Date:
		return to == schema.Timestamp
	case schema.Timestamp:
		return to == schema.Date
	}
	return false
}

func canonicalNames(t Type) []string {
	var names []string
	for _, c := range t.Canonicals() {
		names = append(names, c.Name)
	}
	return names
}

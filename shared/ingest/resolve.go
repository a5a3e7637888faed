package ingest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Resolve holds the import against the table that it reads, or the columns of its
// query, and fills in what follows from them: the types of the mapping and of the
// cursor, the key of Merge, whose columns are required, and the column that deletes.
// It reports every problem at once. What is resolved already stays as it is, so that a source that has changed since is told.
func (i Import) Resolve(table schema.Table) (Import, error) {
	var problems fault.List
	mapping, err := i.Mapping.Resolve(i.Type, table)
	gather(&problems, err)
	i.Mapping = mapping
	if i.Cursor != nil {
		cursor := *i.Cursor
		cursor.resolve(table, &problems)
		i.Cursor = &cursor
	}
	i.resolveIncremental(&problems)
	return i, problems.Err()
}

// resolveQuery holds an import against what is known of a query before a run is planned: its own words.
func (i Import) resolveQuery() (Import, error) {
	var problems fault.List
	gather(&problems, i.Mapping.check(i.Type))
	i.Mapping = slices.Clone(i.Mapping)
	if i.Cursor != nil && i.Cursor.Type == "" {
		problems.Add(fault.ImportCursor, "cursor.type", "say the type of the column: a query's is not known before it runs")
	}
	i.resolveIncremental(&problems)
	return i, problems.Err()
}

// resolveIncremental checks cursor, key and deletion flag against mode and mapping.
// A column whose type is not known yet is taken as it will be.
func (i *Import) resolveIncremental(problems *fault.List) {
	if i.Cursor != nil {
		i.Cursor.check(i.Mode, problems)
	}
	if len(i.Fingerprint) == 0 {
		i.Fingerprint = i.fingerprint()
	}
	if i.Mode != Merge {
		if len(i.Key) > 0 {
			problems.Add(fault.ImportKey, "key", "goes with the mode merge")
		}
		if i.Deleted != "" {
			problems.Add(fault.ImportKey, "deleted", "goes with the mode merge")
		}
		return
	}
	i.resolveDeleted(problems)
	i.resolveKey(problems)
}

func (c *Cursor) resolve(table schema.Table, problems *fault.List) {
	column, ok := table.Column(c.Column)
	switch {
	case c.Column == "":
	case !ok:
		problems.Add(fault.ImportCursor, "cursor.column", "the table has no such column")
	case c.Type == "":
		c.Type = column.Type
	case c.Type != column.Type:
		problems.Add(fault.ImportCursor, "cursor.type", "the column is a "+string(column.Type))
	}
}

// check holds a cursor whose type is known, or "", to the mode and to itself.
func (c Cursor) check(mode Mode, problems *fault.List) {
	if mode == FullRefresh {
		problems.Add(fault.ImportCursor, "cursor", "goes with the modes append and merge")
	}
	if c.Column == "" {
		problems.Add(fault.MissingField, "cursor.column", "name a column of the source")
	}
	if !slices.Contains([]Nulls{"", NullsExcluded, NullsIncluded, NullsFail}, c.Nulls) {
		problems.Add(fault.ImportCursor, "cursor.nulls", "must be one of: exclude, include, fail")
	}
	switch {
	case c.Type == "":
	case !slices.Contains([]schema.Type{schema.Timestamp, schema.Date, schema.Int64, schema.String}, c.Type):
		problems.Add(fault.ImportCursor, "cursor.column", "must be a timestamp, date, int64 or string, and is a "+string(c.Type))
	case c.Lookback != 0 && c.Type == schema.String:
		problems.Add(fault.ImportCursor, "cursor.lookback", "does not go with text, which has no distances")
	case c.Lookback < 0 || c.Lookback > maxLookback(c.Type):
		problems.Add(fault.ImportCursor, "cursor.lookback", "must be from 0 to ten years, in the unit of the cursor's type")
	}
}

// resolveDeleted checks the column that deletes. A group_identity's is is_deleted where it is mapped.
func (i *Import) resolveDeleted(problems *fault.List) {
	const flag = "is_deleted"
	if i.Type == GroupIdentity && (i.Deleted == "" || i.Deleted == flag) { // it follows the mapping
		i.Deleted = i.Mapping.of(flag).Target
	}
	if i.Deleted == "" {
		return
	}
	switch n := i.Mapping.at(i.Deleted); {
	case n < 0:
		problems.Add(fault.ImportKey, "deleted", "must be a target of the mapping")
	case i.Mapping[n].Type != "" && i.Mapping[n].Type != schema.Bool:
		problems.Add(fault.ImportKey, "deleted", "must be a bool, and is a "+string(i.Mapping[n].Type))
	}
}

// resolveKey checks the columns that identify a row, fills in those that the type
// has by itself, and makes them required: a row without one of them has no place.
func (i *Import) resolveKey(problems *fault.List) {
	if len(i.Key) == 0 {
		if i.Key = i.ownKey(); len(i.Key) == 0 {
			problems.Add(fault.ImportKey, "key", fmt.Sprintf("name the targets that identify a row: a %s has none by itself", i.Type))
		}
	}
	for n, target := range i.Key {
		field := fmt.Sprintf("key[%d]", n)
		at := i.Mapping.at(target)
		switch {
		case at < 0:
			problems.Add(fault.ImportKey, field, "must be a target of the mapping")
			continue
		case slices.Contains(i.Key[:n], target):
			problems.Add(fault.ImportKey, field, "is named twice")
		case target == i.Deleted:
			problems.Add(fault.ImportKey, field, "says that a row is deleted, and cannot say which")
		case i.Mapping[at].Type == schema.Float64:
			problems.Add(fault.ImportKey, field, "must not be a float64, of which two are hardly ever equal")
		}
		i.Mapping[at].Required = true
	}
}

// ownKey is what identifies a row of the import's type, of what is mapped.
func (i *Import) ownKey() []string {
	var key []string
	switch i.Type {
	case UserProfile:
		key = []string{"identifier", "identifier_type"}
	case IdentityGraph:
		key = []string{"first_id", "second_id", "first_id_type", "second_id_type"}
	case GroupIdentity:
		key = []string{"user_id", "group_id"}
	}
	return slices.DeleteFunc(key, func(target string) bool {
		canonical, _ := i.Type.Canonical(target)
		return !canonical.Required && i.Mapping.at(target) < 0 // one that must be there and is not is the mapping's problem
	})
}

// at is the place of a target, -1 when it is not mapped.
func (m Mapping) at(target string) int {
	return slices.IndexFunc(m, func(c Column) bool { return c.Target == target })
}

// gather adds the faults of an error to problems.
func gather(problems *fault.List, err error) {
	if list, ok := errors.AsType[fault.List](err); ok {
		*problems = append(*problems, list...)
	} else if one, ok := fault.As(err); ok {
		*problems = append(*problems, one)
	}
}

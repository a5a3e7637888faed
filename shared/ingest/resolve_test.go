package ingest_test

import (
	"math"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// merging is an import of the mode merge with a cursor.
func merging() ingest.NewImport {
	n := newImport()
	n.Mode = ingest.Merge
	n.Cursor = &ingest.Cursor{Column: "timestamp", Lookback: 60, Nulls: ingest.NullsFail}
	n.Mapping = append(n.Mapping,
		ingest.Column{Source: "int64", Target: "age"}, ingest.Column{Source: "float64", Target: "score"}, ingest.Column{Source: "bool", Target: "gone"})
	return n
}

func TestCreateResolvesWhatIsIncremental(t *testing.T) {
	identity := ingest.Mapping{{Source: "string", Target: "first_id"}, {Source: "Email", Target: "second_id"}}
	typed := append(identity[:2:2], ingest.Column{Source: "string", Target: "second_id_type"}, ingest.Column{Source: "string", Target: "first_id_type"})
	group := ingest.Mapping{{Source: "string", Target: "user_id"}, {Source: "Email", Target: "group_id"}}
	flagged := append(group[:2:2], ingest.Column{Source: "bool", Target: "is_deleted"})
	for name, test := range map[string]struct {
		change  func(*ingest.NewImport)
		key     []string
		deleted string
		cursor  schema.Type
	}{
		"as it is":         {func(*ingest.NewImport) {}, []string{"identifier"}, "", schema.Timestamp},
		"without a cursor": {func(n *ingest.NewImport) { n.Cursor = nil }, []string{"identifier"}, "", ""},
		"a key of its own": {func(n *ingest.NewImport) { n.Key = []string{"age"} }, []string{"age"}, "", schema.Timestamp},
		"a type of the cursor": {func(n *ingest.NewImport) {
			n.Cursor = &ingest.Cursor{Column: "date", Type: schema.Date, Lookback: 3660}
		}, []string{"identifier"}, "", schema.Date},
		"a typed identifier": {
			func(n *ingest.NewImport) {
				n.Mapping = append(n.Mapping, ingest.Column{Target: "identifier_type", Constant: new("email")})
			},
			[]string{"identifier", "identifier_type"},
			"", schema.Timestamp,
		},
		"a flag": {func(n *ingest.NewImport) { n.Deleted = "gone" }, []string{"identifier"}, "gone", schema.Timestamp},
		"links": {
			func(n *ingest.NewImport) { n.Type, n.Mapping = ingest.IdentityGraph, identity }, []string{"first_id", "second_id"}, "", schema.Timestamp,
		},
		"typed links": {
			func(n *ingest.NewImport) { n.Type, n.Mapping = ingest.IdentityGraph, typed },
			[]string{"first_id", "second_id", "first_id_type", "second_id_type"},
			"", schema.Timestamp,
		},
		"groups": {
			func(n *ingest.NewImport) { n.Type, n.Mapping = ingest.GroupIdentity, group }, []string{"user_id", "group_id"}, "", schema.Timestamp,
		},
		"groups that are left": {
			func(n *ingest.NewImport) { n.Type, n.Mapping = ingest.GroupIdentity, flagged },
			[]string{"user_id", "group_id"},
			"is_deleted", schema.Timestamp,
		},
		"groups that are appended": {
			func(n *ingest.NewImport) { n.Type, n.Mapping, n.Mode = ingest.GroupIdentity, flagged, ingest.Append }, nil, "", schema.Timestamp,
		},
		"activity": {func(n *ingest.NewImport) {
			n.Type, n.Key = ingest.UserActivity, []string{"event_id"}
			n.Mapping = ingest.Mapping{
				{Source: "Email", Target: "identifier"},
				{Source: "timestamp", Target: "event_time"},
				{Target: "event_name", Constant: new("seen")},
				{Source: "string", Target: "event_id"},
			}
		}, []string{"event_id"}, "", schema.Timestamp},
		"a query": {func(n *ingest.NewImport) {
			n.Table, n.Query, n.Cursor.Type, n.Key = "", "SELECT 1", schema.Timestamp, []string{"identifier", "age"}
		}, []string{"identifier", "age"}, "", schema.Timestamp},
		"a query with a flag of an unknown type": {func(n *ingest.NewImport) {
			n.Table, n.Query, n.Cursor, n.Deleted = "", "SELECT 1", nil, "gone"
		}, []string{"identifier"}, "gone", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, n := newWorld(), merging()
			test.change(&n)
			i, err := w.service().Create(t.Context(), "w", "ada", n)
			ok(t, err)
			var cursor schema.Type
			if i.Cursor != nil {
				cursor = i.Cursor.Type
			}
			same(t, "key", test.key, i.Key)
			if i.Deleted != test.deleted || cursor != test.cursor {
				t.Errorf("deleted by %q with a cursor of type %q, want %q and %q", i.Deleted, cursor, test.deleted, test.cursor)
			}
			for _, c := range i.Mapping {
				if required := strings.Contains(strings.Join(test.key, " ")+" ", c.Target+" "); required && !c.Required {
					t.Errorf("%s is of the key and not required", c.Target)
				}
			}
			same(t, "as it is stored", i, w.get(t, i))
			same(t, "workspaces whose keys were made", []string{"w"}, w.keyed)
			if i.Query == "" {
				again, err := i.Resolve(people())
				ok(t, err)
				same(t, "resolved again", i, again)
			}
		})
	}
}

func TestCreateRefusesWhatCannotBeIncremental(t *testing.T) {
	at := func(code fault.Code, fields ...string) []problem {
		var want []problem
		for _, field := range fields {
			want = append(want, problem{code, field})
		}
		return want
	}
	for name, test := range map[string]struct {
		change func(*ingest.NewImport)
		want   []problem
	}{
		"a cursor of nothing":           {func(n *ingest.NewImport) { n.Cursor.Column = "" }, at(fault.MissingField, "cursor.column")},
		"a cursor that is not there":    {func(n *ingest.NewImport) { n.Cursor.Column = "none" }, at(fault.ImportCursor, "cursor.column")},
		"a cursor without order":        {func(n *ingest.NewImport) { n.Cursor.Column = "json" }, at(fault.ImportCursor, "cursor.column")},
		"a cursor that rounds":          {func(n *ingest.NewImport) { n.Cursor.Column = "float64" }, at(fault.ImportCursor, "cursor.column")},
		"a cursor of another type":      {func(n *ingest.NewImport) { n.Cursor.Type = schema.Date }, at(fault.ImportCursor, "cursor.type")},
		"a lookback of text":            {func(n *ingest.NewImport) { n.Cursor.Column = "string" }, at(fault.ImportCursor, "cursor.lookback")},
		"a lookback ahead":              {func(n *ingest.NewImport) { n.Cursor.Lookback = -1 }, at(fault.ImportCursor, "cursor.lookback")},
		"a lookback of eleven years":    {func(n *ingest.NewImport) { n.Cursor.Lookback = 11 * 366 * 86400 }, at(fault.ImportCursor, "cursor.lookback")},
		"a cursor of a long name":       {func(n *ingest.NewImport) { n.Cursor.Column = strings.Repeat("x", 1025) }, at(fault.ImportCursor, "cursor.column")},
		"a key of everything":           {func(n *ingest.NewImport) { n.Key = make([]string, 33) }, at(fault.ImportKey, "key")},
		"other nulls":                   {func(n *ingest.NewImport) { n.Cursor.Nulls = "null" }, at(fault.ImportCursor, "cursor.nulls")},
		"a cursor of a full refresh":    {func(n *ingest.NewImport) { n.Mode = ingest.FullRefresh }, at(fault.ImportCursor, "cursor")},
		"a key of an append":            {func(n *ingest.NewImport) { n.Mode, n.Key = ingest.Append, []string{"age"} }, at(fault.ImportKey, "key")},
		"a flag of an append":           {func(n *ingest.NewImport) { n.Mode, n.Deleted = ingest.Append, "gone" }, at(fault.ImportKey, "deleted")},
		"a key that is not mapped":      {func(n *ingest.NewImport) { n.Key = []string{"identifier", "none"} }, at(fault.ImportKey, "key[1]")},
		"a key named twice":             {func(n *ingest.NewImport) { n.Key = []string{"age", "age"} }, at(fault.ImportKey, "key[1]")},
		"a key that rounds":             {func(n *ingest.NewImport) { n.Key = []string{"score"} }, at(fault.ImportKey, "key[0]")},
		"a key that says it is deleted": {func(n *ingest.NewImport) { n.Key, n.Deleted = []string{"gone"}, "gone" }, at(fault.ImportKey, "key[0]")},
		"a flag that is not mapped":     {func(n *ingest.NewImport) { n.Deleted = "none" }, at(fault.ImportKey, "deleted")},
		"a flag that is a number":       {func(n *ingest.NewImport) { n.Deleted = "age" }, at(fault.ImportKey, "deleted")},
		"activity without a key": {func(n *ingest.NewImport) {
			n.Type = ingest.UserActivity
			n.Mapping = ingest.Mapping{{Source: "Email", Target: "identifier"}, {Source: "timestamp", Target: "event_time"}, {Target: "event_name", Constant: new("x")}}
		}, at(fault.ImportKey, "key")},
		"a column of the system's": {
			func(n *ingest.NewImport) {
				n.Mapping = append(n.Mapping, ingest.Column{Source: "date", Target: "_hw_row"})
			},
			at(fault.ImportMapping, "mapping[4].target"),
		},
		"a query whose cursor has no type": {func(n *ingest.NewImport) { n.Table, n.Query = "", "SELECT 1" }, at(fault.ImportCursor, "cursor.type")},
		"everything at once": {
			func(n *ingest.NewImport) {
				n.Mapping[1].Source, n.Cursor.Column, n.Key, n.Deleted = "none", "none", []string{"none"}, "score"
			},
			[]problem{
				{fault.ImportColumn, "mapping[1].source"},
				{fault.ImportCursor, "cursor.column"},
				{fault.ImportKey, "deleted"},
				{fault.ImportKey, "key[0]"},
			},
		},
		"other proof":           {func(n *ingest.NewImport) { n.Proof = "maybe" }, at(fault.InvalidRequest, "proof")},
		"a precedence too high": {func(n *ingest.NewImport) { n.Precedence = 1001 }, at(fault.InvalidRequest, "precedence")},
		"guards that are none": {
			func(n *ingest.NewImport) {
				n.Guards = ingest.Guards{
					MaximumRejectedRows: new(int64(-1)), MaximumRejectedShare: new(1.1),
					Volume: ingest.Guard{Limit: new(math.Inf(1))}, Deletes: ingest.Guard{Limit: new(math.NaN())},
					MissingIdentifiers: ingest.Guard{Limit: new(-0.1), Action: "warn"}, Hubs: ingest.Guard{Limit: new(2.0)},
					HubLinks: -1, HoldHours: -1, OnExpiry: "wait",
				}
			},
			at(fault.ImportGuards, "guards.maximum_rejected_rows", "guards.maximum_rejected_share", "guards.volume.limit", "guards.deletes.limit",
				"guards.missing_identifiers.limit", "guards.missing_identifiers.action", "guards.hubs.limit", "guards.hub_links", "guards.hubs",
				"guards.hold_hours", "guards.on_expiry"),
		},
		"hubs without links": {func(n *ingest.NewImport) { n.Guards.HubLinks = 5 }, at(fault.ImportGuards, "guards.hubs")},
	} {
		t.Run(name, func(t *testing.T) {
			w, n := newWorld(), merging()
			test.change(&n)
			_, err := w.service().Create(t.Context(), "w", "ada", n)
			same(t, "problems", test.want, problems(err))
			all, err := w.store.Imports(t.Context(), "w", "", 10)
			if err != nil || len(all) > 0 || len(w.keyed) > 0 {
				t.Errorf("%d imports were created, %v, and keys of %v made", len(all), err, w.keyed)
			}
		})
	}
}

// An import without its workspace's keys could not keep what it rejects.
func TestCreateNeedsTheWorkspacesKeys(t *testing.T) {
	w := newWorld()
	w.keysErr = fault.New(fault.Unavailable, "m")
	_, err := w.service().Create(t.Context(), "w", "ada", newImport())
	fails(t, err, fault.Unavailable)
	all, err := w.store.Imports(t.Context(), "w", "", 10)
	if err != nil || len(all) > 0 {
		t.Errorf("something was created: %v, %v", all, err)
	}
}

// A source whose columns have changed under an import is told when a run is planned.
func TestResolveAgainstAChangedTable(t *testing.T) {
	w := newWorld()
	i, err := w.service().Create(t.Context(), "w", "ada", merging())
	ok(t, err)
	changed := people()
	for n := range changed.Columns {
		switch changed.Columns[n].Name {
		case "timestamp":
			changed.Columns[n].Type = schema.Int64
		case "bool":
			changed.Columns[n].Name = "flag"
		}
	}
	_, err = i.Resolve(changed)
	same(t, "problems", []problem{{fault.ImportColumn, "mapping[3].source"}, {fault.ImportCursor, "cursor.type"}}, problems(err))
}

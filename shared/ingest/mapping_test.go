package ingest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

func TestResolve(t *testing.T) {
	const at = "mapping[0]."
	email := ingest.Column{Source: "Email", Target: "identifier"}
	with := func(c ...ingest.Column) ingest.Mapping { return append(ingest.Mapping{email}, c...) }
	activity := func(c ...ingest.Column) ingest.Mapping {
		return append(with(ingest.Column{Source: "Happened", Target: "event_time"}), c...)
	}
	link := func(more ...string) ingest.Mapping {
		m := ingest.Mapping{{Source: "Email", Target: "first_id"}, {Source: "string", Target: "second_id"}}
		for _, target := range more {
			m = append(m, ingest.Column{Source: "string", Target: target})
		}
		return m
	}
	for name, test := range map[string]struct {
		kind    ingest.Type
		mapping ingest.Mapping
		want    []problem
	}{
		"the least":               {ingest.UserProfile, with(), nil},
		"a trait":                 {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "age"}), nil},
		"one source twice":        {ingest.UserProfile, with(ingest.Column{Source: "Email", Target: "email"}), nil},
		"nothing":                 {ingest.UserProfile, nil, []problem{{fault.ImportIdentifier, "mapping"}}},
		"no identifier":           {ingest.UserProfile, ingest.Mapping{{Source: "Email", Target: "email"}}, []problem{{fault.ImportIdentifier, "mapping"}}},
		"an activity's three":     {ingest.UserActivity, nil, []problem{{fault.ImportIdentifier, "mapping"}, {fault.ImportIdentifier, "mapping"}, {fault.ImportIdentifier, "mapping"}}},
		"no target":               {ingest.UserProfile, with(ingest.Column{Source: "int64"}), []problem{{fault.MissingField, "mapping[1].target"}}},
		"no source":               {ingest.UserProfile, ingest.Mapping{{Target: "identifier"}}, []problem{{fault.MissingField, at + "source"}}},
		"an unknown source":       {ingest.UserProfile, ingest.Mapping{{Source: "email", Target: "identifier"}}, []problem{{fault.ImportColumn, at + "source"}}},
		"a target twice":          {ingest.UserProfile, with(email), []problem{{fault.ImportMapping, "mapping[1].target"}}},
		"an upper-case target":    {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "Age"}), []problem{{fault.ImportMapping, "mapping[1].target"}}},
		"a target with a digit":   {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "1st"}), []problem{{fault.ImportMapping, "mapping[1].target"}}},
		"a target that is SQL":    {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: `a"; drop`}), []problem{{fault.ImportMapping, "mapping[1].target"}}},
		"a target of two lines":   {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "a\n"}), []problem{{fault.ImportMapping, "mapping[1].target"}}},
		"a long target":           {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: strings.Repeat("a", 64)}), []problem{{fault.ImportMapping, "mapping[1].target"}}},
		"a target of the system":  {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "_hw_age"}), []problem{{fault.ImportMapping, "mapping[1].target"}}},
		"two types of a link":     {ingest.IdentityGraph, link("first_id_type", "second_id_type"), nil},
		"a link's first type":     {ingest.IdentityGraph, link("first_id_type"), []problem{{fault.ImportMapping, "mapping[2].target"}}},
		"a link's second type":    {ingest.IdentityGraph, link("second_id_type"), []problem{{fault.ImportMapping, "mapping[2].target"}}},
		"a keyed hash":            {ingest.UserProfile, with(ingest.Column{Source: "string", Target: "x", Transforms: []ingest.Transform{ingest.E164, ingest.HMACSHA256}}), nil},
		"a keyed hash as address": {ingest.UserProfile, with(ingest.Column{Source: "string", Target: "x", Transforms: []ingest.Transform{ingest.HMACSHA256, ingest.Email}}), []problem{{fault.ImportMapping, "mapping[1].transforms[1]"}}},
		"a column graphs lack":    {ingest.IdentityGraph, ingest.Mapping{{Source: "Email", Target: "first_id"}, {Source: "string", Target: "second_id"}, {Source: "int64", Target: "age"}}, []problem{{fault.ImportMapping, "mapping[2].target"}}},
		"an unknown type":         {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "age", Type: "int"}), []problem{{fault.ImportMapping, "mapping[1].type"}}},
		"a type of its own":       {ingest.UserProfile, ingest.Mapping{{Source: "int64", Target: "identifier", Type: schema.Int64}}, []problem{{fault.ImportMapping, at + "type"}}},
		"bytes as identifier":     {ingest.UserProfile, ingest.Mapping{{Source: "bytes", Target: "identifier"}}, []problem{{fault.ImportMapping, at + "type"}}},
		"not castable":            {ingest.UserProfile, with(ingest.Column{Source: "bool", Target: "x", Type: schema.Date}), []problem{{fault.ImportMapping, "mapping[1].type"}}},
		"an unknown transform":    {ingest.UserProfile, with(ingest.Column{Source: "string", Target: "x", Transforms: []ingest.Transform{"trim", "md5"}}), []problem{{fault.ImportMapping, "mapping[1].transforms[1]"}}},
		"a number transformed":    {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "x", Type: schema.Int64, Transforms: []ingest.Transform{"trim"}}), []problem{{fault.ImportMapping, "mapping[1].transforms[0]"}}},
		"a constant":              {ingest.UserActivity, activity(ingest.Column{Target: "event_name", Constant: new("bought")}), nil},
		"a constant of a type":    {ingest.UserProfile, with(ingest.Column{Target: "x", Type: schema.Date, Constant: new("2024-02-29")}), nil},
		"an empty constant":       {ingest.UserProfile, with(ingest.Column{Target: "x", Constant: new("")}), nil},
		"a default":               {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "x", Default: new("0")}), nil},
		"a constant no number":    {ingest.UserProfile, with(ingest.Column{Target: "x", Type: schema.Int64, Constant: new("many")}), []problem{{fault.ImportMapping, "mapping[1].constant"}}},
		"a constant no type":      {ingest.UserProfile, with(ingest.Column{Target: "x", Type: "int", Constant: new("1")}), []problem{{fault.ImportMapping, "mapping[1].type"}}},
		"a constant identifier":   {ingest.UserProfile, ingest.Mapping{{Target: "identifier", Constant: new("a")}}, []problem{{fault.ImportMapping, at + "constant"}}},
		"a default identifier":    {ingest.UserProfile, ingest.Mapping{{Source: "Email", Target: "identifier", Default: new("a")}}, []problem{{fault.ImportMapping, at + "default"}}},
		"an event of no name":     {ingest.UserActivity, activity(ingest.Column{Target: "event_name", Constant: new("")}), []problem{{fault.ImportMapping, "mapping[2].constant"}}},
		"a default of no name":    {ingest.UserActivity, activity(ingest.Column{Source: "string", Target: "event_name", Default: new("")}), []problem{{fault.ImportMapping, "mapping[2].default"}}},
		"a default no number":     {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "x", Default: new("none")}), []problem{{fault.ImportMapping, "mapping[1].default"}}},
		"an e-mail address":       {ingest.UserProfile, ingest.Mapping{{Source: "Email", Target: "identifier", Transforms: []ingest.Transform{ingest.Email, ingest.SHA256}, OnInvalid: ingest.Quarantine}}, nil},
		"a phone number":          {ingest.UserProfile, with(ingest.Column{Source: "int64", Target: "x", Transforms: []ingest.Transform{ingest.E164}, Region: "DE", OnInvalid: ingest.Null}), nil},
		"a hash as an address":    {ingest.UserProfile, with(ingest.Column{Source: "string", Target: "x", Transforms: []ingest.Transform{ingest.SHA256, ingest.Lower, ingest.Email}}), []problem{{fault.ImportMapping, "mapping[1].transforms[2]"}}},
		"on_invalid of what is":   {ingest.UserProfile, with(ingest.Column{Source: "string", Target: "x", Transforms: []ingest.Transform{ingest.Email}, OnInvalid: "drop"}), []problem{{fault.ImportMapping, "mapping[1].on_invalid"}}},
		"on_invalid of anything":  {ingest.UserProfile, with(ingest.Column{Source: "string", Target: "x", Transforms: []ingest.Transform{ingest.Trim}, OnInvalid: ingest.Null}), []problem{{fault.ImportMapping, "mapping[1].on_invalid"}}},
		"an unknown region":       {ingest.UserProfile, with(ingest.Column{Source: "string", Target: "x", Transforms: []ingest.Transform{ingest.E164}, Region: "UK"}), []problem{{fault.ImportMapping, "mapping[1].region"}}},
		"a region of addresses":   {ingest.UserProfile, with(ingest.Column{Source: "string", Target: "x", Transforms: []ingest.Transform{ingest.Email}, Region: "DE"}), []problem{{fault.ImportMapping, "mapping[1].region"}}},
		"a region of a constant":  {ingest.UserProfile, with(ingest.Column{Target: "x", Constant: new("1"), Region: "DE", OnInvalid: ingest.Null}), []problem{{fault.ImportMapping, "mapping[1].on_invalid"}, {fault.ImportMapping, "mapping[1].region"}}},
		"a part":                  {ingest.UserProfile, with(ingest.Column{Source: "string", Path: "address.city", Target: "x", Type: schema.Int64}), nil},
		"a part of what has none": {ingest.UserProfile, with(ingest.Column{Source: "int64", Path: "a", Target: "x"}), []problem{{fault.ImportMapping, "mapping[1].path"}}},
		"a part as bytes":         {ingest.UserProfile, with(ingest.Column{Source: "string", Path: "a", Target: "x", Type: schema.Bytes}), []problem{{fault.ImportMapping, "mapping[1].type"}}},
		"no path":                 {ingest.UserProfile, with(ingest.Column{Source: "string", Path: "a..b", Target: "x"}), []problem{{fault.ImportMapping, "mapping[1].path"}}},
		"a part of a constant":    {ingest.UserProfile, with(ingest.Column{Path: "a", Target: "x", Constant: new("1")}), []problem{{fault.ImportMapping, "mapping[1].path"}}},
		"a constant and more": {
			ingest.UserProfile,
			with(ingest.Column{Source: "int64", Target: "x", Constant: new("1"), Default: new("1"), Transforms: []ingest.Transform{ingest.Trim}}),
			[]problem{{fault.ImportMapping, "mapping[1].source"}, {fault.ImportMapping, "mapping[1].transforms"}, {fault.ImportMapping, "mapping[1].default"}},
		},
		"everything wrong at once": {
			ingest.IdentityGraph,
			ingest.Mapping{{Source: "Email", Target: "first_id"}, {Source: "nothing", Target: "First"}, {Source: "bool", Target: "linked_at", Type: schema.Date}},
			[]problem{
				{fault.ImportMapping, "mapping[1].target"},
				{fault.ImportColumn, "mapping[1].source"},
				{fault.ImportMapping, "mapping[2].type"},
				{fault.ImportMapping, "mapping[2].type"},
				{fault.ImportIdentifier, "mapping"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(test.mapping)
			_, err := test.mapping.Resolve(test.kind, people())
			same(t, "problems", test.want, problems(err))
			same(t, "the mapping that was given", before, test.mapping)
		})
	}
}

func TestResolveFillsIn(t *testing.T) {
	got, err := ingest.Mapping{
		{Source: "int64", Target: "identifier"},
		{Source: "Happened", Target: "event_time"},
		{Source: "Email", Target: "event_name", Transforms: []ingest.Transform{ingest.Lower}},
		{Source: "decimal", Target: "price"},
		{Source: "int64", Target: "hashed", Transforms: []ingest.Transform{ingest.SHA256}},
		{Source: "string", Target: "amount", Type: schema.Float64, Required: true},
		{Target: "channel", Constant: new("web")},
	}.Resolve(ingest.UserActivity, people())
	ok(t, err)
	same(t, "mapping", ingest.Mapping{
		{Source: "int64", Target: "identifier", Type: schema.String, Required: true},
		{Source: "Happened", Target: "event_time", Type: schema.Timestamp, Required: true},
		{Source: "Email", Target: "event_name", Type: schema.String, Required: true, Transforms: []ingest.Transform{ingest.Lower}},
		{Source: "decimal", Target: "price", Type: schema.Decimal},
		{Source: "int64", Target: "hashed", Type: schema.String, Transforms: []ingest.Transform{ingest.SHA256}},
		{Source: "string", Target: "amount", Type: schema.Float64, Required: true},
		{Target: "channel", Type: schema.String, Constant: new("web")},
	}, got)
	same(t, "sources", []string{"int64", "Happened", "Email", "decimal", "string"}, got.Sources())

	i := ingest.Import{ID: "imp_1", Type: ingest.UserActivity, Mapping: got}
	same(t, "lake columns", []schema.Column{
		{Name: "identifier", Type: schema.String},
		{Name: "event_time", Type: schema.Timestamp},
		{Name: "event_name", Type: schema.String},
		{Name: "price", Type: schema.Decimal, Nullable: true, Precision: 38, Scale: 9},
		{Name: "hashed", Type: schema.String, Nullable: true},
		{Name: "amount", Type: schema.Float64},
		{Name: "channel", Type: schema.String, Nullable: true},
	}, i.LakeColumns())
	if got := i.TableName(); got != "user_activity_imp_1" {
		t.Errorf("table %s", got)
	}
}

// The types of a link change places with its identifiers, so what one must have the other must have too.
func TestTheTypesOfALinkAreRequiredTogether(t *testing.T) {
	got, err := ingest.Mapping{
		{Source: "Email", Target: "first_id"},
		{Source: "string", Target: "first_id_type"},
		{Source: "int64", Target: "second_id"},
		{Target: "second_id_type", Constant: new("device"), Required: true},
	}.Resolve(ingest.IdentityGraph, people())
	ok(t, err)
	same(t, "mapping", ingest.Mapping{
		{Source: "Email", Target: "first_id", Type: schema.String, Required: true},
		{Source: "string", Target: "first_id_type", Type: schema.String, Required: true},
		{Source: "int64", Target: "second_id", Type: schema.String, Required: true},
		{Target: "second_id_type", Type: schema.String, Constant: new("device"), Required: true},
	}, got)
}

func TestCanonicals(t *testing.T) {
	for _, kind := range []ingest.Type{ingest.UserProfile, ingest.UserActivity, ingest.IdentityGraph, ingest.GroupIdentity} {
		columns := kind.Canonicals()
		if len(columns) == 0 || !columns[0].Required || columns[0].Type != schema.String {
			t.Errorf("%s does not begin with a required text to look up by", kind)
		}
	}
	if ingest.Type("other").Canonicals() != nil {
		t.Error("an unknown type has columns")
	}
}

func TestCastable(t *testing.T) {
	// Every pair that can be cast, beside a type to itself and everything but bytes to text.
	want := map[schema.Type]string{
		schema.String:    "int64 float64 decimal bool date timestamp time json",
		schema.Int64:     "float64 decimal bool",
		schema.Float64:   "int64 decimal",
		schema.Decimal:   "int64 float64",
		schema.JSON:      "int64 float64 decimal bool",
		schema.Date:      "timestamp",
		schema.Timestamp: "date",
	}
	for _, from := range schema.Types() {
		for _, to := range schema.Types() {
			expected := from == to || to == schema.String && from != schema.Bytes || slices.Contains(strings.Fields(want[from]), string(to))
			if got := ingest.Castable(from, to); got != expected {
				t.Errorf("Castable(%s, %s) = %t", from, to, got)
			}
		}
	}
}

func TestIsLiteral(t *testing.T) {
	for kind, texts := range map[schema.Type]struct{ good, bad []string }{
		schema.String:    {[]string{"", " x", "größe"}, nil},
		schema.Int64:     {[]string{"0", "-7", "9223372036854775807"}, []string{"", "+1", "1.0", "9223372036854775808", "1_000"}},
		schema.Float64:   {[]string{"0.25", "-1e3", "1E-300"}, []string{"", ".5", "NaN", "Infinity", "1e999", "0x1p3", "1,5"}},
		schema.Decimal:   {[]string{"12.34", "-0.000000001"}, []string{"", "1e3", "0.0000000001", "100000000000000000000000000000", "."}},
		schema.Bool:      {[]string{"true", "false"}, []string{"", "1", "TRUE", "yes"}},
		schema.Date:      {[]string{"2024-02-29"}, []string{"", "2023-02-29", "0000-01-01", "24-02-29", "2024-02-29T00:00:00Z"}},
		schema.Timestamp: {[]string{"2024-02-29T10:00:00Z", "2024-02-29T10:00:00.123456+05:30"}, []string{"", "2024-02-29", "2024-02-29T10:00:00", "2024-02-29T10:00:00,5Z", "2024-02-29T10:00:00.1234567Z", "2024-02-29T10:00:00+24:00", "0000-01-01T00:00:00Z"}},
		schema.Time:      {[]string{"10:00:00", "23:59:59.999999"}, []string{"", "24:00:00", "10:00", "10:00:00.1234567"}},
		schema.Bytes:     {[]string{"", "AP8="}, []string{"AP8", "hello!"}},
		schema.JSON:      {[]string{"null", `{"a":[1]}`, `"x"`}, []string{"", "{", "NaN"}},
		"unknown":        {nil, []string{"", "x"}},
	} {
		for _, text := range texts.good {
			if !ingest.IsLiteral(kind, text) {
				t.Errorf("%q is refused as %s", text, kind)
			}
		}
		for _, text := range texts.bad {
			if ingest.IsLiteral(kind, text) {
				t.Errorf("%q is taken as %s", text, kind)
			}
		}
	}
}

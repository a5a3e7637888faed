package pipeline_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
)

func TestNormalise(t *testing.T) {
	local64, label63 := strings.Repeat("a", 64), strings.Repeat("b", 63)
	for name, test := range map[string]struct {
		column ingest.Column
		good   map[string]string
		bad    []string
	}{
		"email": {
			ingest.Column{Transforms: []ingest.Transform{ingest.Email}},
			map[string]string{
				"ada@example.com":               "ada@example.com",
				" Ada.Lovelace@Example.COM\t\n": "ada.lovelace@example.com",
				"a+b.c@x.example":               "a+b.c@x.example",
				"!#$%&'*+-/=?^_`{|}~@x.io":      "!#$%&'*+-/=?^_`{|}~@x.io",
				"1@2.3a":                        "1@2.3a",
				"JÜRGEN@Bücher.example":         "jürgen@xn--bcher-kva.example",
				"a@日本.jp":                       "a@xn--wgv71a.jp",
				local64 + "@x.io":               local64 + "@x.io",
				"a@" + label63 + ".io":          "a@" + label63 + ".io",
			},
			[]string{
				"", " ", "@", "a", "a@", "@x.io", "a@x", "a@@x.io", "a@b@x.io", ".a@x.io", "a.@x.io", "a..b@x.io", "a b@x.io", "a@x .io", "a@.io", "a@x.", "a@x..io",
				"a@-x.io", "a@x-.io", "a@x.io.", "a@1.2.3.4", "a@[1.2.3.4]", `"a b"@x.io`, "Ada <a@x.io>", "a@x_y.io", "a\x00@x.io", "a@x.io,b@x.io", "mailto:a@x.io\x7f", "\xff@x.io", "a@\xff.io",
				local64 + "a@x.io", "a@" + label63 + "b.io", "a@" + strings.Repeat(label63+".", 4) + "io", "a@xn--ü.io", "a\u00a0b@x.io",
			},
		},
		"phone numbers of Germany": {
			ingest.Column{Transforms: []ingest.Transform{ingest.E164}, Region: "DE"},
			map[string]string{
				"030 1234567": "+49301234567", "(030) 123-4567": "+49301234567", "+49 30 1234567": "+49301234567", "0049301234567": "+49301234567",
				"+1 650-253-0000": "+16502530000", "0151 23456789": "+4915123456789", "tel:+1-650-253-0000": "+16502530000", "+39 06 12345678": "+390612345678",
			},
			[]string{"", " ", "+", "0", "n/a", "12", "+49", "+999 12345678", "030 1234567 ext. 5", "tel:+1-650-253-0000;ext=3", strings.Repeat("1", 300), "\xff"},
		},
		"international numbers": {
			ingest.Column{Transforms: []ingest.Transform{ingest.E164}},
			map[string]string{"+1 (650) 253 0000": "+16502530000", "+800 1234 5678": "+80012345678"},
			[]string{"030 1234567", "0049301234567", "6502530000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rule := string(test.column.Transforms[0])
			var want []any
			var values []any
			for in, out := range test.good {
				values, want = append(values, in), append(want, out)
			}
			for _, in := range test.bad {
				values = append(values, in)
			}
			values, test.column.Type = append(values, nil), schema.String
			alloc := checked(t)
			in := build(t, alloc, text, values...)
			defer in.Release()

			result := onto(t, alloc, in, test.column)
			defer result.Release()
			if diff := cmp.Diff(append(slices.Clone(want), nil), cells(t, result.Record.Column(0))); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			for i, r := range result.Rejects {
				if r.Rule != rule || r.Column != "c" || r.Origin != int64(len(want)+i+1) || r.Reason == "" {
					t.Errorf("reject %d: %+v", i, r)
				}
			}
			if len(result.Rejects) != len(test.bad) {
				t.Errorf("%d rejects, want %d", len(result.Rejects), len(test.bad))
			}

			test.column.OnInvalid = ingest.Null
			nulled := onto(t, alloc, in, test.column)
			defer nulled.Release()
			if diff := cmp.Diff(append(want, make([]any, len(test.bad)+1)...), cells(t, nulled.Record.Column(0))); diff != "" || len(nulled.Rejects) > 0 {
				t.Errorf("rejects %v, values where what is refused becomes null (-want +got):\n%s", nulled.Rejects, diff)
			}
			if got := nulled.Record.Column(0).NullN(); got != len(test.bad)+1 {
				t.Errorf("%d nulls, want %d", got, len(test.bad)+1)
			}
		})
	}
}

// What becomes null may be filled by a default, and is missed where it is required.
func TestNullOfWhatIsRefused(t *testing.T) {
	alloc, none := checked(t), "none"
	in := build(t, alloc, text, "skipped", "a@x.io", "b", nil)
	defer in.Release()
	slice := array.NewSlice(in, 1, 4)
	defer slice.Release()
	column := ingest.Column{Type: schema.String, Transforms: []ingest.Transform{ingest.Email}, OnInvalid: ingest.Null, Required: true}
	missed := onto(t, alloc, slice, column)
	defer missed.Release()
	if len(missed.Rejects) != 2 || missed.Rejects[0].Rule != pipeline.RuleRequired || missed.Rejects[1].Rule != pipeline.RuleRequired {
		t.Errorf("got %+v", missed.Rejects)
	}
	column.Default = &none
	filled := onto(t, alloc, slice, column)
	defer filled.Release()
	if diff := cmp.Diff([]any{"a@x.io", "none", "none"}, cells(t, filled.Record.Column(0))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The regions that a mapping may name are those that have numbers.
func TestRegions(t *testing.T) {
	want := slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions()))
	if diff := cmp.Diff(want, ingest.Regions()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPhoneNumbersOfAnyText(t *testing.T) {
	written := regexp.MustCompile(`^\+[1-9][0-9]{4,16}$`)
	numbers := rapid.OneOf(texts(), rapid.StringMatching(`\+?[0-9 ()./-]{0,20}(( ext\.? ?|;ext=|x)[0-9]{1,5})?`), rapid.StringMatching(`\+(1|44|49|39|55|800)[0-9]{6,12}`))
	rapid.Check(t, func(rt *rapid.T) {
		alloc := checked(t)
		values := rapid.SliceOfN(rapid.Map(numbers, func(s string) any { return s }), 1, 20).Draw(rt, "values")
		in := build(t, alloc, text, values...)
		defer in.Release()
		column := ingest.Column{Type: schema.String, Transforms: []ingest.Transform{ingest.E164}, Region: rapid.SampledFrom(ingest.Regions()).Draw(rt, "region")}
		result := onto(t, alloc, in, column)
		defer result.Release()
		if got := int(result.Record.NumRows()) + len(result.Rejects); got != len(values) {
			rt.Errorf("%d of %d rows", got, len(values))
		}
		for _, v := range cells(t, result.Record.Column(0)) {
			if !written.MatchString(v.(string)) {
				rt.Errorf("%q is not in E.164", v)
			}
		}
	})
}

package lookupapi_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/audience"
	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/lookupapi"
)

// counter stands where audiences are counted.
type counter struct {
	workspace  string
	expression audience.Expression
	sample     int
	err        error
}

func (c *counter) Preview(_ context.Context, workspaceID string, e audience.Expression, sample int) (audience.Preview, error) {
	c.workspace, c.expression, c.sample = workspaceID, e, sample
	return audience.Preview{Count: 1 << 40, Sample: []string{"ada"}, RowsScanned: 7}, c.err
}

func audienceClient(t *testing.T, c *counter) *contracttest.Client {
	return contracttest.New(t, lookupapi.New(slog.New(slog.DiscardHandler), contracttest.Identify, lookupapi.Services{Audiences: c}))
}

// Every field of the document's expression arrives.
func TestAudiencePreview(t *testing.T) {
	c := &counter{}
	answer := audienceClient(t, c).Do(t, contracttest.Request{Caller: acme, Target: "/v1/audiences:preview", Body: `{"sample": 5, "expression": {"all": [
		{"trait": {"name": "plan", "op": "in", "values": ["a", "b"], "or_null": true}},
		{"any": [{"not": {"group": {"ids": ["g"]}}}]},
		{"activity": {"event": "order", "within_days": 3, "to": "2026-03-01T00:00:00Z", "at_least": 1, "at_most": 2,
			"where": [{"property": "amount", "op": "ge", "values": ["10"], "or_null": true}]}},
		{"activity": {"from": "2026-02-01T00:00:00+01:00"}}]}}`})
	got := contracttest.Into[lookupapi.AudiencePreview](t, answer, 200)
	if want := (lookupapi.AudiencePreview{Count: 1 << 40, Sample: []string{"ada"}, RowsScanned: 7}); !cmp.Equal(want, got) || c.workspace != "acme" || c.sample != 5 {
		t.Errorf("%s, asked for %d of %s", answer.Body, c.sample, c.workspace)
	}
	want := audience.Expression{All: []audience.Expression{
		{Trait: &audience.Trait{Name: "plan", Op: "in", Values: []string{"a", "b"}, OrNull: true}},
		{Any: []audience.Expression{{Not: &audience.Expression{Group: &audience.Group{IDs: []string{"g"}}}}}},
		{Activity: &audience.Activity{
			Event: "order", WithinDays: new(int64(3)), To: new(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)), AtLeast: new(int64(1)), AtMost: new(int64(2)),
			Where: []audience.Property{{Property: "amount", Op: "ge", Values: []string{"10"}, OrNull: true}},
		}},
		{Activity: &audience.Activity{From: new(time.Date(2026, 1, 31, 23, 0, 0, 0, time.UTC))}},
	}}
	if diff := cmp.Diff(want, c.expression); diff != "" {
		t.Errorf("expression (-want +got):\n%s", diff)
	}
}

func TestAudienceSample(t *testing.T) {
	for text, want := range map[string]int{``: 20, `, "sample": 0`: 0, `, "sample": 100`: 100} {
		c := &counter{}
		answer := audienceClient(t, c).Do(t, contracttest.Request{Caller: acme, Target: "/v1/audiences:preview", Body: `{"expression": {"activity": {}}` + text + `}`})
		if answer.Status != 200 || c.sample != want {
			t.Errorf("%s: %d, asked for %d", text, answer.Status, c.sample)
		}
	}
}

func TestAudienceFailures(t *testing.T) {
	invalid := fault.List{fault.Field(fault.AudienceInvalid, "expression.all[0].trait.name", "is not known"), fault.Field(fault.AudienceInvalid, "expression.all[1]", "is empty")}
	const fine = `{"expression": {"activity": {}}}`
	for name, test := range map[string]struct {
		who    *caller.Caller
		body   string
		err    error
		status int
		fields map[string]string
	}{
		"no permission": {&caller.Caller{WorkspaceID: "acme", Permissions: []string{caller.ImportsRead}}, fine, nil, 403, map[string]string{}},
		"not valid":     {acme, fine, invalid, 422, map[string]string{"expression.all[0].trait.name": "audience.invalid", "expression.all[1]": "audience.invalid"}},
		"too large":     {acme, fine, fault.New(fault.AudienceTooLarge, "the tables have 12 rows"), 422, map[string]string{}},
		"no expression": {acme, `{}`, nil, 422, map[string]string{"expression": "request.missing_field"}},
		"unknown":       {acme, `{"expression": {"any": [{"trait": {"name": "a", "op": "eq", "value": "x"}}]}}`, nil, 400, map[string]string{"expression.any[0].trait.value": "request.unknown_field"}},
		"untyped":       {acme, `{"expression": {"trait": {"name": "a", "op": "eq", "values": [1]}}}`, nil, 422, map[string]string{"expression.trait.values[0]": "request.invalid"}},
		"sample":        {acme, `{"expression": {"activity": {}}, "sample": 101}`, nil, 422, map[string]string{"sample": "request.invalid"}},
		"deep":          {acme, `{"expression": ` + strings.Repeat(`{"not":`, 100) + `{}` + strings.Repeat(`}`, 101), nil, 400, map[string]string{"expression" + strings.Repeat(".not", 31): "request.malformed"}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := audienceClient(t, &counter{err: test.err}).Do(t, contracttest.Request{Caller: test.who, Target: "/v1/audiences:preview", Body: test.body})
			if diff := cmp.Diff(test.fields, answer.Problem.Fields()); diff != "" || answer.Status != test.status {
				t.Errorf("%d, want %d; fields (-want +got):\n%s\n%s", answer.Status, test.status, diff, answer.Body)
			}
		})
	}
}

package bus_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/bus"
	"github.com/headwaterhq/headwater/scripts/local/template"
)

func TestMatch(t *testing.T) {
	const event = `{"source":"aws.states","detail-type":"Changed","resources":["arn:a","arn:b"],"detail":{"status":"FAILED","count":3,"stateMachineArn":"arn:aws:states:x:stateMachine:headwater-run","output":null}}`
	for _, tc := range []struct {
		name, pattern string
		want          bool
	}{
		{"exact", `{"source":["aws.states"]}`, true},
		{"one of several", `{"detail":{"status":["TIMED_OUT","FAILED"]}}`, true},
		{"none of several", `{"detail":{"status":["TIMED_OUT","ABORTED"]}}`, false},
		{"every field must fit", `{"source":["aws.states"],"detail":{"status":["ABORTED"]}}`, false},
		{"number", `{"detail":{"count":[3]}}`, true},
		{"null", `{"detail":{"output":[null]}}`, true},
		{"missing is not null", `{"detail":{"nothing":[null]}}`, false},
		{"missing", `{"detail":{"nothing":["x"]}}`, false},
		{"prefix", `{"detail":{"stateMachineArn":[{"prefix":"arn:aws:states:"}]}}`, true},
		{"other prefix", `{"detail":{"stateMachineArn":[{"prefix":"arn:aws:lambda:"}]}}`, false},
		{"anything but", `{"detail":{"status":[{"anything-but":"SUCCEEDED"}]}}`, true},
		{"anything but these", `{"detail":{"status":[{"anything-but":["SUCCEEDED","FAILED"]}]}}`, false},
		{"anything but needs the field", `{"detail":{"nothing":[{"anything-but":"x"}]}}`, false},
		{"an element of a list", `{"resources":["arn:b"]}`, true},
		{"no element of a list", `{"resources":["arn:c"]}`, false},
		{"an object where there is none", `{"source":{"below":["x"]}}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := bus.Compile([]byte(tc.pattern))
			if err != nil {
				t.Fatal(err)
			}
			var whole map[string]any
			if err := json.Unmarshal([]byte(event), &whole); err != nil {
				t.Fatal(err)
			}
			if got := p.Match(whole); got != tc.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestUnknownMatchersAreRefusedByName(t *testing.T) {
	for pattern, want := range map[string]string{
		`{"a":[{"suffix":"x"}]}`:                        "suffix",
		`{"a":[{"numeric":[">",1]}]}`:                   "numeric",
		`{"a":[{"anything-but":{"prefix":"x"}}]}`:       "anything-but",
		`{"a":[{"prefix":{"equals-ignore-case":"x"}}]}`: "prefix",
		`{"a":"x"}`:                         "field a",
		`{"$or":[{"a":["x"]},{"b":["y"]}]}`: "$or",
	} {
		if _, err := bus.Compile([]byte(pattern)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", pattern, err)
		}
	}
}

func TestEventsReachTheirTargets(t *testing.T) {
	type delivery struct {
		Target string
		Event  map[string]any
	}
	var got []delivery
	b, err := bus.New("us-east-1", "000000000000", []template.Rule{
		{Name: "ended", Pattern: []byte(`{"source":["aws.states"],"detail":{"status":["FAILED"]}}`), Targets: []string{"settle", "other"}},
		{Name: "mine", Pattern: []byte(`{"source":["headwater"]}`), Targets: []string{"mine"}},
	}, func(target string, event []byte) error {
		var e map[string]any
		err := json.Unmarshal(event, &e)
		delete(e, "id")
		got = append(got, delivery{target, e})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	if _, err := b.Put(bus.Event{Source: "aws.states", DetailType: "Changed", Resources: []string{"arn:x"}, Time: at, Detail: []byte(`{"status":"FAILED"}`)}); err != nil {
		t.Fatal(err)
	}
	event := map[string]any{
		"version": "0", "detail-type": "Changed", "source": "aws.states", "account": "000000000000", "time": "2026-11-22T03:00:00Z",
		"region": "us-east-1", "resources": []any{"arn:x"}, "detail": map[string]any{"status": "FAILED"},
	}
	if d := cmp.Diff([]delivery{{"settle", event}, {"other", event}}, got); d != "" {
		t.Error(d)
	}

	got = nil
	server := httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	client := eventbridge.New(eventbridge.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", HTTPClient: &http.Client{},
		Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", ""),
	})
	entry := func(source, detail string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{Source: &source, DetailType: aws.String("Made"), Detail: &detail}
	}
	out, err := client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entry("headwater", `{"a":1}`), entry("aws.states", `{}`), entry("headwater", `not JSON`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	codes := []string{}
	for _, e := range out.Entries {
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	if d := cmp.Diff([]string{"", "NotAuthorizedForSourceException", "MalformedDetail"}, codes); d != "" || out.FailedEntryCount != 2 {
		t.Error(d)
	}
	if len(got) != 1 || got[0].Target != "mine" {
		t.Errorf("got %+v", got)
	}
}

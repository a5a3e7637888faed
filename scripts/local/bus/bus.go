package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/headwaterhq/headwater/scripts/local/awsjson"
	"github.com/headwaterhq/headwater/scripts/local/template"
)

// Deliver calls a rule's target, asynchronously, with the event.
type Deliver func(targetARN string, event []byte) error

// Event is what a bus carries. Detail must be a JSON object.
type Event struct {
	Source, DetailType string
	Resources          []string
	Time               time.Time
	Detail             json.RawMessage
}

// Bus is the default bus of an account.
type Bus struct {
	region, account string
	rules           []rule
	deliver         Deliver
}

type rule struct {
	template.Rule
	pattern Pattern
}

// New compiles the rules' patterns.
func New(region, account string, rules []template.Rule, deliver Deliver) (*Bus, error) {
	b := &Bus{region: region, account: account, deliver: deliver}
	for _, declared := range rules {
		pattern, err := Compile(declared.Pattern)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", declared.Name, err)
		}
		b.rules = append(b.rules, rule{declared, pattern})
	}
	return b, nil
}

type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// Put delivers an event to the targets of every rule that it fits, and returns its id.
func (b *Bus) Put(e Event) (string, error) {
	if e.Resources == nil {
		e.Resources = []string{}
	}
	id := ulid.Make().String()
	text, err := json.Marshal(envelope{
		Version: "0", ID: id, DetailType: e.DetailType, Source: e.Source, Account: b.account, Region: b.region,
		Time: e.Time.UTC().Format(time.RFC3339), Resources: e.Resources, Detail: e.Detail,
	})
	if err != nil {
		return "", fmt.Errorf("encoding an event: %w", err)
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		return "", fmt.Errorf("decoding an event: %w", err)
	}
	var problems []error
	for _, r := range b.rules {
		if !r.pattern.Match(whole) {
			continue
		}
		for _, target := range r.Targets {
			if err := b.deliver(target, text); err != nil {
				problems = append(problems, fmt.Errorf("delivering to a target of rule %s: %w", r.Name, err))
			}
		}
	}
	return id, errors.Join(problems...)
}

type (
	putInput struct {
		Entries []putEntry
	}
	putEntry struct {
		Source, DetailType, Detail string
		EventBusName, TraceHeader  string
		Resources                  []string
		Time                       *float64
	}
	putOutput struct {
		FailedEntryCount int
		Entries          []putResult
	}
	putResult struct {
		EventId      string `json:",omitempty"`
		ErrorCode    string `json:",omitempty"`
		ErrorMessage string `json:",omitempty"`
	}
)

// Handler serves PutEvents.
func (b *Bus) Handler() http.Handler {
	return awsjson.Handler("AWSEvents", "1.1", map[string]awsjson.Operation{"PutEvents": awsjson.Typed(b.putEvents)})
}

func (b *Bus) putEvents(_ context.Context, in putInput) (putOutput, error) {
	var out putOutput
	for _, e := range in.Entries {
		result := b.putEntry(e)
		if result.ErrorCode != "" {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, result)
	}
	return out, nil
}

func (b *Bus) putEntry(e putEntry) putResult {
	var detail map[string]any
	switch {
	case e.Source == "" || e.DetailType == "" || e.Detail == "":
		return putResult{ErrorCode: "InvalidArgument", ErrorMessage: "Source, DetailType and Detail must not be empty."}
	case strings.HasPrefix(e.Source, "aws."):
		return putResult{ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source."}
	case e.EventBusName != "" && e.EventBusName != "default":
		return putResult{ErrorCode: "InvalidArgument", ErrorMessage: "The laptop stack only has the default bus."}
	case json.Unmarshal([]byte(e.Detail), &detail) != nil:
		return putResult{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}
	}
	at := time.Now()
	if e.Time != nil {
		at = time.UnixMilli(int64(*e.Time * 1000))
	}
	id, err := b.Put(Event{Source: e.Source, DetailType: e.DetailType, Resources: e.Resources, Time: at, Detail: json.RawMessage(e.Detail)})
	if err != nil {
		return putResult{ErrorCode: "InternalFailure", ErrorMessage: err.Error()}
	}
	return putResult{EventId: id}
}

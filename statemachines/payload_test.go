package statemachines_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/names"
)

// payload is one shape of a function's input, as docs/architecture.md writes
// it: {"kind":"run","run_id","error"?}.
type payload struct {
	required, optional []string
	kind               string // value of "kind", when it has one
}

// documented reads the table of payloads.
func documented(t *testing.T) map[string][]payload {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Payloads\n")
	section, _, _ = strings.Cut(section, "\n## ")
	shape := regexp.MustCompile("`\\{([^`]*)\\}`")
	inputs := map[string][]payload{}
	previous := ""
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 {
			continue
		}
		name, input := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1])
		switch input {
		case "the same":
			inputs[name] = inputs[previous]
		case "plan's input":
			inputs[name] = inputs[names.Plan]
		default:
			for _, match := range shape.FindAllStringSubmatch(input, -1) {
				inputs[name] = append(inputs[name], parsePayload(match[1]))
			}
		}
		previous = name
	}
	return inputs
}

func parsePayload(text string) payload {
	var p payload
	for field := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(field, ":")
		name := strings.Trim(strings.TrimSuffix(key, "?"), `"`)
		if strings.HasSuffix(key, "?") {
			p.optional = append(p.optional, name)
		} else {
			p.required = append(p.required, name)
		}
		if name == "kind" {
			p.kind = strings.Trim(value, `"`)
		}
	}
	return p
}

func TestPayloadsAreTheDocumentedOnes(t *testing.T) {
	inputs := documented(t)
	called := map[string]bool{}
	eachState(t, func(machine, name string, s state) {
		if s.Resource != invoke {
			return
		}
		called[function(s)] = true
		i := slices.IndexFunc(inputs[function(s)], func(p payload) bool { return p.kind == s.Arguments.Payload["kind"] })
		if i < 0 {
			t.Errorf("%s: %s sends %v, which %s is not documented to take", machine, name, s.Arguments.Payload, function(s))
			return
		}
		p := inputs[function(s)][i]
		for _, field := range p.required {
			if _, ok := s.Arguments.Payload[field]; !ok {
				t.Errorf("%s: %s does not send %s", machine, name, field)
			}
		}
		for field := range s.Arguments.Payload {
			if !slices.Contains(p.required, field) && !slices.Contains(p.optional, field) {
				t.Errorf("%s: %s sends %s, which %s does not know", machine, name, field, function(s))
			}
		}
	})
	for name := range inputs {
		if name != "function" && !strings.HasPrefix(name, "-") && !called[name] {
			t.Errorf("no state machine calls %s", name)
		}
	}
}

// TestExecutionInputs holds that a machine asks its input only for what its
// starters send.
func TestExecutionInputs(t *testing.T) {
	inputs := documented(t)
	sent := map[string][]string{
		names.ValidateConnection: inputs[names.Check][0].required,
		names.RefreshSchema:      inputs[names.Discover][0].required,
		names.RunImport:          inputs[names.Plan][0].required,
		names.DispatchImports:    {"scheduled_time"},
		names.DailyUpkeep:        {"scheduled_time"},
		names.MaintainLake:       {"scheduled_time"},
	}
	asked := regexp.MustCompile(`\$states\.context\.Execution\.Input\.(\w+)`)
	for machine, text := range machines(t) {
		for _, match := range asked.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(sent[machine], match[1]) {
				t.Errorf("%s asks for %s, its input has %v", machine, match[1], sent[machine])
			}
		}
	}
	// The two machines that start others build the input as a JSON text.
	built := regexp.MustCompile(`'(\w+)': \$states\.input\.(\w+)`)
	for starter, started := range map[string]string{names.DispatchImports: names.RunImport, names.DailyUpkeep: names.ValidateConnection} {
		var fields []string
		for _, match := range built.FindAllStringSubmatch(machines(t)[starter], -1) {
			if match[1] != match[2] {
				t.Errorf("%s sends %s as %s", starter, match[2], match[1])
			}
			fields = append(fields, match[1])
		}
		if !slices.Equal(fields, sent[started]) {
			t.Errorf("%s starts %s with %v, want %v", starter, started, fields, sent[started])
		}
	}
}

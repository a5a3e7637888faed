package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/formschema"
)

var update = flag.Bool("update", false, "write what the contract says of the platforms")

// What the contract says of the platforms stands between these lines.
const (
	begin = "        # Made from the Specs by: go test ./shared/httpapi -update\n"
	end   = "        # End of what is made from the Specs.\n"
)

// The contract describes every platform as its Spec does.
func TestContractDescribesThePlatforms(t *testing.T) {
	const path = "openapi.yaml"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no part for the platforms", path)
	}
	want := before + begin + alternatives(t, catalog.Specs()) + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s is not what the Specs say; run with -update (-want +got):\n%s", path, diff)
	}
}

// alternative is a new connection to one platform.
type alternative struct {
	Title                string   `json:"title"`
	Type                 string   `json:"type"`
	AdditionalProperties bool     `json:"additionalProperties"`
	Required             []string `json:"required"`
	Properties           struct {
		Name        any `json:"name"`
		Platform    any `json:"platform"`
		Settings    any `json:"settings"`
		Credentials any `json:"credentials"`
	} `json:"properties"`
}

func alternatives(t *testing.T, specs source.Catalog) string {
	t.Helper()
	var all []alternative
	for _, s := range specs {
		a := alternative{Title: s.Title, Type: "object", Required: []string{"name", "platform", "settings", "credentials"}}
		a.Properties.Name = map[string]string{"$ref": "#/components/schemas/ConnectionName"}
		a.Properties.Platform = formschema.Property{Type: "string", Enum: []string{s.Platform}}
		a.Properties.Settings = formschema.Settings(s)
		var methods []formschema.Schema
		for _, m := range s.Auth {
			methods = append(methods, formschema.Credential(m))
		}
		a.Properties.Credentials = map[string]any{"oneOf": methods}
		all = append(all, a)
	}
	return indent(t, all)
}

// indent writes a value as YAML below oneOf. JSON is YAML, so the order stays.
func indent(t *testing.T, value any) string {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text.Bytes(), &node); err != nil {
		t.Fatal(err)
	}
	plain(&node)
	var out bytes.Buffer
	writer := yaml.NewEncoder(&out)
	writer.SetIndent(2)
	if err := writer.Encode(&node); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(out.String()) {
		b.WriteString("        " + line)
	}
	return b.String()
}

// plain takes JSON's brackets and quotes away, where YAML needs none.
func plain(n *yaml.Node) {
	n.Style &^= yaml.FlowStyle | yaml.DoubleQuotedStyle
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
	for _, child := range n.Content {
		plain(child)
	}
}

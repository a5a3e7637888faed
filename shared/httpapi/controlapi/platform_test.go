package controlapi_test

import (
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// property is what a Spec's field and the contract's property must agree on.
type property struct {
	Type, Description, Pattern, Example string
	MaxLength                           int
	Required, Secret                    bool
	Allowed                             []string
}

// The contract describes every platform as its Spec does.
func TestContractDescribesThePlatforms(t *testing.T) {
	doc := contracttest.Document(t)
	var platforms []any
	inContract := map[string]map[string]property{}
	for _, alternatives := range []string{"settings", "credentials"} {
		for _, ref := range doc.Components.Schemas["NewConnection"].Value.Properties[alternatives].Value.OneOf {
			inContract[ref.Value.Description] = propertiesOf(ref.Value)
		}
	}
	inSpecs := map[string]map[string]property{}
	for _, spec := range catalog.Specs() {
		platforms = append(platforms, spec.Platform)
		inSpecs["Settings of platform `"+spec.Platform+"`."] = fieldsOf(spec.Settings)
		for _, m := range spec.Auth {
			fields := fieldsOf(m.Fields)
			fields["method"] = property{Type: "string", Required: true, Allowed: []string{m.Name}}
			inSpecs[m.Description] = fields
		}
	}
	if diff := cmp.Diff(inSpecs, inContract); diff != "" {
		t.Errorf("Specs and contract differ (-Specs +contract):\n%s", diff)
	}
	if diff := cmp.Diff(platforms, doc.Components.Schemas["Platform"].Value.Enum); diff != "" {
		t.Errorf("platforms differ (-Specs +contract):\n%s", diff)
	}
}

func fieldsOf(fields []source.Field) map[string]property {
	out := map[string]property{}
	for _, f := range fields {
		p := property{
			Type: "string", Description: f.Description, Example: f.Example, MaxLength: f.MaxLength,
			Required: f.Required, Secret: f.Secret, Allowed: f.Allowed,
		}
		if f.Kind != "" {
			p.Type = string(f.Kind)
		}
		if f.Pattern != "" {
			p.Pattern = "^(?:" + f.Pattern + ")$"
		}
		out[f.Name] = p
	}
	return out
}

func propertiesOf(s *openapi3.Schema) map[string]property {
	out := map[string]property{}
	for name, ref := range s.Properties {
		v := ref.Value
		p := property{
			Type: v.Type.Slice()[0], Description: v.Description, Pattern: v.Pattern,
			Required: slices.Contains(s.Required, name), Secret: v.WriteOnly,
		}
		if v.MaxLength != nil {
			p.MaxLength = int(*v.MaxLength)
		}
		if len(v.Examples) > 0 {
			p.Example, _ = v.Examples[0].(string)
		}
		for _, e := range v.Enum {
			text, _ := e.(string)
			p.Allowed = append(p.Allowed, text)
		}
		out[name] = p
	}
	return out
}

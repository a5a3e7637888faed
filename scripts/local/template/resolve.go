package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// resolver replaces CloudFormation's intrinsic functions by what they stand for on the laptop.
type resolver struct {
	place     Place
	stack     string
	resources map[string]resource
}

type resource struct {
	Type       string         `json:"Type"`
	Condition  string         `json:"Condition"`
	Properties map[string]any `json:"Properties"`
}

// resolve returns the value without intrinsics. One that is not known is refused by name.
func (r *resolver) resolve(value any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			return r.call(name, argument)
		}
		out := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			resolved, err := r.resolve(v[key])
			if err != nil {
				return nil, err
			}
			out[key] = resolved
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			resolved, err := r.resolve(v[i])
			if err != nil {
				return nil, err
			}
			out[i] = resolved
		}
		return out, nil
	default:
		return value, nil
	}
}

func intrinsic(v map[string]any) (name string, argument any, ok bool) {
	if len(v) != 1 {
		return "", nil, false
	}
	for key, argument := range v {
		if key == "Ref" || key == "Condition" || strings.HasPrefix(key, "Fn::") {
			return key, argument, true
		}
	}
	return "", nil, false
}

func (r *resolver) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		target, _ := argument.(string)
		return r.ref(target)
	case "Fn::GetAtt":
		return r.getAtt(argument)
	case "Fn::Join":
		return r.join(argument)
	case "Fn::Sub":
		text, ok := argument.(string)
		if !ok {
			return nil, fmt.Errorf("the laptop stack does not know Fn::Sub with variables")
		}
		return r.sub(text)
	default:
		return nil, fmt.Errorf("the laptop stack does not know the intrinsic %s", name)
	}
}

func (r *resolver) ref(target string) (string, error) {
	switch target {
	case "AWS::Region":
		return r.place.Region, nil
	case "AWS::AccountId":
		return r.place.Account, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::StackName":
		return r.stack, nil
	}
	return r.attribute(target, "Ref")
}

func (r *resolver) getAtt(argument any) (string, error) {
	switch a := argument.(type) {
	case string:
		target, attribute, _ := strings.Cut(a, ".")
		return r.attribute(target, attribute)
	case []any:
		if len(a) == 2 {
			target, ok1 := a[0].(string)
			attribute, ok2 := a[1].(string)
			if ok1 && ok2 {
				return r.attribute(target, attribute)
			}
		}
	}
	return "", fmt.Errorf("malformed Fn::GetAtt")
}

func (r *resolver) join(argument any) (string, error) {
	a, ok := argument.([]any)
	if !ok || len(a) != 2 {
		return "", fmt.Errorf("malformed Fn::Join")
	}
	separator, ok := a[0].(string)
	if !ok {
		return "", fmt.Errorf("malformed Fn::Join")
	}
	list, err := r.resolve(a[1])
	if err != nil {
		return "", err
	}
	items, ok := list.([]any)
	if !ok {
		return "", fmt.Errorf("malformed Fn::Join")
	}
	parts := make([]string, len(items))
	for i, item := range items {
		if parts[i], ok = item.(string); !ok {
			return "", fmt.Errorf("an item of Fn::Join is not a string")
		}
	}
	return strings.Join(parts, separator), nil
}

// sub replaces ${Name} and ${Name.Attribute}; ${!Name} stays ${Name}.
func (r *resolver) sub(text string) (string, error) {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "${")
		out.WriteString(before)
		if !ok {
			return out.String(), nil
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", fmt.Errorf("unclosed ${ in Fn::Sub")
		}
		text = after
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			out.WriteString("${" + literal + "}")
			continue
		}
		var value string
		var err error
		if strings.Contains(name, ".") {
			value, err = r.getAtt(name)
		} else {
			value, err = r.ref(name)
		}
		if err != nil {
			return "", err
		}
		out.WriteString(value)
	}
}

package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Statement allows actions on resources; both may have * in them.
type Statement struct {
	Actions, Resources []string
	// LeadingKeys, if there are any, limits actions on a table to partition keys that match one of them.
	LeadingKeys []string
}

// served are the services whose permissions the laptop stack can hold; others, such as logs and traces, have no part in it.
var served = []string{"dynamodb:", "events:", "lambda:", "s3:", "secretsmanager:", "states:", "sts:"}

// oneOrMore is a string, or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// policy reads what a policy allows the roles that it is attached to.
func (p *parser) policy(res resource) error {
	var declared struct {
		Roles          []string
		PolicyDocument struct {
			Version   string
			Statement []struct {
				Sid, Effect      string
				Action, Resource oneOrMore
				Condition        map[string]map[string]oneOrMore
			}
		}
	}
	if err := p.decode(res, &declared, "PolicyName"); err != nil {
		return err
	}
	for _, s := range declared.PolicyDocument.Statement {
		actions := slices.DeleteFunc(s.Action, func(a string) bool {
			return !slices.ContainsFunc(served, func(prefix string) bool { return strings.HasPrefix(a, prefix) })
		})
		if len(actions) == 0 {
			continue
		}
		if s.Effect != "Allow" {
			return errors.New("the laptop stack only knows statements that allow")
		}
		statement := Statement{Actions: actions, Resources: s.Resource}
		for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
			keys, ok := s.Condition[operator]["dynamodb:LeadingKeys"]
			if operator != "ForAllValues:StringLike" || !ok || len(s.Condition[operator]) != 1 {
				return fmt.Errorf("the laptop stack does not know a condition of %s", operator)
			}
			statement.LeadingKeys = keys
		}
		for _, role := range declared.Roles {
			p.allowed[role] = append(p.allowed[role], statement)
		}
	}
	return nil
}

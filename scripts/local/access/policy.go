package access

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Policy is an IAM policy document: of a role, of a session or of trust in a
// role. It is read strictly: what the laptop stack does not know is refused, so
// that nothing is allowed here for want of understanding it.
type Policy struct{ statements []policyStatement }

// Request is what a policy decides on. Context is by condition key, such as s3:prefix.
type Request struct {
	Principal        string // ARN of the caller; policies that name no principal ignore it
	Action, Resource string
	Context          map[string]string
}

type policyStatement struct {
	allow              bool
	principals         []string // nil when the statement names none
	actions, resources []*regexp.Regexp
	conditions         []condition
}

type condition struct {
	key      string
	patterns []*regexp.Regexp
}

// list is a string, or a list of strings.
type list []string

func (l *list) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// ParsePolicy reads a policy document.
func ParsePolicy(text string) (*Policy, error) {
	var doc struct {
		Version   string
		Id        string
		Statement []struct {
			Sid, Effect      string
			Principal        map[string]list
			Action, Resource list
			Condition        map[string]map[string]list
		}
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("reading a policy: %w", err)
	}
	if doc.Version != "2012-10-17" || len(doc.Statement) == 0 {
		return nil, errors.New("reading a policy: it is not of version 2012-10-17, or has no statement")
	}
	p := &Policy{}
	for _, s := range doc.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 {
			return nil, fmt.Errorf("reading a policy: statement %q has no effect or no action", s.Sid)
		}
		out := policyStatement{allow: s.Effect == "Allow", actions: wildcards(s.Action, "(?i)"), resources: wildcards(s.Resource, "")}
		for kind, names := range s.Principal {
			if kind != "AWS" {
				return nil, fmt.Errorf("reading a policy: the laptop stack does not know principals of %s", kind)
			}
			out.principals = names
		}
		for operator, keys := range s.Condition {
			for key, values := range keys {
				c := condition{key: key}
				switch operator {
				case "StringEquals":
					c.patterns = literals(values)
				case "StringLike", "ArnLike":
					c.patterns = wildcards(values, "")
				default:
					return nil, fmt.Errorf("reading a policy: the laptop stack does not know a condition of %s", operator)
				}
				out.conditions = append(out.conditions, c)
			}
		}
		p.statements = append(p.statements, out)
	}
	return p, nil
}

// Allows reports whether a statement allows the request and none denies it.
func (p *Policy) Allows(r Request) bool {
	allowed := false
	for _, s := range p.statements {
		if s.applies(r) {
			if !s.allow {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func (s policyStatement) applies(r Request) bool {
	if s.principals != nil && !slices.ContainsFunc(s.principals, func(p string) bool { return isPrincipal(p, r.Principal) }) {
		return false
	}
	if !matches(s.actions, r.Action) || len(s.resources) > 0 && !matches(s.resources, r.Resource) {
		return false
	}
	return !slices.ContainsFunc(s.conditions, func(c condition) bool {
		value, given := r.Context[c.key]
		return !given || !matches(c.patterns, value)
	})
}

// isPrincipal: an account, by its number or as its root, is everybody in it.
func isPrincipal(named, caller string) bool {
	account := strings.TrimSuffix(strings.TrimPrefix(named, "arn:aws:iam::"), ":root")
	fields := strings.Split(caller, ":")
	return named == "*" || named == caller || len(fields) > 4 && fields[4] == account
}

func matches(patterns []*regexp.Regexp, text string) bool {
	return slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(text) })
}

func literals(values []string) []*regexp.Regexp {
	unescape := strings.NewReplacer("${*}", "*", "${?}", "?", "${$}", "$")
	out := make([]*regexp.Regexp, len(values))
	for i, v := range values {
		out[i] = regexp.MustCompile(`^` + regexp.QuoteMeta(unescape.Replace(v)) + `$`)
	}
	return out
}

// wildcards: * stands for any text and ? for one character, unless they are written as variables.
func wildcards(values []string, flags string) []*regexp.Regexp {
	toRegexp := strings.NewReplacer(
		regexp.QuoteMeta("${*}"), `\*`, regexp.QuoteMeta("${?}"), `\?`, regexp.QuoteMeta("${$}"), `\$`, `\*`, `.*`, `\?`, `.`)
	out := make([]*regexp.Regexp, len(values))
	for i, v := range values {
		out[i] = regexp.MustCompile(flags + `(?s)^` + toRegexp.Replace(regexp.QuoteMeta(v)) + `$`)
	}
	return out
}

//go:build crosscheck

package stepfunctions_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// masked are the fields whose values the recordings hide.
var masked = []string{"Date", "RequestId", "X-Amzn-Trace-Id", "x-amzn-RequestId", "TimestampValue", "roleArn", "FunctionName", "functionName"}

var (
	uuid     = regexp.MustCompile(`<uuid:\d+>|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	function = regexp.MustCompile(`arn:[^:"]+:lambda:[^:"]+:111111111111:function:[A-Za-z_<>-]+`)
	region   = regexp.MustCompile(`^us-east-1$`)
)

// normalised hides in a history what the recordings hide, and nothing else:
//
//   - times, roles, functions' names, request ids;
//   - the order and numbers of the events inside a Parallel, where the recordings sort them. The recordings also leave out
//     ParallelStateFailed, though they count it.
func normalised(events []map[string]any) []any {
	var all []any
	var inside []any
	parallel := false
	for _, event := range events {
		delete(event, "timestamp")
		hidden := mask(event).(map[string]any)
		kind := hidden["type"].(string)
		switch {
		case kind == "ParallelStateExited":
			slices.SortFunc(inside, func(a, b any) int {
				return strings.Compare(a.(map[string]any)["type"].(string), b.(map[string]any)["type"].(string))
			})
			all = append(all, inside...)
			inside, parallel = nil, false
		case parallel && kind == "ParallelStateFailed":
			continue
		case parallel:
			delete(hidden, "id")
			delete(hidden, "previousEventId")
			inside = append(inside, hidden)
			continue
		case kind == "ParallelStateStarted":
			parallel = true
		}
		all = append(all, hidden)
	}
	return append(all, inside...)
}

func mask(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, field := range v {
			if slices.Contains(masked, name) {
				out[name] = "masked"
			} else {
				out[name] = mask(field)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = mask(item)
		}
		return out
	case string:
		// The recordings show some JSON texts as JSON and others as text.
		var inner any
		if strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[") {
			if json.Unmarshal([]byte(v), &inner) == nil {
				return mask(inner)
			}
		}
		v = uuid.ReplaceAllString(v, "<uuid>")
		v = function.ReplaceAllString(v, "<function>")
		return region.ReplaceAllString(v, "<region>")
	default:
		return v
	}
}

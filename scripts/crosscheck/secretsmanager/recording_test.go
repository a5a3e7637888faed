//go:build crosscheck

package secretsmanager_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recording is one case: what AWS answered, by the name of the step.
type recording struct {
	Case    string
	Content map[string]any
}

// name is the test's name without its parameters, and the parameters.
func (r recording) name() (test, parameters string) {
	_, test, _ = strings.Cut(r.Case, "::")
	test, parameters, _ = strings.Cut(test, "[")
	return test, strings.TrimSuffix(parameters, "]")
}

// recordings are kept beside the checkout, or where HEADWATER_AWS_RECORDINGS says.
func recordings(t *testing.T) []recording {
	t.Helper()
	dir := os.Getenv("HEADWATER_AWS_RECORDINGS")
	if dir == "" {
		dir = "../../../../shared/aws-recordings"
	}
	text, err := os.ReadFile(filepath.Join(dir, "secretsmanager.json"))
	if os.IsNotExist(err) {
		t.Skip("there are no recordings of AWS on this machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []recording
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// expectation turns what was recorded of an answer into the body that it had. The recordings are of several client
// libraries' views: parsed answers, errors as a dictionary, errors as a line of text, bytes as Python writes them.
func expectation(t *testing.T, recorded any) map[string]any {
	t.Helper()
	if line, ok := recorded.(string); ok {
		_, rest, _ := strings.Cut(line, "(")
		code, rest, _ := strings.Cut(rest, ")")
		_, message, _ := strings.Cut(rest, ": ")
		return map[string]any{"__type": code, "Message": message}
	}
	out := map[string]any{}
	for key, value := range recorded.(map[string]any) {
		switch key {
		case "ResponseMetadata", "Metadata":
		case "Error":
			failure := value.(map[string]any)
			if code, ok := failure["Code"]; ok {
				out["__type"] = code
			}
			for _, same := range []string{"__type", "Message"} {
				if v, ok := failure[same]; ok {
					out[same] = v
				}
			}
		case "SecretBinary":
			out[key] = bytesOf(t, value.(string))
		default:
			out[key] = value
		}
	}
	return out
}

// actual is an answer's body in the same form: of an error, the code and the message, which AWS spells in two ways.
func actual(body map[string]any) map[string]any {
	if message, ok := body["message"]; ok && body["__type"] != nil {
		return map[string]any{"__type": body["__type"], "Message": message}
	}
	return body
}

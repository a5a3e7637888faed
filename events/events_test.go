// Package events_test holds the sample inputs against the functions' types.
package events_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/settlement"
	"github.com/headwaterhq/headwater/shared/strictjson"
	"github.com/headwaterhq/headwater/shared/task"
)

// decoders take what the function of that name takes.
func decoders() map[string]func([]byte) error {
	return map[string]func([]byte) error{
		"api":        known[awsevents.APIGatewayV2HTTPRequest],
		"lookup":     known[awsevents.APIGatewayV2HTTPRequest],
		"authorizer": known[awsevents.APIGatewayV2CustomAuthorizerV2Request],
		"check":      strict[connection.Ref],
		"discover":   strict[connection.Ref],
		"roster":     strict[task.RosterInput],
		"claim":      strict[task.ClaimInput],
		"plan":       strict[ingest.Ref],
		"extract":    strict[ingest.SplitRef],
		"commit":     strict[ingest.Ref],
		"maintain":   strict[task.MaintainInput],
		"settle": func(sample []byte) error {
			if bytes.Contains(sample, []byte(`"aws.states"`)) {
				if err := strict[lambdahost.ExecutionEvent](sample); err != nil {
					return err
				}
			}
			_, err := settlement.Decode(sample)
			return err
		},
	}
}

// strict decodes as Task does.
func strict[T any](sample []byte) error {
	var v T
	return strictjson.Decode(sample, &v)
}

// known decodes an event of AWS: every field is one that its type knows.
func known[T any](sample []byte) error {
	var v T
	d := json.NewDecoder(bytes.NewReader(sample))
	d.DisallowUnknownFields()
	return d.Decode(&v)
}

func TestSamplesDecode(t *testing.T) {
	sampled := map[string]bool{}
	for _, name := range samples(t) {
		function, _, _ := strings.Cut(name, ".")
		decode, ok := decoders()[function]
		if !ok {
			t.Errorf("%s is of no function", name)
			continue
		}
		sampled[function] = true
		sample, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := decode(sample); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	directories, err := filepath.Glob("../functions/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range directories {
		if function := filepath.Base(filepath.Dir(path)); !sampled[function] {
			t.Errorf("function %s has no sample", function)
		}
	}
	if len(directories) != len(decoders()) {
		t.Errorf("%d functions, %d decoders", len(directories), len(decoders()))
	}
}

func TestSamplesAreListed(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(readme)) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(rest, "`")
			listed = append(listed, name)
		}
	}
	if diff := cmp.Diff(samples(t), listed); diff != "" {
		t.Errorf("files and README differ (-files +README):\n%s", diff)
	}
}

func samples(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

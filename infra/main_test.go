package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

var update = flag.Bool("update", false, "write the golden template instead of comparing with it")

// The tests run beside the app they test: a CDK app is a main package, which
// nothing can import.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// synthesized returns the template as the CDK CLI would write it, with the
// flags of cdk.json and stand-ins for the built functions. It is synthesized
// once for all tests that only read.
var synthesized = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "headwater-synth-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	app, _, err := newTestApp(dir, nil)
	if err != nil {
		return "", err
	}
	app.Synth(nil)
	text, err := os.ReadFile(filepath.Join(dir, "cdk.out", names.Stack+".template.json"))
	return string(text), err
})

// newTestApp builds the app under dir without synthesizing it, with a
// deployment's settings on top of cdk.json.
func newTestApp(dir string, settings map[string]any) (awscdk.App, awscdk.Stack, error) {
	for _, name := range functionNames() {
		bootstrap := filepath.Join(dir, "lambda", name, "bootstrap")
		if err := os.MkdirAll(filepath.Dir(bootstrap), 0o755); err != nil {
			return nil, nil, err
		}
		if err := os.WriteFile(bootstrap, []byte(name), 0o755); err != nil {
			return nil, nil, err
		}
	}
	context, err := cdkContext()
	if err != nil {
		return nil, nil, err
	}
	context[contextLambdaDir] = filepath.Join(dir, "lambda")
	// Tests read annotations themselves; the report would only repeat them.
	context["@aws-cdk/core:annotationsInValidationReport"] = false
	maps.Copy(context, settings)
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir:             jsii.String(filepath.Join(dir, "cdk.out")),
		Context:            &context,
		AnalyticsReporting: jsii.Bool(false),
	})
	props := propsFromContext(app)
	props.MachineDir = filepath.Join("..", props.MachineDir)
	return app, NewStack(app, names.Stack, props), nil
}

// cdkContext is the context of cdk.json, which holds the feature flags.
func cdkContext() (map[string]any, error) {
	text, err := os.ReadFile(filepath.Join("..", "cdk.json"))
	if err != nil {
		return nil, err
	}
	var config struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, err
	}
	return config.Context, nil
}

func functionNames() []string {
	return []string{
		names.API, names.Authorizer, names.Check, names.Claim, names.Commit, names.Discover,
		names.Extract, names.Lookup, names.Maintain, names.Plan, names.Roster, names.Settle,
	}
}

var assetHash = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// normalised replaces asset hashes, which change with every build of a
// function, and orders nothing: the CDK's own order is stable.
func normalised(template string) []byte {
	text := assetHash.ReplaceAll([]byte(template), []byte("asset"))
	return append(bytes.TrimRight(text, "\n"), '\n')
}

package lambdahost_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Every function links this package, so it must not bring clients that most do not need.
func TestLinksNoServiceClient(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".", "../telemetry", "../strictjson").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.Lines(string(out)) {
		if strings.Contains(path, "aws-sdk-go") || strings.Contains(path, "apache/") {
			t.Errorf("links %s", strings.TrimSpace(path))
		}
	}
}

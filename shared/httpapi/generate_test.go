package httpapi_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The generated code is what the pinned generator makes of the contract.
func TestGeneratedCodeIsCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the generator")
	}
	for _, name := range []string{"controlapi", "lookupapi"} {
		fresh := filepath.Join(t.TempDir(), "api.gen.go")
		command := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../../scripts/tools/go.mod",
			"oapi-codegen", "-config", "oapi-codegen.yaml", "-o", fresh, "../openapi.yaml")
		command.Dir = name
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		want, err := os.ReadFile(fresh)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(name, "api.gen.go"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("run go generate ./shared/httpapi/%s (-fresh +checked in):\n%s", name, diff)
		}
	}
}

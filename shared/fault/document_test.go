package fault_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

const documentPath = "../../docs/errors.md"

// TestDocument holds docs/errors.md against the registered codes.
func TestDocument(t *testing.T) {
	want := document()
	if *update {
		if err := os.WriteFile(documentPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(documentPath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the codes say; go test ./shared/fault -update writes it (-want +got):\n%s", documentPath, diff)
	}
}

func document() string {
	var b strings.Builder
	b.WriteString(`# Errors

Made from ` + "`shared/fault/codes.go`" + ` by ` + "`go test ./shared/fault -update`" + `; a test keeps them equal.

Every failure has one of these codes: in the ` + "`code`" + ` of an HTTP problem, as the error of a failed execution, in a validation's
or a run's ` + "`error_code`" + `, and in the log. A code is stable: once published it keeps its meaning. *Try again* says whether the
same request, unchanged, can succeed later.
`)
	group := ""
	for _, code := range fault.Codes() {
		class, _ := fault.Lookup(code)
		if prefix, _, _ := strings.Cut(string(code), "."); prefix != group {
			group = prefix
			fmt.Fprintf(&b, "\n## %s\n\n| code | HTTP | try again | what happened | what to do |\n|---|---|---|---|---|\n", group)
		}
		again := ""
		if class.Retryable {
			again = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s | %s |\n", code, class.Status, again, class.Title, class.Remedy)
	}
	return b.String()
}

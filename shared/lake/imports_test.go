package lake_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Binaries that link the lake are big enough without the clouds that it never reads.
func TestLinksNoOtherCloud(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "github.com/headwaterhq/headwater/shared/lake").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dependency := range strings.FieldsSeq(string(out)) {
		for _, unwanted := range []string{"github.com/Azure/", "cloud.google.com/go/storage", "gocloud.dev/blob/gcsblob", "gocloud.dev/blob/azureblob"} {
			if strings.HasPrefix(dependency, unwanted) {
				t.Errorf("the lake links %s", dependency)
			}
		}
	}
}

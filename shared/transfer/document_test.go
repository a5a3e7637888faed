package transfer_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// docs/imports.md must say what guards allow by default.
func TestTheDocumentHasTheDefaults(t *testing.T) {
	document, err := os.ReadFile("../../docs/imports.md")
	if err != nil {
		t.Fatal(err)
	}
	for guard, otherwise := range map[string]float64{
		"maximum_rejected_share": ingest.DefaultRejectedShare, "volume": ingest.DefaultVolumeSpreads, "deletes": ingest.DefaultDeletedShare,
		"missing_identifiers": ingest.DefaultNamelessShare, "hubs": ingest.DefaultHubShare,
	} {
		row := regexp.MustCompile("(?m)^\\| `" + guard + "` \\|[^|]*\\| " + regexp.QuoteMeta(fmt.Sprint(otherwise)) + "[ ,]")
		if !row.Match(document) {
			t.Errorf("%s: the document does not say that its default is %v", guard, otherwise)
		}
	}
	if links := fmt.Sprintf("(%d unless given)", ingest.DefaultHubLinks); !regexp.MustCompile(regexp.QuoteMeta(links)).Match(document) {
		t.Errorf("the document does not have %q", links)
	}
}

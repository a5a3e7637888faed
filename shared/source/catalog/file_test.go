package catalog_test

import (
	"regexp"
	"testing"

	"github.com/headwaterhq/headwater/shared/source/catalog"
)

func TestFileSettingsTakeWhatTheySay(t *testing.T) {
	for _, tt := range []struct {
		field string
		good  []string
		bad   []string
	}{
		{"csv_delimiter", []string{"auto", "tab", "space", ",", ";", "|", "^", "~", "`", "[", "\\"}, []string{"", ",,", "a", "1", "\t", "é"}},
		{"csv_quote", []string{"auto", "none", `"`, "'"}, []string{"", `""`, "x"}},
	} {
		for _, f := range catalog.FileSettings() {
			if f.Name != tt.field {
				continue
			}
			whole := regexp.MustCompile("^(?:" + f.Pattern + ")$")
			for _, v := range append(tt.good, f.Default) {
				if !whole.MatchString(v) {
					t.Errorf("%s refuses %q", f.Name, v)
				}
			}
			for _, v := range tt.bad {
				if whole.MatchString(v) {
					t.Errorf("%s takes %q", f.Name, v)
				}
			}
		}
	}
}

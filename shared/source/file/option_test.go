package file_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// with opens files with settings of a connection.
func with(t testing.TB, s file.Store, settings ...string) *file.Files {
	t.Helper()
	cfg := source.Config{Settings: map[string]any{}}
	for i := 0; i < len(settings); i += 2 {
		cfg.Settings[settings[i]] = settings[i+1]
	}
	option, err := file.Settings(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return file.New(s, "", option)
}

func TestSettingsThatContradictAreRefused(t *testing.T) {
	for name, settings := range map[string]map[string]any{
		"delimiter and quote":  {"csv_delimiter": "|", "csv_quote": "|"},
		"delimiter and escape": {"csv_delimiter": `\`, "csv_escape": "backslash"},
		"quote and escape":     {"csv_quote": `\`, "csv_escape": "backslash"},
	} {
		if _, err := file.Settings(source.Config{Settings: settings}); fault.CodeOf(err) != fault.SourceInvalidConfig {
			t.Errorf("%s: got %v, want %s", name, err, fault.SourceInvalidConfig)
		}
	}
}

func TestHivePartitionsCanBeDirectories(t *testing.T) {
	f := with(t, store{"a/dt=1/x.csv": "a\n1\n", "a/dt=2/x.csv": "a\n2\n"}, "hive_partitions", "off")
	var got []string
	for _, table := range discover(t, f) {
		got = append(got, table.Name)
	}
	if diff := cmp.Diff([]string{"a/dt=1", "a/dt=2"}, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

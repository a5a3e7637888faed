package lake_test

import (
	"path/filepath"
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

func TestOpenRefusesWhatCannotWork(t *testing.T) {
	valid := newPlace(t).config
	tests := map[string]func(*lake.Config){
		"no catalog":             func(c *lake.Config) { c.Catalog = "" },
		"an unknown catalog":     func(c *lake.Config) { c.Catalog = "hive" },
		"SQL without a URI":      func(c *lake.Config) { c.URI = "" },
		"a URI that is no DSN":   func(c *lake.Config) { c.URI = "file:a?%zz" },
		"a directory as a file":  func(c *lake.Config) { c.URI = t.TempDir() },
		"a warehouse on disk":    func(c *lake.Config) { c.Warehouse = "/tmp/lake" },
		"a negative target size": func(c *lake.Config) { c.TargetFileBytes = -1 },
		"negative merge rows":    func(c *lake.Config) { c.MergeRows = -1 },
	}
	for name, breakIt := range tests {
		t.Run(name, func(t *testing.T) {
			config := valid
			breakIt(&config)
			if opened, err := lake.Open(t.Context(), config); err == nil {
				_ = opened.Close()
				t.Error("it opens")
			}
		})
	}
}

// A database is found again whether it is named as a file or as a DSN.
func TestCatalogURIs(t *testing.T) {
	p := newPlace(t)
	path := filepath.Join(t.TempDir(), "100% sure.db")
	p.config.URI = path
	files := landPeople(t, p.open(t), "run_1", "a", 3)
	for _, uri := range []string{path, "file:" + filepath.Join(filepath.Dir(path), "100%25%20sure.db"), "file:" + filepath.Join(filepath.Dir(path), "100%25%20sure.db") + "?cache=private"} {
		p.config.URI = uri
		if _, err := p.open(t).Commit(t.Context(), people, "run_1", ingest.Append, parts(files)); err != nil {
			t.Errorf("%s: %v", filepath.Base(uri), err)
		}
	}
}

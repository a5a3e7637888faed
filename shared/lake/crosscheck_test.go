//go:build crosscheck

package lake_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// PyIceberg must see in the table what was written. HEADWATER_CROSSCHECK_PYTHON
// names a Python that has scripts/crosscheck/requirements.txt; make crosscheck makes one.
func TestPyIcebergAgrees(t *testing.T) {
	python := os.Getenv("HEADWATER_CROSSCHECK_PYTHON")
	if python == "" {
		t.Fatal("HEADWATER_CROSSCHECK_PYTHON is not set")
	}
	p := newPlace(t)
	l := p.open(t)
	rows := landEveryType(t, l)
	metadata := p.keys(t, ".metadata.json")
	slices.Sort(metadata) // they begin with their version
	command := exec.CommandContext(t.Context(), python, "../../scripts/crosscheck/pyiceberg.py", "s3://"+bucket+"/"+metadata[len(metadata)-1])
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL_S3="+p.config.S3Endpoint, "AWS_REGION="+p.config.Region,
		"AWS_RESPONSE_CHECKSUM_VALIDATION=when_required") // gofakes3 answers a range with the checksum of the whole
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	type column struct {
		Type     string  `json:"type"`
		Required bool    `json:"required"`
		Nulls    int     `json:"nulls"`
		Distinct int     `json:"distinct"`
		Min      *string `json:"min"`
		Max      *string `json:"max"`
	}
	type table struct {
		Rows      int               `json:"rows"`
		Snapshots int               `json:"snapshots"`
		RunIDs    []string          `json:"run_ids"`
		Columns   map[string]column `json:"columns"`
	}
	of := func(kind string, required bool, nulls, distinct int, low, high string) column {
		return column{kind, required, nulls, distinct, &low, &high}
	}
	want := table{
		Rows: len(rows), Snapshots: 1, RunIDs: []string{"run_1"},
		Columns: map[string]column{
			"identifier": of("string", true, 0, 4, "all", "nulls"),
			"n":          of("long", false, 1, 3, "-9223372036854775808", "9223372036854775807"),
			"d":          of("decimal(38, 9)", false, 1, 3, "-12345678901234567890123456789.012345678", "1E-9"),
			"b":          of("boolean", false, 1, 2, "False", "True"),
			"day":        of("date", false, 1, 3, "0001-01-01", "2024-02-29"),
			"at":         of("timestamptz", false, 1, 3, "0001-01-01 00:00:00+00:00", "9999-12-31 23:59:59.000001+00:00"),
			"clock":      of("time", false, 1, 3, "00:00:00", "23:59:59.999999"),
			"raw":        of("binary", false, 1, 3, "", "78"),
			"doc":        of("string", false, 1, 3, `""`, `{"z":1,"a":[null,"ü"]}`),
			"note":       of("string", false, 1, 3, "", "日本 <b>"),
		},
	}
	var got table
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	delete(got.Columns, "f") // NaN has no order
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("PyIceberg's view (-want +got):\n%s", diff)
	}
}

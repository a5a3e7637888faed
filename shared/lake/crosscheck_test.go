//go:build crosscheck

package lake_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/lake"
)

// pyIceberg is what PyIceberg says of the only table of the place. HEADWATER_CROSSCHECK_PYTHON
// names a Python that has scripts/crosscheck/requirements.txt; make crosscheck makes one.
func pyIceberg(t *testing.T, p place, options ...string) []byte {
	t.Helper()
	python := os.Getenv("HEADWATER_CROSSCHECK_PYTHON")
	if python == "" {
		t.Fatal("HEADWATER_CROSSCHECK_PYTHON is not set")
	}
	newest := slices.Max(p.keys(t, ".metadata.json")) // they begin with their version
	arguments := append([]string{"../../scripts/crosscheck/pyiceberg.py", "s3://" + bucket + "/" + newest}, options...)
	command := exec.CommandContext(t.Context(), python, arguments...)
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL_S3="+p.config.S3Endpoint, "AWS_REGION="+p.config.Region,
		"AWS_RESPONSE_CHECKSUM_VALIDATION=when_required") // gofakes3 answers a range with the checksum of the whole
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// PyIceberg must see in the table what was written.
func TestPyIcebergAgrees(t *testing.T) {
	p := newPlace(t)
	l := p.open(t)
	rows := landEveryType(t, l)
	out := pyIceberg(t, p)
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

// PyIceberg reads position deletes, and no equality deletes: it must see the rows
// of a first merge at once, and those of later ones after upkeep.
func TestPyIcebergAgreesOnMergedRows(t *testing.T) {
	for name, spread := range map[string]lake.Spread{"in one piece": {}, "in buckets": inBuckets, "by day": byDay} {
		t.Run(name, func(t *testing.T) { agreesOnMergedRows(t, spread) })
	}
}

func agreesOnMergedRows(t *testing.T, spread lake.Spread) {
	p := newPlace(t)
	l := p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	merge := func(runID string, each ...[]change) {
		landed := landSpread(t, l, id, spread, runID, each...)
		if _, err := l.Merge(t.Context(), id, runID, withDeletes, landed); err != nil {
			t.Fatal(err)
		}
	}
	agree := func() {
		t.Helper()
		var said struct {
			Data []map[string]string `json:"data"`
		}
		if err := json.Unmarshal(pyIceberg(t, p, "--rows"), &said); err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]string)
		for _, row := range said.Data {
			seen[row["identifier"]] += row["visits"] + ";" // a key that is there twice shows
		}
		want := make(map[string]string)
		for key, row := range rowsOf(t, l, id) {
			want[key] = strconv.FormatInt(row.Visits, 10) + ";"
		}
		if diff := cmp.Diff(want, seen); diff != "" || len(want) == 0 {
			t.Errorf("PyIceberg's rows (-want +got):\n%s", diff)
		}
	}
	merge("run_1",
		[]change{{Identifier: "a", At: 3, Visits: 1}, {Identifier: "b", At: 1, Visits: 2}, {Identifier: "a", At: 2, Visits: 3}, {Identifier: "e", Visits: 9}},
		[]change{{Identifier: "b", At: 1, Visits: 4}, {Identifier: "c", At: 1, Visits: 5}, {Identifier: "d", Gone: true}, {Identifier: "f", Visits: 11}})
	agree()
	merge("run_2", []change{{Identifier: "c", Gone: true}, {Identifier: "a", At: 4, Visits: 6}})
	merge("run_3", []change{{Identifier: "b", Visits: 7}, {Identifier: "z", Visits: 8}, {Identifier: "z", Visits: 10}})
	if _, err := l.Maintain(t.Context(), id, thorough); err != nil {
		t.Fatal(err)
	}
	agree()
}

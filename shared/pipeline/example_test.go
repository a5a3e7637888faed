package pipeline_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// The example of "JSON to columns" in docs/mapping.md must come out as it says.
func TestTheExampleOfJSONToColumns(t *testing.T) {
	document, err := os.ReadFile("../../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(document), "### JSON to columns\n")
	block := func() (text string) {
		_, section, _ = strings.Cut(section, "```json\n")
		text, section, _ = strings.Cut(section, "```\n")
		return text
	}
	payload := block()
	var mapping ingest.Mapping
	rules := json.NewDecoder(bytes.NewBufferString(block()))
	rules.DisallowUnknownFields()
	if err := rules.Decode(&mapping); err != nil {
		t.Fatal(err)
	}
	_, row, _ := strings.Cut(section, "|---|---|---|---|---|---|\n")
	row, _, _ = strings.Cut(row, "\n")
	var want []any
	for cell := range strings.SplitSeq(strings.Trim(row, "| "), " | ") {
		if cell == "NULL" {
			want = append(want, nil)
		} else {
			want = append(want, strings.Trim(cell, "`"))
		}
	}
	if mapping, err = mapping.Resolve(ingest.UserProfile, schema.Table{Columns: []schema.Column{{Name: "payload", Type: schema.JSON}}}); err != nil {
		t.Fatal(err)
	}
	sc := arrow.NewSchema([]arrow.Field{{Name: "payload", Type: text}}, nil)
	m := mapper(t, mapping, sc)
	result, err := m.Map(source.Batch{Record: array.NewRecordBatch(sc, []arrow.Array{build(t, memory.DefaultAllocator, text, payload)}, 1)})
	if err != nil || result.Record.NumRows() != 1 {
		t.Fatal(result.Rejects, err)
	}
	got := make([]any, len(mapping))
	for c, values := range result.Record.Columns() {
		if values.IsValid(0) {
			got[c] = shown(t, values)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// shown is the text of the first value, by the pipeline's own cast.
func shown(t *testing.T, values arrow.Array) string {
	t.Helper()
	as := onto(t, memory.DefaultAllocator, values, ingest.Column{Type: schema.String})
	return as.Record.Column(0).(*array.String).Value(0)
}

package lake_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

// What a table was made of is what it is described as.
func TestDescribe(t *testing.T) {
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme", Name: "described"}
	if _, err := l.Describe(t.Context(), id); fault.CodeOf(err) != fault.LakeTableMissing {
		t.Errorf("a table that is not there: %v", err)
	}
	columns := []schema.Column{{Name: "identifier", Type: schema.String}}
	for _, kind := range []schema.Type{
		schema.Int64, schema.Float64, schema.Bool, schema.Date, schema.Timestamp, schema.Time, schema.Bytes, schema.JSON,
	} {
		columns = append(columns, schema.Column{Name: "a_" + string(kind), Type: kind, Nullable: true})
	}
	columns = append(columns, schema.Column{Name: "a_decimal", Type: schema.Decimal, Precision: 38, Scale: 9, Nullable: true})
	if err := l.Ensure(t.Context(), id, columns, lake.SpreadOf(ingest.UserProfile)); err != nil {
		t.Fatal(err)
	}
	got, err := l.Describe(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := lake.Description{Columns: columns, Bucket: lake.Bucket{Column: "identifier", N: 16}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rows := make([]event, 30)
	for n := range rows {
		rows[n] = event{Identifier: string(rune('a' + n)), Number: int64(n)}
	}
	for _, run := range []string{"run_1", "run_2"} {
		landEvents(t, l, events, run, rows)
	}
	if got, err := l.Describe(t.Context(), events); err != nil || got.Rows != 60 {
		t.Errorf("%d rows, %v; want 60", got.Rows, err)
	}
}

package schema_test

import (
	"slices"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/schema"
)

func snapshot() schema.Snapshot {
	return schema.Snapshot{
		DiscoveredAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Tables: []schema.Table{
			{Name: "orders", Format: "csv", Rows: 10, Bytes: 100, Files: 1, Columns: []schema.Column{
				{Name: "id", Type: schema.Int64, Native: "integer"},
				{Name: "price", Type: schema.Decimal, Native: "decimal(10,2)", Precision: 10, Scale: 2, Nullable: true},
			}},
			{Name: "profiles", Columns: []schema.Column{{Name: "day", Type: schema.Date, Partition: true}}},
		},
	}
}

func TestVersion(t *testing.T) {
	base := snapshot().Version()
	for name, test := range map[string]struct {
		change func(*schema.Snapshot)
		same   bool
	}{
		"nothing":          {func(*schema.Snapshot) {}, true},
		"the time":         {func(s *schema.Snapshot) { s.DiscoveredAt = time.Now() }, true},
		"estimates":        {func(s *schema.Snapshot) { s.Tables[0].Rows, s.Tables[0].Bytes, s.Tables[0].Files = 1, 2, 3 }, true},
		"a table's name":   {func(s *schema.Snapshot) { s.Tables[0].Name = "Orders" }, false},
		"a table less":     {func(s *schema.Snapshot) { s.Tables = s.Tables[:1] }, false},
		"a format":         {func(s *schema.Snapshot) { s.Tables[0].Format = "ndjson" }, false},
		"a problem":        {func(s *schema.Snapshot) { s.Tables[0].Problem = "no" }, false},
		"a column's name":  {func(s *schema.Snapshot) { s.Tables[0].Columns[0].Name = "ID" }, false},
		"a column's type":  {func(s *schema.Snapshot) { s.Tables[0].Columns[0].Type = schema.String }, false},
		"a native type":    {func(s *schema.Snapshot) { s.Tables[0].Columns[0].Native = "bigint" }, false},
		"a nullability":    {func(s *schema.Snapshot) { s.Tables[0].Columns[0].Nullable = true }, false},
		"a scale":          {func(s *schema.Snapshot) { s.Tables[0].Columns[1].Scale = 3 }, false},
		"order of columns": {func(s *schema.Snapshot) { slices.Reverse(s.Tables[0].Columns) }, false},
		"a partition":      {func(s *schema.Snapshot) { s.Tables[1].Columns[0].Partition = false }, false},
		"a column more":    {func(s *schema.Snapshot) { s.Tables[1].Columns = append(s.Tables[1].Columns, schema.Column{Name: "x"}) }, false},
	} {
		s := snapshot()
		test.change(&s)
		if got := s.Version() == base; got != test.same {
			t.Errorf("%s changed: same version %t, want %t", name, got, test.same)
		}
	}
}

func TestVersionChangesNothing(t *testing.T) {
	s := snapshot()
	s.Version()
	if s.Tables[0].Rows != 10 {
		t.Error("Version took the estimates away")
	}
}

func TestLookUp(t *testing.T) {
	table, ok := snapshot().Table("orders")
	if !ok || table.Name != "orders" {
		t.Fatalf("Table = %v, %t", table.Name, ok)
	}
	if _, ok := snapshot().Table("Orders"); ok {
		t.Error("names of tables are not case-sensitive")
	}
	column, ok := table.Column("price")
	if !ok || column.Scale != 2 {
		t.Errorf("Column = %+v, %t", column, ok)
	}
	if _, ok := table.Column("Price"); ok {
		t.Error("names of columns are not case-sensitive")
	}
}

func TestTypes(t *testing.T) {
	types := schema.Types()
	slices.Sort(types)
	if n := len(slices.Compact(types)); n != 10 {
		t.Errorf("%d logical types, want 10", n)
	}
}

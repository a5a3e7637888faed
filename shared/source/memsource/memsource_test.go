package memsource_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/memsource"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
)

func config(dataset, token string) source.Config {
	return source.Config{
		Settings:   map[string]any{"dataset": dataset},
		Credential: source.Credential{Method: "token", Fields: map[string]source.Secret{"token": source.Secret(token)}},
	}
}

func TestConformance(t *testing.T) {
	var columns []schema.Column
	for _, typ := range schema.Types() {
		c := schema.Column{Name: string(typ), Type: typ, Native: string(typ), Nullable: true}
		if typ == schema.Decimal {
			c.Precision, c.Scale = 10, 2
		}
		columns = append(columns, c)
	}
	full := `{"bool":true,"bytes":"AAE=","date":"2024-05-01","decimal":"12.34","float64":0.5,"int64":7,"json":"{}","string":"é","time":"10:00:00","timestamp":"2024-05-01T10:00:00Z"}`
	var rows []string
	for i := range 40 {
		rows = append(rows, fmt.Sprintf(`{"n":%d}`, i))
	}
	number := []schema.Column{{Name: "n", Type: schema.Int64, Native: "int64", Nullable: true}}
	driver := &memsource.Driver{
		Datasets: map[string][]memsource.Table{"crm": {
			{Table: schema.Table{Name: "types", Columns: columns}, Rows: "[" + full + "]"},
			{Table: schema.Table{Name: "numbers", Columns: number}, Rows: "[" + strings.Join(rows, ",") + "]"},
			{Table: schema.Table{Name: "empty", Columns: number}, Rows: "[]"},
		}},
		Tokens: map[string]memsource.Rights{
			"canary+all/": {List: true, Read: true}, "canary+lister": {List: true}, "canary+reader": {Read: true},
		},
	}
	var broken atomic.Bool
	driver.Fail = func(call string) error {
		if call == "next" && broken.CompareAndSwap(true, false) {
			return fault.New(fault.SourceUnavailable, "the line is cut")
		}
		return nil
	}
	sourcetest.Run(t, sourcetest.Harness{
		Driver: driver,
		Config: config("crm", "canary+all/"),
		Broken: []sourcetest.Broken{
			{Name: "unknown token", Config: config("crm", "canary+unknown"), Check: "memory.authenticate", Code: fault.SourceAuthentication},
			{Name: "missing dataset", Config: config("none", "canary+all/"), Check: "memory.reach", Code: fault.SourceNotFound},
			{Name: "may not list", Config: config("crm", "canary+reader"), Check: "memory.list", Code: fault.SourcePermission},
			{Name: "may not read", Config: config("crm", "canary+lister"), Check: "memory.read", Code: fault.SourcePermission},
		},
		Tables: []sourcetest.Table{
			{Name: "empty", Columns: number, Rows: []string{}},
			{Name: "numbers", Columns: number, Rows: rows},
			{Name: "types", Columns: columns, Rows: []string{full}},
		},
		Types:       schema.Types(),
		TargetBytes: 2000,
		Counts:      sourcetest.Counts{Rows: true, Filtered: true, Windows: true},
		Mutations:   func() []string { return nil },
		Interrupt:   func(*testing.T) { broken.Store(true) },
		Skips: map[string]string{
			"Refresh": "tokens in memory do not expire",
			"Changed": "tables in memory do not change",
		},
	})
}

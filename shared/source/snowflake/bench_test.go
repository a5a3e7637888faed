package snowflake_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"
	"github.com/snowflakedb/gosnowflake/v2/arrowbatches"

	"github.com/headwaterhq/headwater/shared/source"
)

const benchRows = 400_000

// BenchmarkRead reads a finished result through the driver and, in turn,
// through the bare client library (arrowbatches), which finds the same result
// by its id. ratio is the driver's time over the bare client's, of the best
// round of each, as other work on the machine only ever adds.
func BenchmarkRead(b *testing.B) {
	s := start(b)
	fill(b, s)
	s.admin(b, "settings", object{"inline_rows": 1000, "chunk_rows": 20_000})
	s.admin(b, "apply", object{
		"tables": []object{{
			"database": database, "schema": "SALES", "name": "BENCH",
			"columns": []object{
				column("ID", "NUMBER(18,0)"), column("NAME", "VARCHAR(40)"), column("AMOUNT", "NUMBER(10,2)"), column("WIDE", "NUMBER(38,9)"),
				column("SCORE", "FLOAT"), column("AT", "TIMESTAMP_NTZ(6)"), column("OK", "BOOLEAN"), column("DAY", "DATE"),
			},
			"select": `SELECT i, 'name-' || i, i / 7, i / 3, i / 11, TIMESTAMP '2024-01-01' + to_seconds(i), i % 2 = 0, DATE '2024-01-01' FROM range(` + strconv.Itoa(benchRows) + `) r(i)`,
		}},
		"grants": []object{{"privilege": "SELECT", "on": "TABLE", "database": database, "schema": "SALES", "name": "BENCH", "to": role}},
	})
	src := open(b, s.endpoints, config())
	table := events()
	table.Name = "CRM.SALES.BENCH"
	p := plan(b, src, source.PlanRequest{Table: table, TargetBytes: 1 << 40})
	if len(p.Splits) != 1 {
		b.Fatalf("%d splits", len(p.Splits))
	}
	var d struct {
		Query string `json:"query_id"`
	}
	if err := json.Unmarshal(p.Splits[0].Detail, &d); err != nil {
		b.Fatal(err)
	}
	bare := bareClient(b, s)
	var ours, theirs time.Duration
	bestOurs, bestTheirs := time.Hour, time.Hour
	rounds := 0
	for b.Loop() {
		began := time.Now()
		rows := drain(b, src, p)
		took := time.Since(began)
		ours, bestOurs = ours+took, min(bestOurs, took)
		began = time.Now()
		if other := bareRead(b, bare, d.Query); rows != benchRows || other != benchRows {
			b.Fatalf("%d rows, the bare client %d", rows, other)
		}
		took = time.Since(began)
		theirs, bestTheirs = theirs+took, min(bestTheirs, took)
		rounds++
	}
	b.ReportMetric(float64(benchRows*rounds)/ours.Seconds(), "rows/s")
	b.ReportMetric(float64(p.Splits[0].Bytes)*float64(rounds)/1e6/ours.Seconds(), "driver-MB/s")
	b.ReportMetric(float64(benchRows*rounds)/theirs.Seconds(), "bare-rows/s")
	b.ReportMetric(bestOurs.Seconds()/bestTheirs.Seconds(), "ratio")
}

// drain reads a plan.
func drain(b *testing.B, src *source.Source, p source.Plan) (rows int) {
	r, err := src.Read(b.Context(), source.ReadRequest{Table: p.Table, Split: p.Splits[0]})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for {
		batch, err := r.Next(b.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return rows
		}
		if err != nil {
			b.Fatal(err)
		}
		rows += int(batch.Record.NumRows())
		batch.Release()
	}
}

func bareClient(b *testing.B, s *service) *sql.Conn {
	b.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, sf.Config{
		Account: "acme-main", User: user, Password: password, Role: role, Warehouse: warehouse, Host: u.Hostname(), Port: port, Protocol: "http",
	}))
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close()
		_ = db.Close()
	})
	return conn
}

// bareRead fetches every batch of a result, with numbers and timestamps as the
// contract of drivers wants them.
func bareRead(b *testing.B, conn *sql.Conn, query string) (rows int) {
	b.Helper()
	ctx := sf.WithHigherPrecision(arrowbatches.WithArrowBatches(sf.WithFetchResultByID(context.WithoutCancel(b.Context()), query)))
	ctx = arrowbatches.WithTimestampOption(ctx, arrowbatches.UseMicrosecondTimestamp)
	err := conn.Raw(func(c any) error {
		result, err := c.(driver.QueryerContext).QueryContext(ctx, "", nil)
		if err != nil {
			return err
		}
		defer func() { _ = result.Close() }()
		batches, err := arrowbatches.GetArrowBatches(result.(sf.SnowflakeRows))
		if err != nil {
			return err
		}
		for _, batch := range batches {
			records, err := batch.Fetch()
			if err != nil {
				return err
			}
			for _, record := range *records {
				rows += int(record.NumRows())
				record.Release()
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return rows
}

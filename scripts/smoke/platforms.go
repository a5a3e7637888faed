package main

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/headwaterhq/headwater/scripts/demo"
)

// visitors is how many rows the table of each platform has.
const visitors = 5000

// who is a visitor that every platform knows.
const who = "visitor-42"

// service is the content of a platform for the smoke run: a table of visitors,
// and the secret of a principal that may read it and nothing else.
type service struct {
	platform demo.Platform
	secret   string // no answer, log or file may hold it
	endpoint map[string]string
	close    func() error
}

// services starts a server for each platform beside the demo's bucket.
func services(ctx context.Context) (started []service, err error) {
	fmt.Println("peers    BigQuery, Cloud Storage and Snowflake come up; building them takes minutes, the first time")
	for _, start := range []func(context.Context) ([]service, error){startGoogle, startSnowflake} {
		more, err := start(ctx)
		started = append(started, more...)
		if err != nil {
			return nil, errors.Join(err, closeAll(started))
		}
	}
	return started, nil
}

func closeAll(services []service) error {
	var errs []error
	for _, s := range services {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// endpoints are where all of them are reached.
func endpoints(services []service) map[string]string {
	all := map[string]string{}
	for _, s := range services {
		maps.Copy(all, s.endpoint)
	}
	return all
}

// visitorsSQL makes the rows, in GoogleSQL and in DuckDB's SQL alike, from a column n.
const visitorsSQL = `CONCAT('visitor-', CAST(n AS %[1]s)) AS user_id, CONCAT('v', CAST(n AS %[1]s), '@example.com') AS email,
	CASE WHEN MOD(n, 3) = 0 THEN 'DE' ELSE 'FR' END AS country, n * 1000003 AS visits, TIMESTAMP '2026-01-01 00:00:00' AS seen_at`

func visitorsOf(textType string) string { return fmt.Sprintf(visitorsSQL, textType) }

package main

import (
	"context"
	"fmt"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/platforms"
	"github.com/headwaterhq/headwater/shared/source"
)

// startSnowflake starts a Snowflake with the visitors.
func startSnowflake(ctx context.Context) ([]service, error) {
	column := func(name, dataType string) platforms.Object { return platforms.Object{"name": name, "type": dataType} }
	snowflake, err := platforms.StartSnowflake(ctx, "visitors", []platforms.Object{
		column("user_id", "VARCHAR"), column("email", "VARCHAR"), column("country", "VARCHAR"),
		column("visits", "NUMBER(38,0)"), column("seen_at", "TIMESTAMP_NTZ(6)"),
	}, fmt.Sprintf("SELECT %s FROM range(1, %d) AS r(n)", visitorsOf("VARCHAR"), visitors+1))
	if err != nil {
		return nil, err
	}
	return []service{{
		platform: demo.Platform{
			Name: "snowflake", Settings: snowflake.Settings, Credentials: snowflake.Credentials,
			Table: "CRM.PUBLIC.visitors", Rows: visitors, Who: who,
			Query: `SELECT * FROM CRM.PUBLIC."visitors" WHERE "country" = 'DE'`, QueryRows: visitors / 3,
		},
		secret:   snowflake.Secret,
		endpoint: map[string]string{source.EndpointSnowflake: snowflake.URL},
		close:    func() error { snowflake.Close(); return nil },
	}}, nil
}

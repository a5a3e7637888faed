// Command lookup is the function that reads the lake back over HTTP.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/httpapi/lookupapi"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/lookup"
)

func main() {
	if err := run(context.Background(), os.LookupEnv); err != nil {
		lambdahost.Exit(err)
	}
}

func run(ctx context.Context, env config.Lookup) error {
	cfg, err := config.ForLake(env)
	if err != nil {
		return err
	}
	aws, err := config.AWS(ctx)
	if err != nil {
		return err
	}
	landed, err := lake.Open(ctx, lake.Config{
		Catalog: cfg.Catalog.Kind, URI: cfg.Catalog.URI, Warehouse: cfg.Warehouse(), Region: aws.Region, S3Endpoint: cfg.S3Endpoint,
	})
	if err != nil {
		return err
	}
	log := lambdahost.Logger(cfg.Function)
	lambdahost.Start(ctx, lambdahost.HTTP(log, lookupapi.New(log, lambdahost.Caller, &lookup.Service{
		Imports: dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table),
		Lake:    landed,
	})))
	return nil
}

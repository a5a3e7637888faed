// Command lookup is the function that reads back over HTTP what imports have landed and what they rejected.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/headwaterhq/headwater/shared/audience"
	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/httpapi/lookupapi"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/lookup"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/secretstore"
)

func main() {
	if err := run(context.Background(), os.LookupEnv); err != nil {
		lambdahost.Exit(err)
	}
}

func run(ctx context.Context, env config.Lookup) error {
	cfg, err := config.ForTransfer(env)
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
	store := dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table)
	lambdahost.Start(ctx, lambdahost.HTTP(log, lookupapi.New(log, lambdahost.Caller, lookupapi.Services{
		Lookups:   &lookup.Service{Imports: store, Lake: landed},
		Audiences: &audience.Service{Imports: store, Lake: landed, Now: time.Now},
		Quarantine: &lookup.Quarantine{
			Runs:    store,
			Objects: objectstore.New(s3.NewFromConfig(aws), cfg.Bucket),
			Vault:   quarantine.Vault{Keys: store, Workspace: secretstore.New(secretsmanager.NewFromConfig(aws), cfg.SecretPrefix, "")},
		},
	})))
	return nil
}

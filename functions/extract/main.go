// Command extract is the function that reads one split of a run, maps it and writes data files.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/secretstore"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/all"
	"github.com/headwaterhq/headwater/shared/task"
	"github.com/headwaterhq/headwater/shared/transfer"
)

func main() {
	if err := run(context.Background(), os.LookupEnv); err != nil {
		lambdahost.Exit(err)
	}
}

func run(ctx context.Context, lookup config.Lookup) error {
	cfg, err := config.ForTransfer(lookup)
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
	store := dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table)
	objects := objectstore.New(s3.NewFromConfig(aws), cfg.Bucket)
	secrets := secretstore.New(secretsmanager.NewFromConfig(aws), cfg.SecretPrefix, "")
	sources := connection.Sources{
		Registry:    source.NewRegistry(all.Drivers(config.Endpoints(lookup))...),
		Credentials: secrets,
	}
	extractor := &transfer.Extractor{
		Store:       store,
		Connections: store,
		Sources:     sources,
		Objects:     objects,
		Lake:        landed,
		Vault:       quarantine.Vault{Keys: store, Workspace: secrets},
		Now:         time.Now,
	}
	lambdahost.Start(ctx, lambdahost.Task(lambdahost.Logger(cfg.Function), func(ctx context.Context, in ingest.SplitRef) (task.Pass, error) {
		done, err := extractor.Extract(ctx, in)
		return task.Pass{Done: done}, err
	}))
	return nil
}

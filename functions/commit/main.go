// Command commit is the function that makes all rows of a run visible in the lake at once, exactly once.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/secretstore"
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
	secrets := secretstore.New(secretsmanager.NewFromConfig(aws), cfg.SecretPrefix, "")
	committer := &transfer.Committer{
		Store:   store,
		Objects: objectstore.New(s3.NewFromConfig(aws), cfg.Bucket),
		Lake:    landed,
		Vault:   quarantine.Vault{Keys: store, Workspace: secrets},
		Now:     time.Now,
	}
	lambdahost.Start(ctx, lambdahost.Task(lambdahost.Logger(cfg.Function), func(ctx context.Context, in ingest.Ref) (task.Committed, error) {
		done, err := committer.Commit(ctx, in)
		return task.Committed(done), err
	}))
	return nil
}

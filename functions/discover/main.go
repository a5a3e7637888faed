// Command discover is the function that reads the schema of a connection, page by page.
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
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/secretstore"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/all"
	"github.com/headwaterhq/headwater/shared/task"
)

func main() {
	if err := run(context.Background(), os.LookupEnv); err != nil {
		lambdahost.Exit(err)
	}
}

func run(ctx context.Context, lookup config.Lookup) error {
	cfg, err := config.ForValidation(lookup)
	if err != nil {
		return err
	}
	aws, err := config.AWS(ctx)
	if err != nil {
		return err
	}
	store := dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table)
	objects := objectstore.New(s3.NewFromConfig(aws), cfg.Bucket)
	sources := connection.Sources{
		Registry:    source.NewRegistry(all.Drivers(config.Endpoints(lookup))...),
		Credentials: secretstore.New(secretsmanager.NewFromConfig(aws), cfg.SecretPrefix, ""),
	}
	validator := &connection.Validator{
		Store:   store,
		Sources: sources,
		Objects: objects,
		Now:     time.Now,
	}
	lambdahost.Start(ctx, lambdahost.Task(lambdahost.Logger(cfg.Function), func(ctx context.Context, in connection.Ref) (task.Pass, error) {
		done, err := validator.Discover(ctx, in)
		return task.Pass{Done: done}, err
	}))
	return nil
}

// Command check is the function that runs the checks of a connection and keeps their report.
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
	lambdahost.Start(ctx, lambdahost.Task(lambdahost.Logger(cfg.Function), func(ctx context.Context, in connection.Ref) (task.Checked, error) {
		passed, err := validator.Check(ctx, in)
		return task.Checked{Passed: passed}, err
	}))
	return nil
}

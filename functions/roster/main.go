// Command roster is the function that lists the active connections for the daily upkeep.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/task"
)

func main() {
	if err := run(context.Background(), os.LookupEnv); err != nil {
		lambdahost.Exit(err)
	}
}

func run(ctx context.Context, lookup config.Lookup) error {
	cfg, err := config.ForControl(lookup)
	if err != nil {
		return err
	}
	aws, err := config.AWS(ctx)
	if err != nil {
		return err
	}
	roster := &connection.Roster{
		Store:   dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table),
		Objects: objectstore.New(s3.NewFromConfig(aws), cfg.Bucket),
	}
	lambdahost.Start(ctx, lambdahost.Task(lambdahost.Logger(cfg.Function), func(ctx context.Context, in task.RosterInput) (task.Roster, error) {
		key, count, err := roster.Write(ctx, in.UpkeepID)
		return task.Roster{Bucket: cfg.Bucket, Key: key, Count: count}, err
	}))
	return nil
}

// Command claim is the function that turns due imports into queued runs, each slot exactly once.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lambdahost"
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
	log := lambdahost.Logger(cfg.Function)
	claimer := &ingest.Claimer{
		Store: dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table),
		Now:   time.Now,
		Log:   log,
	}
	lambdahost.Start(ctx, lambdahost.Task(log, func(ctx context.Context, in task.ClaimInput) (task.Claimed, error) {
		runs, more, err := claimer.Claim(ctx, in.ScheduledTime)
		return task.Claimed{Runs: runs, More: more}, err
	}))
	return nil
}

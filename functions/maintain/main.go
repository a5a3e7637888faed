// Command maintain is the function that keeps the lake's tables fast to read: it lists them, and works on one at a time.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/task"
	"github.com/headwaterhq/headwater/shared/upkeep"
)

func main() {
	if err := run(context.Background(), os.LookupEnv); err != nil {
		lambdahost.Exit(err)
	}
}

func run(ctx context.Context, lookup config.Lookup) error {
	cfg, err := config.ForLake(lookup)
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
	logger := lambdahost.Logger(cfg.Function)
	keeper := &upkeep.Keeper{Tables: landed, Objects: objectstore.New(s3.NewFromConfig(aws), cfg.Bucket), How: upkeep.Daily()}
	lambdahost.Start(ctx, lambdahost.Task(logger, func(ctx context.Context, in task.MaintainInput) (any, error) {
		switch in.Kind {
		case task.MaintainList:
			key, count, err := keeper.List(ctx, in.UpkeepID)
			return task.Roster{Bucket: cfg.Bucket, Key: key, Count: count}, err
		case task.MaintainTable:
			done, made, err := keeper.Maintain(ctx, lake.TableRef{Namespace: in.Namespace, Table: in.Table})
			logger.InfoContext(ctx, "maintained", "namespace", in.Namespace, "table", in.Table, "made", made)
			return task.Pass{Done: done}, err
		}
		return nil, fault.Field(fault.WorkerInvalidCall, "kind", "must be one of: list, table")
	}))
	return nil
}

package main

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/objectstore"
)

// deployment is where the commands work: what the environment says, and flags instead of it.
type deployment struct {
	env                        config.Lookup
	table, bucket, kind, where string
}

// flags gives the command, and those below it, flags instead of the environment.
func (d *deployment) flags(c *cobra.Command) {
	f := c.PersistentFlags()
	f.StringVar(&d.table, "table", "", "DynamoDB table (default: "+names.EnvTable+")")
	f.StringVar(&d.bucket, "bucket", "", "lake bucket (default: "+names.EnvBucket+")")
	f.StringVar(&d.kind, "catalog", "", "lake catalog, "+names.CatalogGlue+" or "+names.CatalogSQL+" (default: "+names.EnvLakeCatalog+")")
	f.StringVar(&d.where, "catalog-uri", "", "database of a "+names.CatalogSQL+" catalog (default: "+names.EnvLakeCatalogURI+")")
}

// lookup finds a variable: the flag's value where it was given.
func (d *deployment) lookup(name string) (string, bool) {
	given := map[string]string{
		names.EnvTable: d.table, names.EnvBucket: d.bucket, names.EnvLakeCatalog: d.kind, names.EnvLakeCatalogURI: d.where,
	}[name]
	if given != "" {
		return given, true
	}
	return d.env(name)
}

// opened is a deployment's parts. Close it.
type opened struct {
	store   *dynamostore.Store
	objects *objectstore.Store
	lake    *lake.Lake
}

func (d *deployment) open(ctx context.Context) (opened, error) {
	cfg, err := config.ForLake(d.lookup)
	if err != nil {
		return opened{}, err
	}
	aws, err := config.AWS(ctx)
	if err != nil {
		return opened{}, err
	}
	if aws.Region == "" {
		return opened{}, errors.New("no AWS region is configured: set AWS_REGION or AWS_PROFILE")
	}
	landed, err := lake.Open(ctx, lake.Config{
		Catalog: cfg.Catalog.Kind, URI: cfg.Catalog.URI, Warehouse: cfg.Warehouse(), Region: aws.Region, S3Endpoint: cfg.S3Endpoint,
	})
	if err != nil {
		return opened{}, err
	}
	client := s3.NewFromConfig(aws, func(o *s3.Options) { o.UsePathStyle = cfg.S3Endpoint != "" })
	return opened{
		store: dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table), objects: objectstore.New(client, cfg.Bucket), lake: landed,
	}, nil
}

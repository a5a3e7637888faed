// Command api is the function that serves connections, imports and runs over HTTP.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/secretstore"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/workflow"
)

func main() {
	if err := run(context.Background(), os.LookupEnv); err != nil {
		lambdahost.Exit(err)
	}
}

func run(ctx context.Context, lookup config.Lookup) error {
	cfg, err := config.ForAPI(lookup)
	if err != nil {
		return err
	}
	aws, err := config.AWS(ctx)
	if err != nil {
		return err
	}
	store := dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table)
	starter := &workflow.Starter{
		Client: sfn.NewFromConfig(aws), ValidateConnectionARN: cfg.ValidateConnectionARN, RunImportARN: cfg.RunImportARN,
	}
	secrets := secretstore.New(secretsmanager.NewFromConfig(aws), cfg.SecretPrefix, cfg.KMSKeyID)
	objects := objectstore.New(s3.NewFromConfig(aws), cfg.Bucket)
	connections := &connection.Service{
		Store:    store,
		Secrets:  secrets,
		Objects:  objects,
		Catalog:  catalog.Specs(),
		Workflow: starter,
		Now:      time.Now,

		Statements: catalog.Grants, Principal: cfg.Principal, Identify: catalog.Identity,
	}
	imports := &ingest.Service{Store: store, Schemas: connections, Catalog: catalog.Specs(), Workflow: starter, Keys: secrets, RunKeys: store, Now: time.Now}
	log := lambdahost.Logger(cfg.Function)
	lambdahost.Start(ctx, lambdahost.HTTP(log, controlapi.New(log, lambdahost.Caller, controlapi.Services{
		Connections: connections, Imports: imports, Manifests: objects, Catalog: catalog.Specs(), Now: time.Now,
	})))
	return nil
}

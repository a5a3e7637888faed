// Command authorizer is the function that finds out who makes a request, before API Gateway lets it through.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/headwaterhq/headwater/shared/authorizer"
	"github.com/headwaterhq/headwater/shared/config"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/lambdahost"
)

func main() {
	if err := run(context.Background(), os.LookupEnv); err != nil {
		lambdahost.Exit(err)
	}
}

func run(ctx context.Context, lookup config.Lookup) error {
	cfg, err := config.ForAuthorizer(lookup)
	if err != nil {
		return err
	}
	aws, err := config.AWS(ctx)
	if err != nil {
		return err
	}
	gate := &authorizer.Authorizer{
		Keys: dynamostore.New(dynamodb.NewFromConfig(aws), cfg.Table),
		Now:  time.Now,
		Log:  lambdahost.Logger(cfg.Function),
	}
	if cfg.OIDC != (config.OIDC{}) {
		gate.Tokens = authorizer.NewIssuer(cfg.OIDC.Issuer, cfg.OIDC.Audience, cfg.OIDC.WorkspaceClaim, time.Now)
	}
	lambdahost.Start(ctx, lambdahost.Event(gate.Log, gate.Authorize))
	return nil
}

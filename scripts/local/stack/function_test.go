package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// runFunction is what the test's own binary does as a bootstrap: it is every function of the test's template.
func runFunction() {
	switch os.Getenv("AWS_LAMBDA_FUNCTION_NAME") {
	case "headwater-api":
		lambda.Start(func(r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
			return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: r.PathParameters["id"] + " " + r.RequestContext.Authorizer.Lambda["subject"].(string)}, nil
		})
	case "headwater-authorizer":
		lambda.Start(func(r events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
			subject, ok := strings.CutPrefix(r.IdentitySource[0], "Bearer ")
			return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: ok, Context: map[string]any{"subject": subject}}, nil
		})
	case "headwater-worker":
		lambda.Start(work)
	case "headwater-settle":
		lambda.Start(func(ctx context.Context, event json.RawMessage) error {
			return keep(ctx, "settled.json", string(event))
		})
	}
}

type order struct {
	Do   string `json:"do"`
	Text string `json:"text"`
}

// work uses every service that the deployed functions use, as the SDK finds them in the environment.
func work(ctx context.Context, o order) (map[string]string, error) {
	switch o.Do {
	case "nothing":
		return map[string]string{}, nil
	case "sleep":
		if err := keep(ctx, "sleeping", ""); err != nil {
			return nil, err
		}
		time.Sleep(time.Minute)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	if err := keep(ctx, "work.txt", o.Text); err != nil {
		return nil, err
	}
	_, err = dynamodb.NewFromConfig(cfg).PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(os.Getenv("HEADWATER_TABLE")),
		Item:      map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}, "sk": &types.AttributeValueMemberS{Value: "b"}},
	})
	if err != nil {
		return nil, fmt.Errorf("putting an item: %w", err)
	}
	_, err = secretsmanager.NewFromConfig(cfg).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("headwater/ws/con"), SecretString: &o.Text})
	if err != nil {
		return nil, fmt.Errorf("creating a secret: %w", err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("asking for the identity: %w", err)
	}
	return map[string]string{"account": *who.Account, "catalog": os.Getenv("HEADWATER_LAKE_CATALOG"), "uri": os.Getenv("HEADWATER_LAKE_CATALOG_URI"), "level": os.Getenv("HEADWATER_LOG_LEVEL")}, nil
}

func keep(ctx context.Context, key, text string) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	_, err = s3.NewFromConfig(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(os.Getenv("HEADWATER_BUCKET")), Key: &key, Body: strings.NewReader(text)})
	if err != nil {
		return fmt.Errorf("keeping %s: %w", key, err)
	}
	return nil
}

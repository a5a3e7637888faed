package stack_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/aws/smithy-go"
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
	case "trespass":
		return trespass(ctx)
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
		Item:      map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "WS#a"}, "sk": &types.AttributeValueMemberS{Value: "b"}},
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

// trespass tries what the worker's role does not allow, and answers with the error codes.
func trespass(ctx context.Context) (map[string]string, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	table := aws.String(os.Getenv("HEADWATER_TABLE"))
	items, secrets := dynamodb.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)
	query := func(key string) error {
		_, err := items.Query(ctx, &dynamodb.QueryInput{
			TableName: table, KeyConditionExpression: aws.String("#p = :p"),
			ExpressionAttributeNames: map[string]string{"#p": "pk"}, ExpressionAttributeValues: map[string]types.AttributeValue{":p": text(key)},
		})
		return err
	}
	batch := func(keys ...string) error {
		var all []map[string]types.AttributeValue
		for _, key := range keys {
			all = append(all, map[string]types.AttributeValue{"pk": text(key), "sk": text("b")})
		}
		_, err := items.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{*table: {Keys: all}}})
		return err
	}
	transact := func(key string) error {
		_, err := items.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: table, Item: map[string]types.AttributeValue{"pk": text(key), "sk": text("t")}}},
		}})
		return err
	}
	_, read := s3.NewFromConfig(cfg).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(os.Getenv("HEADWATER_BUCKET")), Key: aws.String("work.txt")})
	_, remove := items.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: table, Key: map[string]types.AttributeValue{"pk": text("WS#a"), "sk": text("b")}})
	_, other := secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("other/secret")})
	_, reveal := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("headwater/ws/con")})
	out := map[string]string{}
	for doing, err := range map[string]error{
		"writing an object elsewhere": keep(ctx, "elsewhere", ""), "reading an object": read, "deleting an item": remove,
		"querying its own": query("WS#a"), "querying another's": query("KEY#a"),
		"getting its own": batch("WS#a", "WS#b"), "getting another's": batch("WS#a", "KEY#a"),
		"transacting on its own": transact("WS#a"), "transacting on another's": transact("KEY#a"),
		"creating another's secret": other, "reading a secret": reveal,
	} {
		out[doing] = "allowed"
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			out[doing] = strings.TrimSuffix(api.ErrorCode(), "Exception")
		} else if err != nil {
			return nil, err
		}
	}
	return out, nil
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

package dynamo_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/headwaterhq/headwater/scripts/local/dynamo"
	"github.com/headwaterhq/headwater/scripts/local/process"
	"github.com/headwaterhq/headwater/scripts/local/template"
)

func TestTablesSurviveARestart(t *testing.T) {
	nursery := process.NewNursery()
	t.Cleanup(nursery.Close)
	program, err := filepath.Abs("../../../.local/tools/amplify-dynamodb-simulator/emulator")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cfg := dynamo.Config{
		Program: program, Dir: filepath.Join(dir, "data"), LogPath: filepath.Join(dir, "dynamodb.log"), Region: "us-east-1", Nursery: nursery,
		Tables: []template.Table{{
			Name: "headwater", Attributes: map[string]string{"pk": "S", "sk": "S", "work_pk": "S"}, Key: template.Key{Partition: "pk", Sort: "sk"},
			Indexes: []template.Index{{Name: "work", Key: template.Key{Partition: "work_pk"}, Projection: "ALL"}}, TTL: "ttl",
		}},
	}
	start := func() (*dynamo.Server, *dynamodb.Client) {
		s, err := dynamo.Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s, dynamodb.New(dynamodb.Options{
			BaseEndpoint: aws.String(s.URL), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "y", ""),
		})
	}
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

	first, client := start()
	_, err = client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("headwater"), Item: map[string]types.AttributeValue{
		"pk": text("a"), "sk": text("b"), "work_pk": text("open#0"),
	}})
	if err := errors.Join(err, first.Close()); err != nil {
		t.Fatal(err)
	}

	second, client := start()
	defer second.Close()
	out, err := client.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String("headwater"), IndexName: aws.String("work"), KeyConditionExpression: aws.String("work_pk = :w"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":w": text("open#0")},
	})
	if err != nil || len(out.Items) != 1 {
		t.Errorf("got %+v, %v", out, err)
	}
	ttl, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("headwater")})
	if err != nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != "ttl" {
		t.Errorf("expiry: %+v, %v", ttl, err)
	}
}

func TestMissingParts(t *testing.T) {
	if _, err := dynamo.Start(t.Context(), dynamo.Config{Program: t.TempDir()}); !errors.Is(err, dynamo.ErrNoJar) {
		t.Errorf("without the jar: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := dynamo.Start(t.Context(), dynamo.Config{}); !errors.Is(err, dynamo.ErrNoJava) {
		t.Errorf("without java: %v", err)
	}
}

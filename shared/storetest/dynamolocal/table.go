//go:build unix

package dynamolocal

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/names"
)

// Table makes an empty table with Headwater's keys and index, and returns its name.
func (s *Server) Table(t testing.TB) string {
	t.Helper()
	client, table := s.Client(), aws.String("test-"+id.Nonce())
	var attributes []types.AttributeDefinition
	for _, name := range []string{names.PartitionKey, names.SortKey, names.WorkPartitionKey, names.WorkSortKey} {
		attributes = append(attributes, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS})
	}
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: table, AttributeDefinitions: attributes, BillingMode: types.BillingModePayPerRequest,
		KeySchema: keys(names.PartitionKey, names.SortKey),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String(names.WorkIndex), KeySchema: keys(names.WorkPartitionKey, names.WorkSortKey),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	})
	if err != nil {
		t.Fatalf("creating table: %v", err)
	}
	return *table
}

func keys(partition, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: &partition, KeyType: types.KeyTypeHash},
		{AttributeName: &sort, KeyType: types.KeyTypeRange},
	}
}

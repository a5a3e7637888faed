// Package dynamostore keeps connections, validations, imports, runs and API
// keys in one DynamoDB table, with the keys that docs/architecture.md lists.
//
// Every promise of the domain ("once", "at once", "if nobody has") is one
// condition or one transaction. Reads of single items and lists are strongly consistent;
// the work index is not, so what it finds is read again before it is returned.
package dynamostore

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// Store is the table.
type Store struct {
	client *dynamodb.Client
	table  string
}

var (
	_ connection.Store = (*Store)(nil)
	_ ingest.Store     = (*Store)(nil)
	_ caller.Keys      = (*Store)(nil)
)

// New returns the store in a table.
func New(client *dynamodb.Client, table string) *Store {
	return &Store{client: client, table: table}
}

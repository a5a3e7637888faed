//go:build unix

package dynamostore_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// refuse answers requests with what answer returns for their number, from 1, and lets
// those through for which it returns nil. The SDK does not see, and so does not repeat, its errors.
func refuse(calls *atomic.Int32, answer func(call int32) error) func(*dynamodb.Options) {
	return addStep(func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("refuse",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				if err := answer(calls.Add(1)); err != nil {
					return middleware.InitializeOutput{}, middleware.Metadata{}, err
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	})
}

// lose lets the first request be done and loses its answer on the way back to the SDK, which sends it again.
func lose(lost error) func(*dynamodb.Options) {
	return addStep(func(stack *middleware.Stack) error {
		var calls atomic.Int32
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("lose",
			func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleFinalize(ctx, in)
				if calls.Add(1) == 1 && err == nil {
					return middleware.FinalizeOutput{}, metadata, lost
				}
				return out, metadata, err
			}), "Retry", middleware.After)
	})
}

func addStep(step func(*middleware.Stack) error) func(*dynamodb.Options) {
	return func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, step) }
}

func drop(t *testing.T, table, pk, sk string) {
	t.Helper()
	_, err := peer.Client().DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newConnection() (connection.Connection, connection.Validation) {
	c := connection.Connection{WorkspaceID: "w", ID: id.New(id.Connection), ValidationID: id.New(id.Validation), Status: connection.Processing}
	c.Name = c.ID
	return c, connection.Validation{WorkspaceID: "w", ConnectionID: c.ID, ID: c.ValidationID, Outcome: connection.Running, Deadline: noon}
}

func newImport() (ingest.Import, ingest.Run) {
	i := ingest.Import{WorkspaceID: "w", ID: id.New(id.Import), EveryHours: 24, NextRunAt: noon}
	i.Name = i.ID
	return i, ingest.Run{WorkspaceID: "w", ImportID: i.ID, ID: id.New(id.Run), Status: ingest.Queued, CreatedAt: noon, Deadline: noon}
}

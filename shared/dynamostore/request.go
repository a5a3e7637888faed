package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/names"
)

// one reads an item; missing is the error when there is none.
func one[T any](ctx context.Context, s *Store, doing string, k key, missing *fault.Error, decode func(attributes) (T, error)) (T, error) {
	var none T
	if !k.fits() {
		return none, missing
	}
	var out *dynamodb.GetItemOutput
	err := retry(ctx, doing, func() (err error) {
		out, err = s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: k.attributes(), ConsistentRead: aws.Bool(true)})
		return err
	})
	switch {
	case err != nil:
		return none, err
	case len(out.Item) == 0:
		return none, missing
	}
	return decode(out.Item)
}

// span is a stretch of one partition.
type span struct {
	partition string
	prefix    string // of the sort keys
	after     string // sort key to go on after, exclusive; "" starts
	newest    bool   // newest first
	kind      kind   // only items of this kind; "" takes all
	only      string // the one attribute to return; "" returns all
}

// page reads up to limit items of a span, over as many of DynamoDB's own pages as that takes; 0 reads all of them.
func page[T any](ctx context.Context, s *Store, doing string, from span, limit int, decode func(attributes) (T, error)) ([]T, error) {
	if len(from.after) > maxSort {
		return nil, fault.New(fault.InvalidCursor, "the cursor is too long")
	}
	request, err := from.query(s.table, limit)
	if err != nil {
		return nil, err
	}
	var found []T
	for {
		var out *dynamodb.QueryOutput
		err := retry(ctx, doing, func() (err error) {
			out, err = s.client.Query(ctx, request)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, item := range out.Items {
			decoded, err := decode(item)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", doing, err)
			}
			if found = append(found, decoded); len(found) == limit {
				return found, nil
			}
		}
		if request.ExclusiveStartKey = out.LastEvaluatedKey; request.ExclusiveStartKey == nil {
			return found, nil
		}
	}
}

func (f span) query(table string, limit int) (*dynamodb.QueryInput, error) {
	const condition = "#pk = :pk AND begins_with(#sk, :prefix)"
	v, filter, projection := values{":pk": f.partition, ":prefix": f.prefix}, "", ""
	if f.only != "" {
		projection = "#" + f.only
	}
	if f.kind != "" {
		filter, v[":kind"] = "#kind = :kind", f.kind
	}
	bound, err := bind(v)
	if err != nil {
		return nil, err
	}
	request := &dynamodb.QueryInput{
		TableName: &table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(!f.newest),
		KeyConditionExpression: aws.String(condition), FilterExpression: optional(filter), ProjectionExpression: optional(projection),
		ExpressionAttributeNames: placeholders(condition, filter, projection), ExpressionAttributeValues: bound,
	}
	if limit > 0 && f.kind == "" { // DynamoDB counts before it filters
		request.Limit = aws.Int32(int32(min(limit, 1000)))
	}
	if f.after != "" {
		request.ExclusiveStartKey = key{f.partition, f.after}.attributes()
	}
	return request, nil
}

// write does one write; false when its condition failed.
func (s *Store) write(ctx context.Context, doing string, w write) (bool, error) {
	if w.err != nil {
		return false, fmt.Errorf("%s: %w", doing, w.err)
	}
	var refused bool
	err := retry(ctx, doing, func() error {
		err := s.send(ctx, w.item)
		var failed *types.ConditionalCheckFailedException
		if refused = errors.As(err, &failed); refused {
			return nil
		}
		return err
	})
	return err == nil && !refused, err
}

func (s *Store) send(ctx context.Context, item types.TransactWriteItem) (err error) {
	switch {
	case item.Put != nil:
		_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.table, Item: item.Put.Item, ConditionExpression: item.Put.ConditionExpression,
			ExpressionAttributeNames: item.Put.ExpressionAttributeNames, ExpressionAttributeValues: item.Put.ExpressionAttributeValues,
		})
	case item.Update != nil:
		_, err = s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.table, Key: item.Update.Key,
			UpdateExpression: item.Update.UpdateExpression, ConditionExpression: item.Update.ConditionExpression,
			ExpressionAttributeNames: item.Update.ExpressionAttributeNames, ExpressionAttributeValues: item.Update.ExpressionAttributeValues,
		})
	}
	return err
}

// transact does all writes at once or none. It returns a refusal when conditions failed.
//
// One token names all attempts: an attempt that was done although its answer
// got lost is not done, or refused, a second time.
func (s *Store) transact(ctx context.Context, doing string, writes ...write) (refusal, error) {
	request := &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(id.Nonce())}
	for _, w := range writes {
		if w.err != nil {
			return nil, fmt.Errorf("%s: %w", doing, w.err)
		}
		request.TransactItems = append(request.TransactItems, w.in(s.table))
	}
	var refused refusal
	err := retry(ctx, doing, func() error {
		_, err := s.client.TransactWriteItems(ctx, request)
		if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
			if refused = failedCondition(cancelled); refused != nil {
				return nil
			}
		}
		return err
	})
	return refused, err
}

func (w write) in(table string) types.TransactWriteItem {
	switch {
	case w.item.Put != nil:
		w.item.Put.TableName = &table
	case w.item.Update != nil:
		w.item.Update.TableName = &table
	case w.item.Delete != nil:
		w.item.Delete.TableName = &table
	}
	return w.item
}

// exists and absent are conditions on the item itself.
const (
	exists = "attribute_exists(#" + names.PartitionKey + ")"
	absent = "attribute_not_exists(#" + names.PartitionKey + ")"
)

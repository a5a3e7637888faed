package dynamostore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/names"
)

// search is what to find in the work index.
type search struct {
	index  string // what the partitions begin with; a shard follows
	before string // sort keys below this
	of     string // what the primary partition keys begin with; the index mixes kinds
	filter string // lets DynamoDB leave out what the caller would; "" takes all
	values values
}

// batch is how many items DynamoDB gives at once by their keys.
const batch = 100

// find returns up to limit items that the search finds and keep wants, the
// earliest first as far as one page of every shard tells.
//
// The index lags behind the table, so every item is read again, consistently,
// before keep sees it: what somebody has claimed or settled a moment ago does not come back, nor does it
// take the place of what is still to be done.
//
// An item that cannot be decoded does not hide the others, of whatever
// workspace: its error comes only when there are none.
func find[T any](ctx context.Context, s *Store, doing string, q search, limit int, decode func(attributes) (T, error), keep func(T) bool) ([]T, error) {
	lanes := make([]*lane, shards)
	for n := range lanes {
		lanes[n] = &lane{partition: shard(q.index, n)}
	}
	var found []T
	var broken error
	for len(lanes) > 0 {
		group, groupCtx := errgroup.WithContext(ctx)
		for _, l := range lanes {
			group.Go(func() error { return l.next(groupCtx, s, doing, q) })
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
		var places []place
		for _, l := range lanes {
			places = append(places, l.page...)
		}
		slices.SortFunc(places, func(a, b place) int { return strings.Compare(a.sort, b.sort) })
		for chunk := range slices.Chunk(places, batch) {
			items, err := s.reread(ctx, doing, chunk)
			if err != nil {
				return nil, err
			}
			for _, item := range items {
				decoded, err := decode(item)
				if err != nil {
					broken = fmt.Errorf("%s: %w", doing, err)
					continue
				}
				if keep(decoded) {
					if found = append(found, decoded); len(found) == limit {
						return found, nil
					}
				}
			}
		}
		lanes = slices.DeleteFunc(lanes, func(l *lane) bool { return l.ended })
	}
	if len(found) == 0 {
		return nil, broken
	}
	return found, nil
}

// place is an item in the work index: its primary key, and its sort key there.
type place struct {
	key  key
	sort string
}

// lane is how far one shard has been read.
type lane struct {
	partition string
	start     attributes
	page      []place
	ended     bool
}

func (l *lane) next(ctx context.Context, s *Store, doing string, q search) error {
	const condition = "#work_pk = :work_pk AND #work_sk < :before"
	v := values{":work_pk": l.partition, ":before": q.before}
	maps.Copy(v, q.values)
	bound, err := bind(v)
	if err != nil {
		return err
	}
	var out *dynamodb.QueryOutput
	err = retry(ctx, doing, func() (err error) {
		out, err = s.client.Query(ctx, &dynamodb.QueryInput{
			TableName: &s.table, IndexName: aws.String(names.WorkIndex), ExclusiveStartKey: l.start,
			KeyConditionExpression: aws.String(condition), FilterExpression: optional(q.filter),
			ExpressionAttributeNames: placeholders(condition, q.filter), ExpressionAttributeValues: bound,
		})
		return err
	})
	if err != nil {
		return err
	}
	l.page = l.page[:0]
	for _, item := range out.Items {
		if p := placeOf(item); strings.HasPrefix(p.key.partition, q.of) {
			l.page = append(l.page, p)
		}
	}
	l.start = out.LastEvaluatedKey
	l.ended = l.start == nil
	return nil
}

func placeOf(item attributes) place {
	return place{
		key:  key{text(item, names.PartitionKey), text(item, names.SortKey)},
		sort: text(item, names.WorkSortKey),
	}
}

func text(item attributes, name string) string {
	s, _ := item[name].(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

// reread reads items by their keys, consistently and in the order of places. What is gone is left out.
func (s *Store) reread(ctx context.Context, doing string, places []place) ([]attributes, error) {
	if len(places) == 0 {
		return nil, nil
	}
	wanted := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
	for _, p := range places {
		wanted.Keys = append(wanted.Keys, p.key.attributes())
	}
	found := make(map[key]attributes, len(places))
	for pending := map[string]types.KeysAndAttributes{s.table: wanted}; len(pending) > 0; {
		var out *dynamodb.BatchGetItemOutput
		err := retry(ctx, doing, func() (err error) {
			out, err = s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: pending})
			if err == nil && len(out.Responses[s.table]) == 0 && len(out.UnprocessedKeys) > 0 {
				return &types.ProvisionedThroughputExceededException{Message: aws.String("nothing of the batch was read")}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, item := range out.Responses[s.table] {
			found[placeOf(item).key] = item
		}
		pending = out.UnprocessedKeys
	}
	var items []attributes
	for _, p := range places {
		if item, ok := found[p.key]; ok {
			items = append(items, item)
		}
	}
	return items, nil
}

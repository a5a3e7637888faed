package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/names"
)

func noConnection() *fault.Error {
	return fault.New(fault.ConnectionNotFound, "there is no such connection")
}

// Connection returns one connection, or fault.ConnectionNotFound.
func (s *Store) Connection(ctx context.Context, workspaceID, id string) (connection.Connection, error) {
	return one(ctx, s, "reading connection", connectionKey(workspaceID, id), noConnection(), decodeConnection)
}

// Connections returns a page of a workspace's connections, newest first.
func (s *Store) Connections(ctx context.Context, workspaceID, after string, limit int) ([]connection.Connection, error) {
	if limit < 1 {
		return nil, nil
	}
	from := span{partition: connectionKey(workspaceID, "").partition, prefix: connectionSort, newest: true}
	if after != "" {
		from.after = connectionKey(workspaceID, after).sort
	}
	return page(ctx, s, "listing connections", from, limit, decodeConnection)
}

// PlatformCounts returns how many connections a workspace has to each platform.
func (s *Store) PlatformCounts(ctx context.Context, workspaceID string) (map[string]int, error) {
	const platform = "platform"
	of := connectionKey(workspaceID, "")
	all := span{partition: of.partition, prefix: of.sort, only: platform}
	platforms, err := page(ctx, s, "counting connections", all, 0, func(item attributes) (string, error) {
		return text(item, platform), nil
	})
	counts := make(map[string]int)
	for _, p := range platforms {
		counts[p]++
	}
	return counts, err
}

// CreateConnection writes the connection, its name and its first validation at once.
func (s *Store) CreateConnection(ctx context.Context, c connection.Connection, v connection.Validation) error {
	const connectionAt, nameAt, validationAt = 0, 1, 2
	refused, err := s.transact(ctx, "creating connection",
		put(newConnectionItem(c), absent),
		put(newNameItem(connectionNameKey(c.WorkspaceID, c.Name), c.ID), absent),
		put(newValidationItem(v), absent),
	)
	switch {
	case err != nil:
		return err
	case refused == nil:
		return nil
	case refused.at(connectionAt), refused.at(validationAt):
		return errors.New("creating connection: its id is taken")
	case refused.at(nameAt):
		return fault.Field(fault.ConnectionNameTaken, "name", "another connection of the workspace has this name")
	}
	return nil
}

// DropConnection removes what CreateConnection wrote. What is gone already, or belongs to another connection, is left alone.
func (s *Store) DropConnection(ctx context.Context, c connection.Connection) error {
	ref := connection.Ref{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, ValidationID: c.ValidationID}
	writes := []write{
		remove(connectionKey(c.WorkspaceID, c.ID), "", nil),
		remove(validationKey(ref), "", nil),
		remove(connectionNameKey(c.WorkspaceID, c.Name), "#id = :id", values{":id": c.ID}),
	}
	const nameAt = 2
	refused, err := s.transact(ctx, "dropping connection", writes...)
	if err != nil || refused == nil {
		return err
	}
	_, err = s.transact(ctx, "dropping connection", writes[:nameAt]...)
	return err
}

// ActiveConnections returns a page of the active connections of every
// workspace. The cursor is a shard and the id to go on after.
func (s *Store) ActiveConnections(ctx context.Context, cursor string) ([]connection.Connection, string, error) {
	n, after, err := activeCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	for ; n < shards; n, after = n+1, "" {
		found, last, err := s.activeIn(ctx, n, after)
		if err != nil {
			return nil, "", err
		}
		if next := strconv.Itoa(n) + "#" + last; last != "" {
			return found, next, nil
		}
		if len(found) > 0 && n+1 < shards {
			return found, strconv.Itoa(n+1) + "#", nil
		}
		if len(found) > 0 {
			return found, "", nil
		}
	}
	return nil, "", nil
}

func activeCursor(cursor string) (n int, after string, err error) {
	if cursor == "" {
		return 0, "", nil
	}
	number, after, ok := strings.Cut(cursor, "#")
	n, err = strconv.Atoi(number)
	if !ok || err != nil || n < 0 || n >= shards || len(after) > maxSort {
		return 0, "", fault.New(fault.InvalidCursor, "the cursor is not one that this list returned")
	}
	return n, after, nil
}

// activeIn reads a page of one shard. Last is where the next page of the shard begins, "" when there is none.
func (s *Store) activeIn(ctx context.Context, n int, after string) (found []connection.Connection, last string, err error) {
	const condition = "#work_pk = :shard AND #work_sk > :after"
	const doing = "listing active connections"
	if after == "" {
		after = "!" // below every id; an index key is not empty
	}
	bound, err := bind(values{":shard": shard(names.WorkActiveConnection, n), ":after": after})
	if err != nil {
		return nil, "", err
	}
	var out *dynamodb.QueryOutput
	err = retry(ctx, doing, func() (err error) {
		out, err = s.client.Query(ctx, &dynamodb.QueryInput{
			TableName: &s.table, IndexName: aws.String(names.WorkIndex), Limit: aws.Int32(batch),
			KeyConditionExpression: aws.String(condition), ExpressionAttributeNames: placeholders(condition), ExpressionAttributeValues: bound,
		})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	places := make([]place, len(out.Items))
	for i, item := range out.Items {
		places[i] = placeOf(item)
	}
	items, err := s.reread(ctx, doing, places)
	if err != nil {
		return nil, "", err
	}
	for _, item := range items {
		c, err := decodeConnection(item)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", doing, err)
		}
		if c.Status == connection.Active {
			found = append(found, c)
		}
	}
	if out.LastEvaluatedKey != nil {
		last = text(out.LastEvaluatedKey, names.WorkSortKey)
	}
	return found, last, nil
}

package dynamostore

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

// What the sort keys begin with.
const (
	connectionSort     = "CON#"
	connectionNameSort = "CONNAME#"
	validationSort     = "VAL#"
	importSort         = "IMP#"
	importNameSort     = "IMPNAME#"
	runSort            = "RUN#"
	splitSort          = "SPLIT#"
	partSort           = "#PART#"
	apiKeySort         = "KEY"
	runKeySort         = "KEY"
)

// key is the primary key of an item.
type key struct{ partition, sort string }

// DynamoDB's limits of a key, in bytes.
const (
	maxPartition = 2048
	maxSort      = 1024
)

// fits reports whether an item with this key can exist; asking for another one is an error of DynamoDB.
func (k key) fits() bool { return len(k.partition) <= maxPartition && len(k.sort) <= maxSort }

func (k key) attributes() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		names.PartitionKey: &types.AttributeValueMemberS{Value: k.partition},
		names.SortKey:      &types.AttributeValueMemberS{Value: k.sort},
	}
}

// segment escapes the separator, so that no workspace or id, wherever it
// comes from, can spell the key of another's item.
func segment(s string) string { return strings.NewReplacer("%", "%25", "#", "%23").Replace(s) }

func connectionKey(workspaceID, id string) key {
	return key{names.WorkspacePartition + segment(workspaceID), connectionSort + segment(id)}
}

func connectionNameKey(workspaceID, name string) key {
	return key{names.WorkspacePartition + segment(workspaceID), connectionNameSort + strings.ToLower(name)}
}

func validationKey(r connection.Ref) key {
	return key{names.ConnectionPartition + segment(r.WorkspaceID) + "#" + segment(r.ConnectionID), validationSort + segment(r.ValidationID)}
}

func importKey(workspaceID, id string) key {
	return key{names.WorkspacePartition + segment(workspaceID), importSort + segment(id)}
}

func importNameKey(workspaceID, name string) key {
	return key{names.WorkspacePartition + segment(workspaceID), importNameSort + strings.ToLower(name)}
}

func runKey(r ingest.Ref) key {
	return key{names.ImportPartition + segment(r.WorkspaceID) + "#" + segment(r.ImportID), runSort + segment(r.RunID)}
}

func splitKey(r ingest.Ref, number int) key {
	return key{names.RunPartition + segment(r.WorkspaceID) + "#" + segment(r.RunID), fmt.Sprintf("%s%06d", splitSort, number)}
}

func partKey(r ingest.Ref, split, number int) key {
	k := splitKey(r, split)
	return key{k.partition, fmt.Sprintf("%s%s%06d", k.sort, partSort, number)}
}

func runKeyKey(r ingest.Ref) key {
	return key{names.RunKeyPartition + segment(r.WorkspaceID) + "#" + segment(r.RunID), runKeySort}
}

func apiKeyKey(hash string) key { return key{names.KeyPartition + segment(hash), apiKeySort} }

// work is an item's place in the work index; the zero work keeps it out.
type work struct{ partition, sort string }

const shards = 8

func shardOf(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return int(h.Sum32() % shards)
}

func shard(index string, n int) string { return fmt.Sprintf("%s%d", index, n) }

// workAt is the place of an item that is due at a time.
func workAt(index, id string, at time.Time) work {
	return work{shard(index, shardOf(id)), string(stamp(at)) + "#" + id}
}

package dynamostore

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attributes is an item as DynamoDB has it.
type attributes = map[string]types.AttributeValue

// itemVersion is the shape of the items that this program writes and reads.
const itemVersion = 1

// header begins every item.
type header struct {
	Partition     string `dynamodbav:"pk"`
	Sort          string `dynamodbav:"sk"`
	Kind          kind   `dynamodbav:"kind"`
	Version       int    `dynamodbav:"v"`
	WorkPartition string `dynamodbav:"work_pk,omitempty"`
	WorkSort      string `dynamodbav:"work_sk,omitempty"`
}

type kind string

const (
	connectionKind kind = "connection"
	validationKind kind = "validation"
	importKind     kind = "import"
	nameKind       kind = "name"
	runKind        kind = "run"
	splitKind      kind = "split"
	partKind       kind = "part"
	apiKeyKind     kind = "api_key"
	runKeyKind     kind = "run_key"
)

func newHeader(of kind, k key, w work) header {
	return header{Partition: k.partition, Sort: k.sort, Kind: of, Version: itemVersion, WorkPartition: w.partition, WorkSort: w.sort}
}

func (h header) head() header { return h }

// decode reads an item of the wanted kind. One that a later program wrote in another
// shape is refused rather than read wrongly.
func decode[I interface{ head() header }](of kind, from attributes) (I, error) {
	var item I
	if err := attributevalue.UnmarshalMap(from, &item); err != nil {
		return item, fmt.Errorf("decoding %s: %w", of, err)
	}
	switch h := item.head(); {
	case h.Kind != of:
		return item, fmt.Errorf("decoding %s: the item is a %q", of, h.Kind)
	case h.Version != itemVersion:
		return item, fmt.Errorf("decoding %s: the item has version %d, and this program knows %d", of, h.Version, itemVersion)
	}
	return item, nil
}

// nameItem holds a name in a workspace; ID is what has it.
type nameItem struct {
	header
	ID string `dynamodbav:"id"`
}

func newNameItem(k key, id string) nameItem {
	return nameItem{header: newHeader(nameKind, k, work{}), ID: id}
}

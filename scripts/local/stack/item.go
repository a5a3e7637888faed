package stack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/shared/names"
)

// itemRequest is what permissions look at in a request to DynamoDB.
type itemRequest struct {
	TableName, IndexName      string
	Key, Item                 item
	KeyConditionExpression    string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues map[string]value
	RequestItems              map[string]json.RawMessage
	TransactItems             []map[string]itemRequest
}

type item map[string]value

type value struct{ S string }

// batch is one table's part of a batch: keys to get, or writes.
type batch struct {
	Keys []item
}

type write struct {
	PutRequest    *struct{ Item item }
	DeleteRequest *struct{ Key item }
}

// itemNeeds are the permissions of DynamoDB: the operation on the table or its index, for the partition keys concerned. A
// transaction takes the permission of each of its parts.
func (s *Stack) itemNeeds(r *http.Request, body []byte) []access.Need {
	var in itemRequest
	_ = json.Unmarshal(body, &in) // what is no JSON is refused by the service
	operation := operation(r, "DynamoDB_20120810.")
	switch operation {
	case "TransactWriteItems", "TransactGetItems":
		var needs []access.Need
		for _, part := range in.TransactItems {
			for name, target := range part {
				action := map[string]string{"ConditionCheck": "ConditionCheckItem"}[name]
				if action == "" {
					action = name + "Item"
				}
				needs = append(needs, s.itemNeed(action, target))
			}
		}
		return needs
	case "BatchGetItem", "BatchWriteItem":
		var needs []access.Need
		for table, text := range in.RequestItems {
			needs = append(needs, access.Need{Action: "dynamodb:" + operation, Resource: s.tableARN(table), LeadingKeys: batchKeys(text)})
		}
		return needs
	default:
		return []access.Need{s.itemNeed(operation, in)}
	}
}

func (s *Stack) itemNeed(action string, in itemRequest) access.Need {
	need := access.Need{Action: "dynamodb:" + action, Resource: s.tableARN(in.TableName)}
	if in.IndexName != "" {
		need.Resource += "/index/" + in.IndexName
	}
	for _, found := range []string{in.Key[names.PartitionKey].S, in.Item[names.PartitionKey].S, in.queried()} {
		if found != "" {
			need.LeadingKeys = append(need.LeadingKeys, found)
		}
	}
	return need
}

var equality = regexp.MustCompile(`([#\w]+)\s*=\s*(:\w+)`)

// queried is the partition key that a query is for.
func (in itemRequest) queried() string {
	for _, found := range equality.FindAllStringSubmatch(in.KeyConditionExpression, -1) {
		name := found[1]
		if real, ok := in.ExpressionAttributeNames[name]; ok {
			name = real
		}
		if name == names.PartitionKey {
			return in.ExpressionAttributeValues[found[2]].S
		}
	}
	return ""
}

func batchKeys(text json.RawMessage) []string {
	var gets batch
	var writes []write
	_ = json.Unmarshal(text, &gets)   // a batch of reads is an object,
	_ = json.Unmarshal(text, &writes) // a batch of writes is a list
	items := gets.Keys
	for _, w := range writes {
		if w.PutRequest != nil {
			items = append(items, w.PutRequest.Item)
		}
		if w.DeleteRequest != nil {
			items = append(items, w.DeleteRequest.Key)
		}
	}
	var keys []string
	for _, i := range items {
		keys = append(keys, i[names.PartitionKey].S)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (s *Stack) tableARN(name string) string {
	return "arn:aws:dynamodb:" + s.cfg.Region + ":" + s.cfg.Account + ":table/" + name
}

// forward passes requests on to DynamoDB Local, which knows no permissions.
func (s *Stack) forward(to string) (http.Handler, error) {
	target, err := url.Parse(to)
	if err != nil {
		return nil, fmt.Errorf("forwarding to DynamoDB Local: %w", err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: idleConnections}
	s.onClose(func() error { transport.CloseIdleConnections(); return nil })
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport,
		// Whoever asked has died, or tries again. The default would also write to the standard log, that is to the terminal.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}, nil
}

// idleConnections is enough for the functions of a busy import.
const idleConnections = 64

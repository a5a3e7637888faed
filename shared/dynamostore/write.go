package dynamostore

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// values are the values of an expression, by their placeholder (":status"); those that are encoded stay as they are.
type values map[string]any

// write is one conditional write, alone or as a part of a transaction. In its
// expressions an attribute's name stands as "#name", whatever words DynamoDB reserves.
type write struct {
	item types.TransactWriteItem
	err  error // what could not be encoded
}

// put writes a whole item, if the condition holds ("" always does).
func put(item any, condition string) write {
	encoded, err := attributevalue.MarshalMap(item)
	if err != nil {
		return write{err: fmt.Errorf("encoding item: %w", err)}
	}
	return newWrite(nil, func(map[string]types.AttributeValue) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{
			Item: encoded, ConditionExpression: optional(condition), ExpressionAttributeNames: placeholders(condition),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}}
	})
}

// update changes an item, if the condition holds.
func update(k key, change, condition string, v values) write {
	return newWrite(v, func(bound map[string]types.AttributeValue) types.TransactWriteItem {
		return types.TransactWriteItem{Update: &types.Update{
			Key: k.attributes(), UpdateExpression: &change, ConditionExpression: optional(condition),
			ExpressionAttributeNames: placeholders(change, condition), ExpressionAttributeValues: bound,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}}
	})
}

// remove deletes an item, if the condition holds.
func remove(k key, condition string, v values) write {
	return newWrite(v, func(bound map[string]types.AttributeValue) types.TransactWriteItem {
		return types.TransactWriteItem{Delete: &types.Delete{
			Key: k.attributes(), ConditionExpression: optional(condition),
			ExpressionAttributeNames: placeholders(condition), ExpressionAttributeValues: bound,
		}}
	})
}

func newWrite(v values, build func(map[string]types.AttributeValue) types.TransactWriteItem) write {
	bound, err := bind(v)
	if err != nil {
		return write{err: err}
	}
	return write{item: build(bound)}
}

// assign makes the named attributes what they are in item: set when it has
// them, removed when it has not. The values join v.
func assign(item any, names []string, v values) (change string, err error) {
	encoded, err := attributevalue.MarshalMap(item)
	if err != nil {
		return "", fmt.Errorf("encoding item: %w", err)
	}
	var set, removed []string
	for _, name := range names {
		if value, ok := encoded[name]; ok {
			set = append(set, "#"+name+" = :"+name)
			v[":"+name] = value
		} else {
			removed = append(removed, "#"+name)
		}
	}
	var clauses []string
	if len(set) > 0 {
		clauses = append(clauses, "SET "+strings.Join(set, ", "))
	}
	if len(removed) > 0 {
		clauses = append(clauses, "REMOVE "+strings.Join(removed, ", "))
	}
	return strings.Join(clauses, " "), nil
}

func bind(v values) (map[string]types.AttributeValue, error) {
	if len(v) == 0 {
		return nil, nil
	}
	bound := make(map[string]types.AttributeValue, len(v))
	for name, value := range v {
		if encoded, ok := value.(types.AttributeValue); ok {
			bound[name] = encoded
			continue
		}
		encoded, err := attributevalue.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", name, err)
		}
		bound[name] = encoded
	}
	return bound, nil
}

var placeholder = regexp.MustCompile(`#[a-z_]+`)

func placeholders(expressions ...string) map[string]string {
	var names map[string]string
	for _, found := range placeholder.FindAllString(strings.Join(expressions, " "), -1) {
		if names == nil {
			names = make(map[string]string)
		}
		names[found] = found[1:]
	}
	return names
}

func optional(expression string) *string {
	if expression == "" {
		return nil
	}
	return &expression
}

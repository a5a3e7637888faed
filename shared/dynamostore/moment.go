package dynamostore

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// moment is a time as items have it: RFC 3339 in UTC with milliseconds, of
// fixed width, so that it sorts as text. The zero time is "".
type moment string

const momentLayout = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) moment {
	if t.IsZero() {
		return ""
	}
	return moment(t.UTC().Format(momentLayout))
}

// time returns the zero time for what is no moment; none is read from an item, see UnmarshalDynamoDBAttributeValue.
func (m moment) time() time.Time {
	t, err := time.Parse(momentLayout, string(m))
	if err != nil {
		return time.Time{}
	}
	return t
}

// UnmarshalDynamoDBAttributeValue refuses text that is no moment, so that a
// damaged item is an error and not a time long ago.
func (m *moment) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	text, ok := v.(*types.AttributeValueMemberS)
	if !ok {
		return fmt.Errorf("a time is %T and not text", v)
	}
	if _, err := time.Parse(momentLayout, text.Value); err != nil && text.Value != "" {
		return fmt.Errorf("a time is not of the form %s", momentLayout)
	}
	*m = moment(text.Value)
	return nil
}

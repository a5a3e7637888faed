package dynamostore

import (
	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/source"
)

type validationItem struct {
	header
	WorkspaceID  string             `dynamodbav:"workspace_id"`
	ConnectionID string             `dynamodbav:"connection_id"`
	ID           string             `dynamodbav:"id"`
	Trigger      string             `dynamodbav:"trigger"`
	Outcome      connection.Outcome `dynamodbav:"outcome"`
	Checks       []checkItem        `dynamodbav:"checks,omitempty"`
	Discovery    discoveryItem      `dynamodbav:"discovery"`
	ErrorCode    string             `dynamodbav:"error_code,omitempty"`
	ErrorMessage string             `dynamodbav:"error_message,omitempty"`
	StartedAt    moment             `dynamodbav:"started_at,omitempty"`
	Deadline     moment             `dynamodbav:"deadline,omitempty"`
	EndedAt      moment             `dynamodbav:"ended_at,omitempty"`
}

// validationEnd is what SettleValidation changes.
var validationEnd = []string{"outcome", "error_code", "error_message", "ended_at", names.WorkPartitionKey, names.WorkSortKey}

type discoveryItem struct {
	Cursor  string `dynamodbav:"cursor"`
	Pages   int    `dynamodbav:"pages"`
	Tables  int    `dynamodbav:"tables"`
	Key     string `dynamodbav:"key"`
	Version string `dynamodbav:"version"`

	ErrorCode    string `dynamodbav:"error_code,omitempty"`
	ErrorMessage string `dynamodbav:"error_message,omitempty"`
}

type checkItem struct {
	Name      string         `dynamodbav:"name"`
	Title     string         `dynamodbav:"title"`
	Mandatory bool           `dynamodbav:"mandatory"`
	Outcome   source.Outcome `dynamodbav:"outcome"`
	Code      string         `dynamodbav:"code,omitempty"`
	Detail    string         `dynamodbav:"detail,omitempty"`
	Provider  string         `dynamodbav:"provider_error,omitempty"`
	Remedy    *remedyItem    `dynamodbav:"remedy,omitempty"`
	Millis    int64          `dynamodbav:"duration_ms"`
}

type remedyItem struct {
	Text    string `dynamodbav:"text"`
	Snippet string `dynamodbav:"snippet"`
}

func newValidationItem(v connection.Validation) validationItem {
	var w work
	if v.Outcome == connection.Running {
		w = workAt(names.WorkOpen, v.ID, v.Deadline)
	}
	return validationItem{
		header:      newHeader(validationKind, validationKey(v.Ref()), w),
		WorkspaceID: v.WorkspaceID, ConnectionID: v.ConnectionID, ID: v.ID, Trigger: v.Trigger,
		Outcome: v.Outcome, Checks: newCheckItems(v.Checks), Discovery: discoveryItem(v.Discovery),
		ErrorCode: v.ErrorCode, ErrorMessage: v.ErrorMessage,
		StartedAt: stamp(v.StartedAt), Deadline: stamp(v.Deadline), EndedAt: stamp(v.EndedAt),
	}
}

func decodeValidation(from attributes) (connection.Validation, error) {
	i, err := decode[validationItem](validationKind, from)
	return connection.Validation{
		WorkspaceID: i.WorkspaceID, ConnectionID: i.ConnectionID, ID: i.ID, Trigger: i.Trigger,
		Outcome: i.Outcome, Checks: checkResults(i.Checks), Discovery: connection.Discovery(i.Discovery),
		ErrorCode: i.ErrorCode, ErrorMessage: i.ErrorMessage,
		StartedAt: i.StartedAt.time(), Deadline: i.Deadline.time(), EndedAt: i.EndedAt.time(),
	}, err
}

func checkResults(items []checkItem) []source.CheckResult {
	var results []source.CheckResult
	for _, i := range items {
		r := source.CheckResult{
			Name: i.Name, Title: i.Title, Mandatory: i.Mandatory, Outcome: i.Outcome, Code: i.Code,
			Detail: i.Detail, Provider: i.Provider, Millis: i.Millis,
		}
		if i.Remedy != nil {
			remedy := source.Remedy(*i.Remedy)
			r.Remedy = &remedy
		}
		results = append(results, r)
	}
	return results
}

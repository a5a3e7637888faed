package asl

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lambdaFunction is a Task whose Resource is a function's ARN: the arguments are the payload, the answer is the result.
type lambdaFunction string

func (f lambdaFunction) check([]string) string { return "" }

func (f lambdaFunction) events() taskEvents { return lambdaEvents{arn: string(f)} }

func (f lambdaFunction) call(ctx context.Context, s *step, arguments json.RawMessage) (json.RawMessage, *Error) {
	answer, failure := s.invoke(ctx, string(f), arguments)
	if failure != nil {
		return nil, failure
	}
	return compact(answer), nil
}

// lambdaInvoke is arn:aws:states:::lambda:invoke: the result is the Invoke API's answer with the payload in it.
type lambdaInvoke struct{}

func (lambdaInvoke) check(fields []string) string {
	return checkFields(fields, []string{"FunctionName"}, []string{"Payload"})
}

func (lambdaInvoke) events() taskEvents {
	return integrationEvents{service: "lambda", operation: "invoke"}
}

func (lambdaInvoke) call(ctx context.Context, s *step, arguments json.RawMessage) (json.RawMessage, *Error) {
	var request struct {
		FunctionName string
		Payload      json.RawMessage
	}
	if err := json.Unmarshal(arguments, &request); err != nil {
		return nil, &Error{Name: ErrRuntime, Cause: s.causef("The field 'FunctionName' must be a string.")}
	}
	if request.Payload == nil {
		request.Payload = json.RawMessage("{}")
	}
	payload, failure := s.invoke(ctx, request.FunctionName, request.Payload)
	if failure != nil {
		return nil, failure
	}
	return invocation(payload, s.thread.run.in.Clock.Now()), nil
}

// invocation wraps a function's answer as the integration does.
func invocation(payload json.RawMessage, now time.Time) json.RawMessage {
	id := newUUID()
	headers := map[string]string{
		"Connection":                     "keep-alive",
		"Content-Length":                 strconv.Itoa(len(payload)),
		"Content-Type":                   "application/json",
		"Date":                           now.UTC().Format(http.TimeFormat),
		"X-Amzn-Trace-Id":                "Root=1-" + strconv.FormatInt(now.Unix(), 16) + "-" + strings.ReplaceAll(id, "-", "")[:24],
		"X-Amz-Executed-Version":         "$LATEST",
		"x-amzn-Remapped-Content-Length": "0",
		"x-amzn-RequestId":               id,
	}
	all := make(map[string][]string, len(headers))
	for name, value := range headers {
		all[name] = []string{value}
	}
	type metadata struct {
		AllHTTPHeaders map[string][]string `json:"AllHttpHeaders"`
		HTTPHeaders    map[string]string   `json:"HttpHeaders"`
		HTTPStatusCode int                 `json:"HttpStatusCode"`
	}
	return encode(struct {
		ExecutedVersion     string
		Payload             json.RawMessage
		SDKHTTPMetadata     metadata `json:"SdkHttpMetadata"`
		SDKResponseMetadata struct {
			RequestID string `json:"RequestId"`
		} `json:"SdkResponseMetadata"`
		StatusCode int
	}{
		ExecutedVersion: "$LATEST",
		Payload:         compact(payload),
		SDKHTTPMetadata: metadata{all, headers, http.StatusOK},
		SDKResponseMetadata: struct {
			RequestID string `json:"RequestId"`
		}{id},
		StatusCode: http.StatusOK,
	})
}

// invoke runs a function and names its failure as AWS does: the error is the errorType of the function's error object, the
// cause that object as text.
func (s *step) invoke(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, *Error) {
	answer, err := s.thread.run.in.Invoker.Invoke(ctx, function, payload)
	var functionError *FunctionError
	var named *Error
	switch {
	case err == nil && !json.Valid(answer):
		return nil, &Error{Name: ErrLambdaUnknown, Cause: "The function's answer is not JSON."}
	case err == nil:
		return answer, nil
	case errors.As(err, &functionError):
		return nil, functionFailure(functionError.Payload)
	case errors.As(err, &named):
		return nil, &Error{Name: named.Name, Cause: named.Cause}
	default:
		return nil, &Error{Name: ErrLambdaSDKClient, Cause: err.Error()}
	}
}

func functionFailure(payload []byte) *Error {
	var object struct {
		ErrorType string `json:"errorType"`
	}
	if err := json.Unmarshal(payload, &object); err != nil || object.ErrorType == "" {
		return &Error{
			Name:  ErrLambdaUnknown,
			Cause: "The cause could not be determined because Lambda did not return an error type. Returned payload: " + string(payload),
		}
	}
	return &Error{Name: object.ErrorType, Cause: string(payload)}
}

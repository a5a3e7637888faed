package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/stepfunctions"
	"github.com/headwaterhq/headwater/scripts/local/bus"
	"github.com/headwaterhq/headwater/scripts/local/lambda"
)

// invoker lets state machines invoke functions.
type invoker struct{ functions *lambda.Server }

var _ asl.Invoker = invoker{}

func (i invoker) Invoke(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
	result, err := i.functions.Invoke(ctx, functionName(function), payload)
	switch {
	case errors.Is(err, lambda.ErrUnknown):
		return nil, &asl.Error{Name: "Lambda.ResourceNotFoundException", Cause: "Function not found: " + function}
	case err != nil:
		return nil, err
	case result.FunctionError != "":
		return nil, &asl.FunctionError{Payload: result.Payload}
	}
	return result.Payload, nil
}

func functionName(arn string) string {
	if _, name, ok := strings.Cut(arn, ":function:"); ok {
		arn = name
	}
	name, _, _ := strings.Cut(arn, ":")
	return name
}

// objects is the S3 of ItemReader and ResultWriter: the stack's own, over the wire.
type objects struct{ client *s3.Client }

var _ asl.Objects = objects{}

func (s *Stack) objects() objects {
	transport := &http.Transport{}
	s.onClose(func() error { transport.CloseIdleConnections(); return nil })
	return objects{s3.New(s3.Options{
		BaseEndpoint: aws.String(s.URLs.S3), Region: s.cfg.Region, UsePathStyle: true, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(s.Platform.ID, s.Platform.Secret, ""),
	})}
}

func (o objects) GetObject(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := o.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func (o objects) PutObject(ctx context.Context, bucket, key string, body []byte) error {
	_, err := o.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		return fmt.Errorf("writing an object: %w", err)
	}
	return nil
}

// onStatusChange puts the change on the bus, as Step Functions does.
func (s *Stack) onStatusChange(_ context.Context, change stepfunctions.StatusChange) {
	detail, err := json.Marshal(change)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	// A target that cannot be reached is reached no better by failing the execution; the sweep settles what it worked on.
	_, _ = s.bus.Put(bus.Event{
		Source: "aws.states", DetailType: "Step Functions Execution Status Change", Resources: []string{change.ExecutionARN},
		Time: time.Now(), Detail: detail,
	})
}

func (s *Stack) startExecution(machineARN, name string, input json.RawMessage) error {
	_, _, err := s.machines.Start(machineARN, name, input)
	return err
}

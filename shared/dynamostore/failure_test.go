//go:build unix

package dynamostore_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// cancelled is a transaction that DynamoDB gave up for these reasons.
func cancelled(codes ...string) error {
	e := &types.TransactionCanceledException{Message: aws.String("Transaction cancelled")}
	for _, code := range codes {
		e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return e
}

func TestContentionPasses(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{
		"another transaction": cancelled("None", "TransactionConflict", "None"),
		"throttled":           cancelled("ThrottlingError", "None", "None"),
		"no throughput":       cancelled("None", "None", "ProvisionedThroughputExceeded"),
		"the same request":    &types.TransactionInProgressException{},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			s := dynamostore.New(peer.Client(refuse(&calls, func(call int32) error {
				if call <= 3 {
					return refusal
				}
				return nil
			})), peer.Table(t))
			if err := create(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if calls.Load() != 4 {
				t.Errorf("%d requests, want 4", calls.Load())
			}
		})
	}
}

func create(ctx context.Context, s *dynamostore.Store) error {
	c, v := newConnection()
	return s.CreateConnection(ctx, c, v)
}

func TestContentionThatLastsIsThrottling(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	s := dynamostore.New(peer.Client(refuse(&calls, func(int32) error { return cancelled("TransactionConflict") })), "none")
	began := time.Now()
	err := create(t.Context(), s)
	if fault.CodeOf(err) != fault.Throttled || !fault.Retryable(err) {
		t.Errorf("error %v, want %s", err, fault.Throttled)
	}
	if n, took := calls.Load(), time.Since(began); n != 10 || took > 10*time.Second {
		t.Errorf("gave up after %d requests and %v, want 10 and a few seconds", n, took)
	}
}

// A condition that failed decides, whatever else happened to the other items.
func TestConditionBeatsContention(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	s := dynamostore.New(peer.Client(refuse(&calls, func(int32) error {
		return cancelled("TransactionConflict", "ConditionalCheckFailed", "None")
	})), "none")
	err := create(t.Context(), s)
	if fault.CodeOf(err) != fault.ConnectionNameTaken || calls.Load() != 1 {
		t.Errorf("after %d requests: %v, want %s at once", calls.Load(), err, fault.ConnectionNameTaken)
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	s := dynamostore.New(peer.Client(refuse(&calls, func(int32) error {
		cancel()
		return cancelled("TransactionConflict")
	})), "none")
	if err := create(ctx, s); err == nil || calls.Load() != 1 {
		t.Errorf("after %d requests: %v, want one and an error", calls.Load(), err)
	}
}

func TestClassification(t *testing.T) {
	t.Parallel()
	api := func(code string, f smithy.ErrorFault) error { return &smithy.GenericAPIError{Code: code, Fault: f} }
	for name, test := range map[string]struct {
		answer error
		want   fault.Code
	}{
		"throttled":         {api("ThrottlingException", smithy.FaultClient), fault.Throttled},
		"over its limit":    {api("RequestLimitExceeded", smithy.FaultClient), fault.Throttled},
		"its own failure":   {&types.InternalServerError{}, fault.Unavailable},
		"unknown server":    {api("Whatever", smithy.FaultServer), fault.Unavailable},
		"no connection":     {&smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, fault.Unavailable},
		"not allowed":       {api("AccessDeniedException", smithy.FaultClient), fault.Internal},
		"a wrong request":   {api("ValidationException", smithy.FaultClient), fault.Internal},
		"a table not there": {&types.ResourceNotFoundException{}, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			s := dynamostore.New(peer.Client(refuse(&calls, func(int32) error { return test.answer })), "none")
			_, err := s.Connection(t.Context(), "w", "con")
			if got := fault.CodeOf(err); got != test.want {
				t.Errorf("code %s, want %s (%v)", got, test.want, err)
			}
			if !errors.Is(err, test.answer) {
				t.Errorf("%v hides its cause", err)
			}
		})
	}
}

// An answer that got lost must not turn a deed of ours into somebody else's.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	table := peer.Table(t)
	s := dynamostore.New(peer.Client(), table)
	lossy := func() *dynamostore.Store {
		return dynamostore.New(peer.Client(lose(&smithyhttp.RequestSendError{Err: errors.New("connection reset")})), table)
	}
	done := func(what string, did bool, err error) {
		t.Helper()
		if err != nil || !did {
			t.Fatalf("%s = %t, %v; want it done", what, did, err)
		}
	}
	c, v := newConnection()
	done("CreateConnection", true, lossy().CreateConnection(t.Context(), c, v))
	did, err := lossy().SettleValidation(t.Context(), v, c)
	done("SettleValidation", did, err)

	i, r := newImport()
	done("CreateImport", true, lossy().CreateImport(t.Context(), i))
	did, err = lossy().SetWatermark(t.Context(), i, "another", noon)
	done("SetWatermark", did, err)
	did, err = lossy().UpdateImport(t.Context(), i)
	done("UpdateImport", did, err)
	done("OpenRun", true, lossy().OpenRun(t.Context(), i, r, noon.Add(time.Hour)))
	running := r
	running.Status = ingest.Running
	did, err = lossy().MoveRun(t.Context(), r, running)
	done("MoveRun", did, err)
	done("CreateSplits", true, lossy().CreateSplits(t.Context(), r.Ref(), []ingest.SplitProgress{{}}))
	did, err = lossy().RecordPart(t.Context(), r.Ref(), ingest.Part{After: "a", Counts: ingest.Counts{RowsRead: 5}})
	done("RecordPart", did, err)
	got, err := s.Run(t.Context(), r.Ref())
	done("Run", got.Counts.RowsRead == 5 && got.Revision == 1, err)
}

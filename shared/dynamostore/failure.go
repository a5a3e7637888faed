package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/headwaterhq/headwater/shared/fault"
)

// The SDK retries what fails on the way. What DynamoDB itself refuses because
// others write the same items at the same moment, or too much is written, is
// retried here: together about two seconds, with full jitter.
const (
	attempts     = 10
	firstBackoff = 20 * time.Millisecond
	maxBackoff   = 800 * time.Millisecond
)

// retry calls f until it fails with something other than contention or throttling.
func retry(ctx context.Context, doing string, f func() error) error {
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil {
			return nil
		}
		if attempt == attempts || !contended(err) || !sleep(ctx, rand.N(backoff)) {
			return classify(doing, err)
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// contended reports whether DynamoDB refused for now what it may take in a moment.
func contended(err error) bool {
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return failedCondition(cancelled) == nil && anyReason(cancelled, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")
	}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.ErrorCode() {
	case "TransactionConflictException", "TransactionInProgressException", "ThrottlingException",
		"ProvisionedThroughputExceededException", "RequestLimitExceeded":
		return true
	}
	return false
}

// refusal is why a transaction was not done: by the position of each write,
// nil where its condition held.
type refusal []*types.CancellationReason

// failedCondition returns the writes whose conditions failed, nil when the transaction was cancelled for something else.
func failedCondition(e *types.TransactionCanceledException) refusal {
	var refused refusal
	for n, reason := range e.CancellationReasons {
		if reason.Code == nil || *reason.Code != "ConditionalCheckFailed" {
			continue
		}
		if refused == nil {
			refused = make(refusal, len(e.CancellationReasons))
		}
		refused[n] = &e.CancellationReasons[n]
	}
	return refused
}

// at reports whether the condition of the nth write failed.
func (r refusal) at(n int) bool { return r[n] != nil }

// found reports whether the nth write failed although its item exists.
func (r refusal) found(n int) bool { return r[n] != nil && len(r[n].Item) > 0 }

func anyReason(e *types.TransactionCanceledException, codes ...string) bool {
	for _, reason := range e.CancellationReasons {
		for _, code := range codes {
			if reason.Code != nil && *reason.Code == code {
				return true
			}
		}
	}
	return false
}

// classify gives an error of DynamoDB its fault. A context's own end stays as it is.
func classify(doing string, err error) error {
	wrapped := fmt.Errorf("%s: %w", doing, err)
	var answer smithy.APIError
	var lost *smithyhttp.RequestSendError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return wrapped
	case contended(err):
		return fault.Wrap(fault.Throttled, "the table is throttling", wrapped)
	case tooLarge(err):
		return fault.Wrap(fault.BodyTooLarge, "what is to be stored is too large", wrapped)
	case errors.As(err, &answer):
		if answer.ErrorFault() == smithy.FaultServer || answer.ErrorCode() == "InternalServerError" {
			return fault.Wrap(fault.Unavailable, "the table did not answer", wrapped)
		}
	case errors.As(err, &lost):
		return fault.Wrap(fault.Unavailable, "the table could not be reached", wrapped)
	}
	return wrapped
}

// tooLarge reports whether an item is over DynamoDB's 400 KB, which it tells only in words.
func tooLarge(err error) bool {
	const words = "size has exceeded"
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		for _, reason := range cancelled.CancellationReasons {
			if reason.Message != nil && strings.Contains(*reason.Message, words) {
				return true
			}
		}
		return false
	}
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == "ValidationException" && strings.Contains(answer.ErrorMessage(), words)
}

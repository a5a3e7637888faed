package secretstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/headwaterhq/headwater/shared/fault"
)

// classify gives an error of Secrets Manager its fault. It keeps the service's
// code and not its words, which could quote what was sent. A context's own end stays as it is.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return fmt.Errorf("%s: %w", doing, end)
		}
	}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return fault.Wrap(fault.Unavailable, "the secret store could not be reached", errors.New(doing+" failed without an answer"))
	}
	cause := fmt.Errorf("%s: Secrets Manager answered %s", doing, answer.ErrorCode())
	switch answer.ErrorCode() {
	case "ThrottlingException", "TooManyRequestsException", "LimitExceededException":
		return fault.Wrap(fault.Throttled, "the secret store is throttling", cause)
	case "InternalServiceError", "InternalServiceErrorException":
		return fault.Wrap(fault.Unavailable, "the secret store did not answer", cause)
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= 500 {
		return fault.Wrap(fault.Unavailable, "the secret store did not answer", cause)
	}
	return cause
}

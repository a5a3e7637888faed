package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/headwaterhq/headwater/shared/fault"
)

// codes are the error codes of S3 and STS. Sources: "Error responses" in the
// Amazon S3 API reference, "Common errors" in the AWS STS API reference.
var codes = map[string]fault.Code{
	"InvalidAccessKeyId":          fault.SourceAuthentication,
	"InvalidClientTokenId":        fault.SourceAuthentication,
	"UnrecognizedClientException": fault.SourceAuthentication,
	"SignatureDoesNotMatch":       fault.SourceAuthentication,
	"InvalidSignatureException":   fault.SourceAuthentication,
	"IncompleteSignature":         fault.SourceAuthentication,
	"InvalidToken":                fault.SourceAuthentication,
	"MissingAuthenticationToken":  fault.SourceAuthentication,
	"NotSignedUp":                 fault.SourceAuthentication,
	"RequestTimeTooSkewed":        fault.SourceAuthentication,
	"ExpiredToken":                fault.SourceExpired,
	"ExpiredTokenException":       fault.SourceExpired,
	"TokenRefreshRequired":        fault.SourceExpired,
	"RequestExpired":              fault.SourceExpired,

	"AccessDenied":                 fault.SourcePermission,
	"AccessDeniedException":        fault.SourcePermission,
	"AllAccessDisabled":            fault.SourcePermission,
	"AccountProblem":               fault.SourcePermission,
	"Forbidden":                    fault.SourcePermission,
	"UnauthorizedAccess":           fault.SourcePermission,
	"InvalidPayer":                 fault.SourcePermission,
	"KMS.AccessDenied":             fault.SourcePermission,
	"KMS.DisabledException":        fault.SourcePermission,
	"KMS.NotFoundException":        fault.SourcePermission,
	"KMS.KMSInvalidStateException": fault.SourcePermission,

	"NoSuchBucket":  fault.SourceNotFound,
	"NoSuchKey":     fault.SourceNotFound,
	"NoSuchVersion": fault.SourceNotFound,
	"NotFound":      fault.SourceNotFound,

	"PermanentRedirect":            fault.SourceWrongRegion,
	"TemporaryRedirect":            fault.SourceWrongRegion,
	"MovedPermanently":             fault.SourceWrongRegion,
	"Redirect":                     fault.SourceWrongRegion,
	"AuthorizationHeaderMalformed": fault.SourceWrongRegion,

	"InvalidBucketName":    fault.SourceInvalidConfig,
	"PreconditionFailed":   fault.SourceChanged,
	"InvalidRange":         fault.SourceChanged,
	"InvalidObjectState":   fault.SourceMalformed,
	"SlowDown":             fault.SourceRateLimited,
	"Throttling":           fault.SourceRateLimited,
	"ThrottlingException":  fault.SourceRateLimited,
	"RequestLimitExceeded": fault.SourceRateLimited,
	"TooManyRequests":      fault.SourceRateLimited,
	"ServiceUnavailable":   fault.SourceUnavailable,
	"InternalError":        fault.SourceUnavailable,
	"InternalFailure":      fault.SourceUnavailable,
	"RequestTimeout":       fault.SourceUnavailable,
	"OperationAborted":     fault.SourceUnavailable,
	"Busy":                 fault.SourceUnavailable,
}

var messages = map[fault.Code]string{
	fault.SourceAuthentication: "AWS does not accept the access key",
	fault.SourceExpired:        "the session token has expired",
	fault.SourcePermission:     "AWS denied the request",
	fault.SourceNotFound:       "the bucket does not exist",
	fault.SourceInvalidConfig:  "S3 does not take the name of the bucket",
	fault.SourceChanged:        "an object was replaced or removed since it was listed",
	fault.SourceMalformed:      "an object is archived and cannot be read before it is restored",
	fault.SourceRateLimited:    "S3 asks to slow down",
	fault.SourceUnavailable:    "S3 did not answer properly",
	fault.SourceNetwork:        "no connection to S3 could be made",
}

// Classify maps an error of the SDK.
func (Driver) Classify(err error) *fault.Error {
	if assuming(err) {
		return classifyAssume(err)
	}
	code, ok := classOf(err)
	if !ok {
		return nil
	}
	switch code {
	case fault.SourceWrongRegion:
		return fault.New(code, wrongRegion(regionOf(err)))
	case fault.SourcePermission:
		if action := deniedAction(err); action != "" {
			return fault.New(code, "AWS denied "+action)
		}
	}
	return fault.New(code, messages[code])
}

func classOf(err error) (fault.Code, bool) {
	code, ok := codes[codeOf(err)]
	if !ok {
		code, ok = byStatus(err)
	}
	if !ok {
		code, ok = byNetwork(err)
	}
	return code, ok
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

func byStatus(err error) (fault.Code, bool) {
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) {
		return "", false
	}
	switch status := answer.HTTPStatusCode(); {
	case status == http.StatusTooManyRequests:
		return fault.SourceRateLimited, true
	case status >= 500:
		return fault.SourceUnavailable, true
	case status >= 300 && status < 400:
		return fault.SourceWrongRegion, true
	case status == http.StatusUnauthorized:
		return fault.SourceAuthentication, true
	case status == http.StatusForbidden:
		return fault.SourcePermission, true
	case status == http.StatusNotFound:
		return fault.SourceNotFound, true
	}
	return "", false
}

// byNetwork tells what will not go away by itself (no such host, refused) from
// a connection that broke or was slow.
func byNetwork(err error) (fault.Code, bool) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "", false
	}
	var dns *net.DNSError
	var dial *net.OpError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return fault.SourceNetwork, true
	case errors.As(err, &dns) && !dns.IsTemporary:
		return fault.SourceNetwork, true
	case errors.As(err, &dial) && dial.Op == "dial":
		return fault.SourceNetwork, true
	case errors.As(err, &timeout), errors.As(err, &dial):
		return fault.SourceUnavailable, true
	}
	var sending *smithy.OperationError
	if errors.As(err, &sending) && strings.Contains(err.Error(), "request send failed") {
		return fault.SourceUnavailable, true
	}
	return "", false
}

var expecting = regexp.MustCompile(`expecting '([a-z0-9-]+)'`)

// regionOf returns the region that an answer names, "" when it names none.
func regionOf(err error) string {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		if region := answer.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
			return region
		}
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if m := expecting.FindStringSubmatch(api.ErrorMessage()); m != nil {
			return m[1]
		}
	}
	return ""
}

func wrongRegion(region string) string {
	if region == "" {
		return "the bucket is in another region"
	}
	return "the bucket is in region " + region + "; set the region to " + region
}

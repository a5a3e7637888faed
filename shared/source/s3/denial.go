package s3

import (
	"errors"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/headwaterhq/headwater/shared/fault"
)

// operations are the permissions of the calls that this package makes, for the
// denials in which AWS does not say it. A call may need another one: GetObject
// of a version needs s3:GetObjectVersion.
var operations = map[string]string{
	"ListObjectsV2":      "s3:ListBucket",
	"ListObjectVersions": "s3:ListBucketVersions",
	"HeadBucket":         "s3:ListBucket",
	"GetObject":          "s3:GetObject",
}

var performed = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)`)

// deniedAction is the permission that is missing: the one that AWS names, else
// the one that the call needs. "" is not known.
func deniedAction(err error) string {
	if keyDenied(err) {
		return decryptAction
	}
	if m := performed.FindStringSubmatch(messageOf(err)); m != nil {
		return m[1]
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return operations[op.OperationName]
	}
	return ""
}

// keyDenied reports whether S3 would give the object and KMS does not decrypt
// it. S3 asks KMS only after it has found the request allowed. Source: "Access
// denied errors" and the KMS errors in the Amazon S3 user guide.
func keyDenied(err error) bool {
	code, message := codeOf(err), messageOf(err)
	if strings.HasPrefix(code, "KMS.") {
		return true
	}
	return codes[code] == fault.SourcePermission && (strings.Contains(message, decryptAction) || strings.Contains(message, "ciphertext refers to a customer master key"))
}

func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

// assuming reports whether the call that failed was to assume the role, by
// itself or on behalf of another call.
func assuming(err error) bool {
	for {
		op, ok := errors.AsType[*smithy.OperationError](err)
		if !ok {
			return false
		}
		if op.OperationName == "AssumeRole" {
			return true
		}
		err = op.Err
	}
}

// Messages that a remedy tells apart.
const (
	ownDenial      = "the deployment itself may not assume this role"
	regionDisabled = "STS is not active in this region for the account of the role"
	decryptAction  = "kms:Decrypt"
)

// classifyAssume maps a failure to assume the role. STS tells a stranger
// neither whether a role exists nor what its trust policy lacks.
func classifyAssume(err error) *fault.Error {
	switch code := codeOf(err); {
	case code == "AccessDenied" && strings.Contains(messageOf(err), "no identity-based policy allows"):
		return fault.New(fault.SourceAuthentication, ownDenial)
	case code == "AccessDenied":
		return fault.New(fault.SourceAuthentication, "AWS does not let Headwater assume the role: there is none of this name, or its trust policy does not name this deployment with this external ID")
	case code == "RegionDisabledException":
		return fault.New(fault.SourceAuthentication, regionDisabled)
	case code == "PackedPolicyTooLarge", code == "MalformedPolicyDocument", code == "ValidationError":
		return fault.New(fault.SourceInvalidConfig, "STS does not take the session that the settings ask for")
	case codes[code] == fault.SourceAuthentication, codes[code] == fault.SourceExpired:
		return nil // of the deployment's own credentials, which are no matter of the connection
	}
	code, ok := classOf(err)
	if !ok {
		return nil
	}
	switch code {
	case fault.SourceNetwork:
		return fault.New(code, "no connection to STS could be made")
	case fault.SourceUnavailable, fault.SourceRateLimited:
		return fault.New(code, "STS cannot answer now")
	}
	return nil
}

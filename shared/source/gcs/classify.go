package gcs

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"cloud.google.com/go/storage"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/google"
)

const tooManyRequests = http.StatusTooManyRequests

// What is wrong with keys and projects, in words that a remedy can be found by.
const (
	keyProblem     = "Cloud Storage may not use the Cloud KMS key of the object, or the key is disabled or destroyed"
	payerMissing   = "the bucket wants the requester to pay: set the project that is to be billed"
	payerForbidden = "the credential may not have requests billed to the project: it lacks serviceusage.services.use"
)

const billingField = "settings.billing_project"

// Classify maps an error of the SDK: what only Cloud Storage says, then what all
// of Google's APIs do. Source: "HTTP status and error codes for JSON" of Cloud Storage.
func (Driver) Classify(err error) *fault.Error {
	has := func(reasons ...string) bool {
		return slices.ContainsFunc(google.Reasons(err), func(r string) bool { return slices.Contains(reasons, r) })
	}
	switch {
	case errors.Is(err, storage.ErrBucketNotExist):
		return fault.New(fault.SourceNotFound, "there is no bucket with this name")
	case errors.Is(err, storage.ErrObjectNotExist):
		return fault.New(fault.SourceChanged, "an object was replaced or removed since it was listed")
	case cloudKey(err):
		return fault.New(fault.SourcePermission, keyProblem)
	case ownKey(err):
		return fault.New(fault.SourceUnsupported, "an object is encrypted with a key that its owner keeps (CSEK)")
	case has("userProjectMissing", "authenticationRequiredRequesterPays"), says(err, "requester pays"):
		return fault.Field(fault.SourceInvalidConfig, billingField, payerMissing)
	case has("userProjectInvalid", "userProjectInconsistent", "userProjectAccountProblem"):
		return fault.Field(fault.SourceInvalidConfig, billingField, "Google cannot bill this project")
	case has("USER_PROJECT_DENIED", "userProjectAccessDenied"):
		return fault.Field(fault.SourcePermission, billingField, payerForbidden)
	case has("accountDisabled"):
		return fault.New(fault.SourcePermission, "the project that owns the bucket is disabled, which is most often a matter of its billing")
	case has("orgPolicyConstraintFailed"):
		return fault.New(fault.SourcePermission, "a policy of the organization refuses the request")
	case has("countryBlocked", "sslRequired"):
		return fault.New(fault.SourceNetwork, "Cloud Storage does not serve this network")
	case google.Status(err) == http.StatusRequestedRangeNotSatisfiable:
		return fault.New(fault.SourceChanged, "an object was replaced or removed since it was listed")
	case google.Status(err) == http.StatusBadRequest && says(err, "bucket name"):
		return fault.Field(fault.SourceInvalidConfig, "settings.bucket", "Cloud Storage does not take this name")
	case says(err, "bad CRC on read"), says(err, "partial request not satisfied"):
		return fault.New(fault.SourceUnavailable, "Cloud Storage delivered something else than it announced")
	}
	return google.Classify(err)
}

// cloudKey reports trouble with a customer-managed key in Cloud KMS. It is not
// the credential that needs the key, but Cloud Storage's own service account.
func cloudKey(err error) bool {
	return google.Status(err) != 0 && says(err, "Cloud KMS") ||
		slices.ContainsFunc(google.Reasons(err), func(r string) bool { return strings.HasPrefix(strings.ToLower(r), "cloudkms") })
}

// ownKey reports an object encrypted with a customer-supplied key.
func ownKey(err error) bool {
	return slices.Contains(google.Reasons(err), "resourceIsEncryptedWithCustomerEncryptionKey") || says(err, "customer-supplied encryption key")
}

// says looks for words where an SDK or an API gives nothing else.
func says(err error, words string) bool { return strings.Contains(err.Error(), words) }

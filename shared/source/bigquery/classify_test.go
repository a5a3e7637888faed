package bigquery_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
)

func rest(code int, reason, message string) error {
	return &googleapi.Error{Code: code, Message: message, Errors: []googleapi.ErrorItem{{Reason: reason, Message: message}}}
}

func TestClassify(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want fault.Code // "" is not known
		says string
	}{
		"token refused":       {rest(http.StatusUnauthorized, "authError", "Invalid Credentials"), fault.SourceAuthentication, ""},
		"permission":          {rest(http.StatusForbidden, "accessDenied", "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p."), fault.SourcePermission, "bigquery.jobs.create"},
		"permission to query": {rest(http.StatusForbidden, "accessDenied", "Access Denied: Table p:d.t: User does not have permission to query table p:d.t, or perhaps it does not exist."), fault.SourcePermission, "bigquery.tables.getData"},
		"API disabled":        {rest(http.StatusForbidden, "accessNotConfigured", "BigQuery API has not been used in project 1 before or it is disabled."), fault.SourcePermission, "not enabled"},
		"billing disabled":    {rest(http.StatusForbidden, "billingNotEnabled", "Billing has not been enabled"), fault.SourcePermission, "billing"},
		"no dataset":          {rest(http.StatusNotFound, "notFound", "Not found: Dataset p:d"), fault.SourceNotFound, ""},
		"wrong region":        {rest(http.StatusNotFound, "notFound", "Not found: Dataset p:d was not found in location us-east1"), fault.SourceWrongRegion, "us-east1"},
		"rate":                {rest(http.StatusForbidden, "rateLimitExceeded", "Exceeded rate limits"), fault.SourceRateLimited, ""},
		"rate of jobs":        {bigquery.JobError("jobRateLimitExceeded", "Job exceeded rate limits"), fault.SourceRateLimited, ""},
		"quota":               {rest(http.StatusForbidden, "quotaExceeded", "Quota exceeded: Your project exceeded quota for free query bytes scanned."), fault.SourceQuota, ""},
		"quota of a job":      {bigquery.JobError("quotaExceeded", "Quota exceeded"), fault.SourceQuota, ""},
		"resources":           {bigquery.JobError("resourcesExceeded", "Resources exceeded during query execution"), fault.SourceQuota, "resources"},
		"too much to return":  {bigquery.JobError("responseTooLarge", "Response too large to return"), fault.SourceQuota, ""},
		"syntax":              {rest(http.StatusBadRequest, "invalidQuery", "Syntax error: Unexpected identifier"), fault.SourceInvalidQuery, ""},
		"cost":                {bigquery.JobError("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed"), fault.SourceCostLimit, ""},
		"stopped":             {bigquery.JobError("stopped", "Job execution was cancelled"), fault.SourceChanged, "stopped"},
		"no partition filter": {rest(http.StatusBadRequest, "invalidQuery", "Cannot query over table 'p.d.t' without a filter over column(s) 'day' that can be used for partition elimination"), fault.SourceInvalidFilter, "column day"},
		"no pseudo-column": {
			rest(http.StatusBadRequest, "invalidQuery", "Cannot query over table 'p.d.t' without a filter over column(s) '_PARTITION_LOAD_TIME', '_PARTITIONDATE', '_PARTITIONTIME' that can be used for partition elimination"),
			fault.SourceInvalidFilter, "_PARTITION_LOAD_TIME, _PARTITIONDATE, _PARTITIONTIME",
		},
		"view in a group": {bigquery.JobError("invalidQuery", "Views cannot be queried through prefix. Matched views are: p:d.events_all"), fault.SourceUnsupported, "view"},
		"backend":         {rest(http.StatusServiceUnavailable, "backendError", "Error encountered during execution. Retrying may solve the problem."), fault.SourceUnavailable, ""},
		"backend of job":  {bigquery.JobError("jobBackendError", "Retrying the job may solve the problem."), fault.SourceUnavailable, ""},
		"bad gateway":     {rest(http.StatusBadGateway, "", "<html>"), fault.SourceUnavailable, ""},
		"perimeter":       {rest(http.StatusForbidden, "accessDenied", "VPC Service Controls: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: abc"), fault.SourceNetwork, "abc"},
		"policy tag": {
			rest(http.StatusForbidden, "accessDenied", `Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get data protected by policy tag "x : y" on columns p.d.t.mail, p.d.t.phone.`),
			fault.SourcePermission, "policy tag",
		},
		"unknown request": {rest(http.StatusBadRequest, "invalid", "Invalid value"), fault.SourceUnsupported, ""},

		"session expired":   {status.Error(codes.FailedPrecondition, "there was an error operating on 'x': session expired at 2024-11-23T09:59:13+00:00"), fault.SourceReadExpired, ""},
		"stream broken":     {status.Error(codes.Unavailable, "connection reset"), fault.SourceUnavailable, ""},
		"stream reset":      {status.Error(codes.Internal, "stream terminated by RST_STREAM with error code: INTERNAL_ERROR"), fault.SourceUnavailable, ""},
		"stream aborted":    {status.Error(codes.Aborted, "try again"), fault.SourceUnavailable, ""},
		"too many sessions": {status.Error(codes.ResourceExhausted, "Quota exceeded for quota metric"), fault.SourceRateLimited, ""},
		"session denied":    {status.Error(codes.PermissionDenied, "request failed: the user does not have 'bigquery.readsessions.create' permission for 'projects/p'"), fault.SourcePermission, "bigquery.readsessions.create"},
		"column gone":       {status.Error(codes.InvalidArgument, "request failed: The following selected fields do not exist in the table schema: x"), fault.SourceChanged, ""},
		"filter refused":    {status.Error(codes.InvalidArgument, "request failed: Row filter for table p:d.t is invalid. Filter is 'x'"), fault.SourceInvalidFilter, ""},
		"not readable":      {status.Error(codes.InvalidArgument, "request failed: non-table entities cannot be read with the storage API"), fault.SourceUnsupported, ""},

		"a fault":   {fault.New(fault.SourceEmpty, "x"), fault.SourceEmpty, ""},
		"cancelled": {context.Canceled, "", ""},
		"anything":  {errors.New("anything"), "", ""},
	} {
		got := bigquery.New(source.NoEndpoints).Classify(fmt.Errorf("doing: %w", test.err))
		switch {
		case got == nil && test.want != "", got != nil && got.Code != test.want, got != nil && !strings.Contains(got.Message, test.says):
			t.Errorf("%s: got %v, want %s saying %q", name, got, test.want, test.says)
		case got != nil && got.Code != fault.SourceEmpty && strings.Contains(got.Message, "filter is"):
			t.Errorf("%s: the message repeats what was sent: %s", name, got.Message)
		}
	}
}

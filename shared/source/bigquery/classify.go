package bigquery

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// reasons are what BigQuery alone means by its names of errors, and what
// package google cannot know. Source: "Error messages" of BigQuery.
var reasons = map[string]*fault.Error{
	"invalidQuery":             fault.New(fault.SourceInvalidQuery, "BigQuery does not accept the query"),
	"bytesBilledLimitExceeded": fault.New(fault.SourceCostLimit, "the query would scan more bytes than the limit"),
	"billingTierLimitExceeded": fault.New(fault.SourceCostLimit, "the query needs a higher billing tier than the project allows"),
	"resourcesExceeded":        fault.New(fault.SourceQuota, "the query needs more resources than BigQuery gives one query"),
	"responseTooLarge":         fault.New(fault.SourceQuota, "the query's result is larger than BigQuery returns"),
	"jobRateLimitExceeded":     fault.New(fault.SourceRateLimited, "BigQuery asks to slow down"),
	"blocked":                  fault.New(fault.SourceQuota, "BigQuery has blocked the project for a while, as it used too much at once"),
	"stopped":                  fault.New(fault.SourceChanged, "the query's job was stopped at BigQuery"),
	"tableUnavailable":         fault.New(fault.SourceUnavailable, "BigQuery did not answer properly"),
	"jobBackendError":          fault.New(fault.SourceUnavailable, "BigQuery did not answer properly"),
	"jobInternalError":         fault.New(fault.SourceUnavailable, "BigQuery did not answer properly"),
	"timeout":                  fault.New(fault.SourceUnavailable, "BigQuery did not answer properly"),
	"notImplemented":           fault.New(fault.SourceUnsupported, "BigQuery cannot do this"),
}

// Classify maps an error of the SDKs.
func (Driver) Classify(err error) *fault.Error {
	if known, ok := fault.As(err); ok {
		return known
	}
	if known := byText(textOf(err)); known != nil {
		return known
	}
	for _, r := range google.Reasons(err) {
		if known, ok := reasons[r]; ok {
			return known
		}
	}
	if known := google.Classify(err); known != nil {
		return known
	}
	switch {
	case status.Code(err) == codes.InvalidArgument, google.Status(err) == http.StatusBadRequest && slices.Contains(google.Reasons(err), "invalid"):
		return fault.New(fault.SourceUnsupported, "BigQuery does not accept the request")
	case google.Status(err) == http.StatusNotImplemented:
		return reasons["notImplemented"]
	}
	return nil
}

// textOf is an API's own words, "" when err is none of an API's.
func textOf(err error) string {
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		return e.Message
	}
	if e, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok {
		return e.GRPCStatus().Message()
	}
	return ""
}

var (
	elsewhere    = regexp.MustCompile(`not found in location ([A-Za-z0-9-]+)`)
	onColumn     = regexp.MustCompile(`on columns? ([^\s,]+(?:, [^\s,]+)*)`)
	partitionsBy = regexp.MustCompile(`without a filter over column\(s\) ([^ ]+(?:, '[^ ]+)*) that`)
)

// byText tells apart what BigQuery gives one status for several things.
func byText(text string) *fault.Error {
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
	switch {
	case says("session expired", "Session expired", "session has expired"):
		return fault.New(fault.SourceReadExpired, "the read session has expired: BigQuery keeps one for six hours")
	case says("policy tag", "protected by data policy", "masked get permission", "fine-grained reader"):
		column := namedBy(onColumn, text)
		return fault.New(fault.SourcePermission, policyTagged(column[strings.LastIndexByte(column, '.')+1:]))
	case says("for partition elimination"):
		return fault.New(fault.SourceInvalidFilter, filterWanted(namedBy(partitionsBy, text)))
	case says("queried through prefix"):
		return fault.New(fault.SourceUnsupported, "a view's name begins as those of the group's tables do, and BigQuery does not query them together")
	case says("permission to query table"):
		return fault.New(fault.SourcePermission, "the credential lacks bigquery.tables.getData on a table, or the table does not exist")
	case says("row_restriction", "Row filter", "row filter"):
		return fault.New(fault.SourceInvalidFilter, "BigQuery does not accept the row filter")
	case says("selected fields do not exist", "selected_fields"):
		return fault.New(fault.SourceChanged, "a column that is to be read is not in the table any more")
	}
	if m := elsewhere.FindStringSubmatch(text); m != nil {
		return fault.New(fault.SourceWrongRegion, "what is to be read is not in location "+m[1]+": it is in another one, or does not exist")
	}
	return nil
}

// namedBy returns what a pattern finds in a text, without the quotes around it.
func namedBy(pattern *regexp.Regexp, text string) string {
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return strings.TrimRight(strings.NewReplacer("'", "", "`", "", `"`, "").Replace(m[1]), ".")
}

func policyTagged(column string) string {
	const need = "; reading needs roles/datacatalog.categoryFineGrainedReader on its policy tag, or leave it out"
	if column == "" {
		return "a column is protected by a policy tag" + need
	}
	return "column " + column + " is protected by a policy tag" + need
}

func filterWanted(column string) string {
	if column == "" {
		return "the table requires a filter on the column it is partitioned by"
	}
	return "the table requires a filter on column " + column + ", by which it is partitioned"
}

// queryPlace is where in a query BigQuery found something, as its messages end.
var queryPlace = regexp.MustCompile(`at \[(\d+:\d+)\]$`)

// unquoted is the error of a job of somebody's query without BigQuery's words,
// which quote the query and the values of rows ("Bad int64 value: …") and would
// reach the logs. What the words meant is kept, and what finds the job in BigQuery;
// a dry run has no job.
func unquoted(err error, job *bigquery.JobReference) error {
	e, ok := errors.AsType[*googleapi.Error](err)
	if !ok {
		return err
	}
	plain := &googleapi.Error{Code: e.Code, Message: "a dry run"}
	if job != nil {
		plain.Message = "job " + job.JobId + " at location " + cmp.Or(job.Location, "unknown")
	}
	if m := queryPlace.FindStringSubmatch(e.Message); m != nil {
		plain.Message += ", query " + m[1]
	}
	for _, reason := range google.Reasons(err) {
		plain.Errors = append(plain.Errors, googleapi.ErrorItem{Reason: reason, Message: plain.Message})
	}
	if class := (Driver{}).Classify(err); class != nil {
		return fault.Wrap(class.Code, class.Message, plain)
	}
	return plain
}

// jobError makes of a job's error what the API would have answered to a request.
func jobError(e *bigquery.ErrorProto) error {
	code := http.StatusBadRequest
	switch e.Reason {
	case "accessDenied", "quotaExceeded", "rateLimitExceeded", "billingNotEnabled", "responseTooLarge", "blocked":
		code = http.StatusForbidden
	case "notFound":
		code = http.StatusNotFound
	case "backendError", "internalError":
		code = http.StatusServiceUnavailable
	}
	return &googleapi.Error{Code: code, Message: e.Message, Errors: []googleapi.ErrorItem{{Reason: e.Reason, Message: e.Message}}}
}

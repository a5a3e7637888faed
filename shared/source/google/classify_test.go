package google_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// refused is the error that an answer of a JSON API becomes.
func refused(t *testing.T, code int, body string) error {
	t.Helper()
	return fmt.Errorf("reading: %w", googleapi.CheckResponseWithBody(&http.Response{StatusCode: code}, []byte(body)))
}

// problem is an answer in Google's own form.
func problem(code int, message, reason string, details ...string) string {
	return fmt.Sprintf(`{"error":{"code":%d,"message":%q,"errors":[{"message":%q,"domain":"global","reason":%q}],"details":[%s]}}`,
		code, message, message, reason, strings.Join(details, ","))
}

func info(reason string, metadata ...string) string {
	var pairs []string
	for i := 0; i < len(metadata); i += 2 {
		pairs = append(pairs, fmt.Sprintf("%q:%q", metadata[i], metadata[i+1]))
	}
	return fmt.Sprintf(`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":%q,"domain":"googleapis.com","metadata":{%s}}`, reason, strings.Join(pairs, ","))
}

func TestAnswersOfAPIsAreClassified(t *testing.T) {
	const violated = `{"@type":"type.googleapis.com/google.rpc.PreconditionFailure","violations":[{"type":"VPC_SERVICE_CONTROLS","description":"x"}]}`
	for name, tt := range map[string]struct {
		code    int
		body    string
		want    fault.Code
		message string
	}{
		"bad token":            {401, problem(401, "Invalid Credentials", "authError"), fault.SourceAuthentication, ""},
		"no token":             {401, problem(401, "Login Required.", "required", info("CREDENTIALS_MISSING")), fault.SourceAuthentication, ""},
		"expired token":        {401, problem(401, "Invalid", "authError", info("ACCESS_TOKEN_EXPIRED")), fault.SourceExpired, ""},
		"something new of 401": {401, problem(401, "x", "somethingNew"), fault.SourceAuthentication, ""},

		"storage permission":   {403, problem(403, "a@b.iam.gserviceaccount.com does not have storage.objects.list access to the Google Cloud Storage bucket.", "forbidden"), fault.SourcePermission, "storage.objects.list"},
		"bigquery permission":  {403, problem(403, "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.", "accessDenied"), fault.SourcePermission, "bigquery.jobs.create"},
		"permission of detail": {403, problem(403, "Denied.", "forbidden", info("IAM_PERMISSION_DENIED", "permission", "bigquery.tables.getData")), fault.SourcePermission, "bigquery.tables.getData"},
		"text of a download":   {403, "a@b does not have storage.objects.get access to the object.", fault.SourcePermission, "storage.objects.get"},
		"XML of a download":    {403, `<?xml version='1.0'?><Error><Code>AccessDenied</Code><Details>a@b does not have storage.objects.get access</Details></Error>`, fault.SourcePermission, "storage.objects.get"},
		"nothing named":        {403, problem(403, "Forbidden", "somethingNew"), fault.SourcePermission, "denied"},
		"API not enabled":      {403, problem(403, "x", "accessNotConfigured", info("SERVICE_DISABLED", "service", "bigquerystorage.googleapis.com")), fault.SourcePermission, "bigquerystorage.googleapis.com is not enabled"},
		"no billing":           {403, problem(403, "x", "forbidden", info("BILLING_DISABLED")), fault.SourcePermission, "billing"},
		"others' project":      {403, problem(403, "x", "forbidden", info("USER_PROJECT_DENIED")), fault.SourcePermission, "serviceusage.services.use"},
		"narrow consent":       {403, problem(403, "Request had insufficient authentication scopes.", "insufficientPermissions", info("ACCESS_TOKEN_SCOPE_INSUFFICIENT")), fault.SourcePermission, "consent"},
		"organization policy":  {403, problem(403, "x", "forbidden", info("RESOURCE_USAGE_RESTRICTION_VIOLATED")), fault.SourcePermission, "policy of the organization"},

		"perimeter, by text":   {403, problem(403, "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: Ab_1-x", "vpcServiceControls"), fault.SourceNetwork, "Ab_1-x"},
		"perimeter, by detail": {403, problem(403, "Prohibited.", "forbidden", violated, info("SECURITY_POLICY_VIOLATED", "uid", "Cd2")), fault.SourceNetwork, "Cd2"},
		"IP filter":            {403, problem(403, "There is an IP filtering condition that is preventing access to the resource.", "forbidden"), fault.SourceNetwork, "IP filter"},

		"not found":    {404, problem(404, "Not found: Table p:d.t", "notFound"), fault.SourceNotFound, ""},
		"gone":         {412, problem(412, "x", "conditionNotMet"), fault.SourceChanged, ""},
		"rate":         {403, problem(403, "Exceeded rate limits", "rateLimitExceeded"), fault.SourceRateLimited, ""},
		"rate of user": {403, problem(403, "x", "userRateLimitExceeded"), fault.SourceRateLimited, ""},
		"rate of 429":  {429, problem(429, "x", "somethingNew"), fault.SourceRateLimited, ""},
		"per minute":   {429, problem(429, "Quota exceeded for quota metric", "rateLimitExceeded", info("RATE_LIMIT_EXCEEDED", "quota_limit", "ReadPerMinutePerProject")), fault.SourceRateLimited, ""},
		"per day":      {429, problem(429, "Quota exceeded for quota metric", "rateLimitExceeded", info("RATE_LIMIT_EXCEEDED", "quota_limit", "ReadPerDayPerProject")), fault.SourceQuota, ""},
		"quota":        {403, problem(403, "Quota exceeded", "quotaExceeded"), fault.SourceQuota, ""},
		"backend":      {503, problem(503, "x", "backendError"), fault.SourceUnavailable, ""},
		"proxy's 502":  {502, "<html>", fault.SourceUnavailable, ""},
		"bad request":  {400, problem(400, "x", "invalid"), "", ""},
		"required":     {400, problem(400, "x", "required"), "", ""},
	} {
		t.Run(name, func(t *testing.T) { hold(t, refused(t, tt.code, tt.body), tt.want, tt.message) })
	}
}

// hold holds a classification against what is wanted; an empty code is nil.
func hold(t *testing.T, err error, code fault.Code, message string) {
	t.Helper()
	class := google.Classify(err)
	if code == "" {
		if class != nil {
			t.Errorf("got %v, want it left to the driver", class)
		}
		return
	}
	if class == nil || class.Code != code || !strings.Contains(class.Message, message) {
		t.Errorf("got %v of %v, want %s with %q", class, err, code, message)
	}
}

func TestGRPCStatusesAreClassified(t *testing.T) {
	with := func(code codes.Code, message string, details ...protoadapt.MessageV1) error {
		s, err := status.New(code, message).WithDetails(details...)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Errorf("reading: %w", s.Err())
	}
	for name, tt := range map[string]struct {
		err     error
		want    fault.Code
		message string
	}{
		"unauthenticated": {with(codes.Unauthenticated, "x"), fault.SourceAuthentication, ""},
		"denied": {
			with(codes.PermissionDenied, "request failed: the user does not have 'bigquery.readsessions.create' permission for 'projects/p'"),
			fault.SourcePermission, "bigquery.readsessions.create",
		},
		"denied, by detail": {
			with(codes.PermissionDenied, "x", &errdetails.ErrorInfo{Reason: "IAM_PERMISSION_DENIED", Metadata: map[string]string{"permission": "bigquery.readsessions.getData"}}),
			fault.SourcePermission, "bigquery.readsessions.getData",
		},
		"perimeter": {
			with(codes.PermissionDenied, "x", &errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{{Type: "VPC_SERVICE_CONTROLS"}}}),
			fault.SourceNetwork, "perimeter",
		},
		"not found":       {with(codes.NotFound, "x"), fault.SourceNotFound, ""},
		"rate":            {with(codes.ResourceExhausted, "x"), fault.SourceRateLimited, ""},
		"quota":           {with(codes.ResourceExhausted, "x", &errdetails.ErrorInfo{Reason: "RESOURCE_QUOTA_EXCEEDED"}), fault.SourceQuota, ""},
		"unavailable":     {with(codes.Unavailable, "x"), fault.SourceUnavailable, ""},
		"internal":        {with(codes.Internal, "x"), fault.SourceUnavailable, ""},
		"aborted":         {with(codes.Aborted, "x"), fault.SourceUnavailable, ""},
		"too slow":        {with(codes.DeadlineExceeded, "x"), fault.SourceUnavailable, ""},
		"no such host":    {with(codes.Unavailable, "name resolver error: produced zero addresses"), fault.SourceNetwork, ""},
		"nobody listens":  {with(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.1:443: connect: connection refused"`), fault.SourceNetwork, ""},
		"bad certificate": {with(codes.Unavailable, `connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"`), fault.SourceNetwork, ""},
		"bad argument":    {with(codes.InvalidArgument, "x"), "", ""},
		"precondition":    {with(codes.FailedPrecondition, "x"), "", ""},
		"no error of RPC": {errors.New("x"), "", ""},
	} {
		t.Run(name, func(t *testing.T) { hold(t, tt.err, tt.want, tt.message) })
	}
}

func TestTroubleWithTheNetworkIsClassified(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	hangup := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(hangup.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for name, tt := range map[string]struct {
		url  string
		want fault.Code
	}{
		"nobody listens":      {"http://127.0.0.1:1", fault.SourceNetwork},
		"no such host":        {"http://google.invalid", fault.SourceNetwork},
		"unknown certificate": {secure.URL, fault.SourceNetwork},
		"no TLS there":        {"https" + strings.TrimPrefix(plain.URL, "http"), fault.SourceNetwork},
		"hangs up":            {hangup.URL, fault.SourceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			hold(t, open(t, consent, api("", tt.url)).Authenticate(t.Context()), tt.want, "")
		})
	}
	t.Run("reset", func(t *testing.T) {
		hold(t, fmt.Errorf("reading: %w", &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}), fault.SourceUnavailable, "")
	})
	t.Run("given up", func(t *testing.T) { hold(t, fmt.Errorf("reading: %w", context.Canceled), "", "") })
}

func TestRefusalsOfTokenEndpointsAreClassified(t *testing.T) {
	for name, tt := range map[string]struct {
		code    int
		body    string
		want    fault.Code
		message string
	}{
		"clock":           {400, `{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."}`, fault.SourceAuthentication, "clock"},
		"sign in again":   {400, `{"error":"invalid_grant","error_subtype":"invalid_rapt","error_description":"reauth related error (invalid_rapt)"}`, fault.SourceExpired, "sign in again"},
		"condition":       {403, `{"error":"unauthorized_client","error_description":"The given credential is rejected by the attribute condition."}`, fault.SourceAuthentication, "attribute condition"},
		"policy":          {400, `{"error":"admin_policy_enforced"}`, fault.SourcePermission, "organization"},
		"scope":           {400, `{"error":"invalid_scope","error_description":"Invalid OAuth scope"}`, fault.SourcePermission, "scopes"},
		"rate":            {429, `{"error":"rate_limit_exceeded"}`, fault.SourceRateLimited, ""},
		"down":            {500, `{"error":"internal_failure"}`, fault.SourceUnavailable, ""},
		"something new":   {400, `{"error":"something_new"}`, fault.SourceAuthentication, ""},
		"a proxy's words": {503, `<html>`, fault.SourceUnavailable, ""},
		"an API's answer": {403, problem(403, "Denied.", "forbidden", info("IAM_PERMISSION_DENIED", "permission", "iam.serviceAccounts.getAccessToken")), fault.SourcePermission, "iam.serviceAccounts.getAccessToken"},
		"a redirect":      {302, ``, fault.SourceNetwork, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				w.WriteHeader(tt.code)
				fmt.Fprint(w, tt.body)
			}))
			t.Cleanup(server.Close)
			hold(t, open(t, consent, api("", server.URL)).Authenticate(t.Context()), tt.want, tt.message)
		})
	}
}

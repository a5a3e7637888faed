package s3_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/s3"
)

func open(t *testing.T, cfg source.Config) *source.Source {
	t.Helper()
	s, err := source.Open(t.Context(), s3.New(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// answering is a store that answers everything in the same way.
func answering(t *testing.T, status int, header http.Header, body string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
}

func TestAnswersOfS3AreClassified(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	inRegion := http.Header{"X-Amz-Bucket-Region": {"eu-west-3"}}
	for _, tt := range []struct {
		status  int
		code    string
		header  http.Header
		want    fault.Code
		message string
	}{
		{403, "InvalidAccessKeyId", nil, fault.SourceAuthentication, ""},
		{403, "SignatureDoesNotMatch", nil, fault.SourceAuthentication, ""},
		{400, "ExpiredToken", nil, fault.SourceExpired, ""},
		{400, "InvalidToken", nil, fault.SourceAuthentication, ""},
		{403, "AccessDenied", nil, fault.SourcePermission, ""},
		{403, "SomethingNew", nil, fault.SourcePermission, ""},
		{404, "NoSuchBucket", nil, fault.SourceNotFound, ""},
		{301, "PermanentRedirect", inRegion, fault.SourceWrongRegion, "eu-west-3"},
		{307, "TemporaryRedirect", nil, fault.SourceWrongRegion, "another region"},
		{400, "AuthorizationHeaderMalformed", inRegion, fault.SourceWrongRegion, "eu-west-3"},
		{400, "InvalidBucketName", nil, fault.SourceInvalidConfig, ""},
		{400, "SomethingNew", nil, fault.Internal, ""},
		{503, "SlowDown", nil, fault.SourceRateLimited, ""},
		{500, "InternalError", nil, fault.SourceUnavailable, ""},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.code), func(t *testing.T) {
			answering(t, tt.status, tt.header, fmt.Sprintf(`<?xml version="1.0"?><Error><Code>%s</Code><Message>The provider's words.</Message></Error>`, tt.code))
			_, err := open(t, config(bucket, readerKey)).Discover(t.Context(), "")
			e, _ := fault.As(err)
			if fault.CodeOf(err) != tt.want || !strings.Contains(e.Message, tt.message) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.code) || !strings.Contains(err.Error(), "The provider's words.") {
				t.Errorf("the provider's words are lost: %v", err)
			}
		})
	}
	t.Run("malformed header names the region", func(t *testing.T) {
		answering(t, 400, nil, `<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'sa-east-1'</Message></Error>`)
		if _, err := open(t, config(bucket, readerKey)).Discover(t.Context(), ""); !strings.Contains(err.Error(), "set the region to sa-east-1") {
			t.Errorf("got %v", err)
		}
	})
}

// failed is the one check that fails.
func failed(t *testing.T, results []source.CheckResult) source.CheckResult {
	t.Helper()
	var found []source.CheckResult
	for _, r := range results {
		if r.Outcome == source.Fail {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d checks fail: %+v", len(found), results)
	}
	return found[0]
}

func result(t *testing.T, results []source.CheckResult, name string) source.CheckResult {
	t.Helper()
	for _, r := range results {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("there is no check %s", name)
	return source.CheckResult{}
}

// readAll reads a plan's rows as JSON objects, one after another.
func readAll(t *testing.T, s *source.Source, plan source.Plan) (string, error) {
	t.Helper()
	var rows strings.Builder
	for _, split := range plan.Splits {
		r, err := s.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: split})
		if err != nil {
			return "", err
		}
		for {
			batch, err := r.Next(t.Context())
			if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
				break
			}
			if err != nil {
				return "", errors.Join(err, r.Close())
			}
			if err := array.RecordToJSON(batch.Record, &rows); err != nil {
				t.Fatal(err)
			}
			batch.Release()
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return strings.ReplaceAll(rows.String(), "\n", ""), nil
}

func TestReachNamesWhatIsWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(t *testing.T)
		check   string
		code    fault.Code
		paste   string
	}{
		"nobody listens": {func(t *testing.T) { t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1") }, "s3.reach", fault.SourceNetwork, "https://s3." + region + ".amazonaws.com"},
		"no such host":   {func(t *testing.T) { t.Setenv("AWS_ENDPOINT_URL_S3", "http://s3.invalid") }, "s3.reach", fault.SourceNetwork, catalog.DeploymentNetwork},
		"another region": {func(t *testing.T) {
			answering(t, 403, http.Header{"X-Amz-Bucket-Region": {"eu-west-3"}}, "")
		}, "s3.region", fault.SourceWrongRegion, "--query BucketRegion"},
		"a redirect": {func(t *testing.T) {
			answering(t, 301, http.Header{"X-Amz-Bucket-Region": {"eu-west-3"}}, "")
		}, "s3.region", fault.SourceWrongRegion, "--query BucketRegion"},
		"no such bucket": {func(t *testing.T) { answering(t, 404, nil, "") }, "s3.reach", fault.SourceNotFound, "aws s3api head-bucket --bucket " + bucket},
	} {
		t.Run(name, func(t *testing.T) {
			tt.prepare(t)
			results, err := open(t, config(bucket, readerKey)).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r := failed(t, results); r.Name != tt.check || r.Outcome != source.Fail || r.Code != string(tt.code) || r.Remedy == nil || !strings.Contains(r.Remedy.Snippet, tt.paste) {
				t.Errorf("got %+v, want %s", r, tt.code)
			}
			for _, r := range results[2:] {
				if r.Outcome != source.Skipped {
					t.Errorf("%s: %s", r.Name, r.Outcome)
				}
			}
		})
	}
}

func TestARemedyCanBePasted(t *testing.T) {
	answering(t, 403, nil, `<Error><Code>AccessDenied</Code><Message>x</Message></Error>`)
	t.Setenv("AWS_ENDPOINT_URL_STS", newSTS(t, map[string]string{readerKey: secretOf(readerKey)}))
	results, err := open(t, config(bucket, readerKey)).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	denied := failed(t, results)
	arn := "arn:aws:s3:::" + bucket
	for _, want := range []string{`"` + arn + `"`, `"` + arn + "/" + prefix + `/*"`, `"s3:prefix": "` + prefix + `/*"`} {
		if !strings.Contains(denied.Remedy.Snippet, want) {
			t.Errorf("the policy lacks %s:\n%s", want, denied.Remedy.Snippet)
		}
	}
}

// TestAnObjectThatIsReplacedFailsTheRead replaces an object between plan and read.
func TestAnObjectThatIsReplacedFailsTheRead(t *testing.T) {
	url := fake(t)
	fill(t, url, map[string]string{"t/a.csv": "a\n1\n"})
	connect(t, url)
	s := open(t, config(bucket, readerKey))
	plan, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}})
	if err != nil {
		t.Fatal(err)
	}
	put(t, admin(url), prefix+"/t/a.csv", "a\n2\n")
	_, err = readAll(t, s, plan)
	if e, _ := fault.As(err); fault.CodeOf(err) != fault.SourceChanged || !strings.Contains(e.Message, "t/a.csv") {
		t.Errorf("got %v, want %s with the file's name", err, fault.SourceChanged)
	}
}

package bigquery

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// query is a SELECT to run.
type query struct {
	sql      string
	location string // "" lets BigQuery find the location of what is read
	maximum  int64  // bytes billed; 0 is no limit
	labels   map[string]string
}

// dryRun lets BigQuery check a query and say what it would scan. Nothing runs,
// and nothing is billed.
func (s *session) dryRun(ctx context.Context, q query) (*bigquery.Job, error) {
	job := s.job(q)
	job.Configuration.DryRun = true
	done, err := paced(ctx, s.pace, func() (*bigquery.Job, error) {
		return s.rest.Jobs.Insert(s.config.billing, job).Context(ctx).Do()
	})
	if err != nil {
		return nil, fmt.Errorf("checking a query: %w", err)
	}
	if e := failureOf(done); e != nil {
		return nil, fmt.Errorf("checking a query: %w", jobError(e))
	}
	return done, nil
}

// onlySelects refuses every statement but one SELECT: what BigQuery itself took
// the text for, not what it looks like, decides.
func onlySelects(dry *bigquery.Job) error {
	if dry.Statistics == nil || dry.Statistics.Query == nil || dry.Statistics.Query.StatementType != "SELECT" {
		return errNotSelect
	}
	return nil
}

// scanned is how many bytes a dry run says that its query would scan.
func scanned(dry *bigquery.Job) int64 {
	if dry.Statistics == nil {
		return 0
	}
	return dry.Statistics.TotalBytesProcessed
}

func failureOf(job *bigquery.Job) *bigquery.ErrorProto {
	if job.Status == nil {
		return nil
	}
	return job.Status.ErrorResult
}

// job is a query's job under an id of its own, so that the job can be cancelled
// and found again whatever becomes of the answer.
func (s *session) job(q query) *bigquery.Job {
	legacy := false
	return &bigquery.Job{
		JobReference: &bigquery.JobReference{ProjectId: s.config.billing, JobId: "headwater_" + strings.ToLower(rand.Text()), Location: q.location},
		Configuration: &bigquery.JobConfiguration{
			Labels: s.labels(q.labels),
			Query: &bigquery.JobConfigurationQuery{
				Query: q.sql, UseLegacySql: &legacy, MaximumBytesBilled: q.maximum, ForceSendFields: []string{"UseLegacySql"},
			},
		},
	}
}

// finished is a query's job that has ended well.
type finished struct {
	job    *bigquery.Job
	rows   int64
	fields []*bigquery.TableFieldSchema
}

// run runs a query to its end, and cancels its job when it cannot wait for that:
// whoever tries again starts another one. The job's destination is an anonymous
// table, which BigQuery keeps for a day.
func (s *session) run(ctx context.Context, q query) (done finished, err error) {
	job := s.job(q)
	defer func() {
		if class := (Driver{}).Classify(err); err != nil && (class == nil || fault.Retryable(class)) {
			s.cancel(ctx, job.JobReference) // it may be running; after any other error it is not
		}
	}()
	started, err := paced(ctx, s.pace, func() (*bigquery.Job, error) {
		started, err := s.rest.Jobs.Insert(s.config.billing, job).Context(ctx).Do()
		if google.Status(err) == http.StatusConflict { // an earlier attempt got through, and its answer did not
			return s.getJob(ctx, job.JobReference)
		}
		return started, err
	})
	if err != nil {
		return finished{}, fmt.Errorf("starting a query: %w", err)
	}
	if location := locationOf(started); location != "" {
		job.JobReference.Location = location
	}
	if done, err = s.await(ctx, job.JobReference); err != nil {
		return finished{}, fmt.Errorf("running a query: %w", err)
	}
	if done.job, err = s.getJob(ctx, job.JobReference); err != nil {
		return finished{}, fmt.Errorf("getting a query's job: %w", err)
	}
	if e := failureOf(done.job); e != nil {
		return finished{}, fmt.Errorf("running a query: %w", jobError(e))
	}
	return done, nil
}

func (s *session) getJob(ctx context.Context, ref *bigquery.JobReference) (*bigquery.Job, error) {
	call := s.rest.Jobs.Get(ref.ProjectId, ref.JobId)
	if ref.Location != "" {
		call.Location(ref.Location)
	}
	return call.Context(ctx).Do()
}

// results asks for the result of a job.
func (s *session) results(ref *bigquery.JobReference) *bigquery.JobsGetQueryResultsCall {
	call := s.rest.Jobs.GetQueryResults(ref.ProjectId, ref.JobId)
	if ref.Location != "" {
		call.Location(ref.Location)
	}
	return call
}

// waitAtOnce is how long BigQuery holds one request for a result that is not there yet.
const waitAtOnce = 20 * time.Second

// patience is how often in a row BigQuery may not answer the question for a job.
const patience = 5

// await waits until a job has ended. It asks again when BigQuery does not
// answer, as nobody else can: another try of the caller's is another query, to
// be paid for once more.
func (s *session) await(ctx context.Context, ref *bigquery.JobReference) (finished, error) {
	for failures := 0; ; {
		r, err := s.results(ref).MaxResults(0).TimeoutMs(waitAtOnce.Milliseconds()).Fields("jobComplete", "totalRows", "schema").Context(ctx).Do()
		switch {
		case err != nil:
			if failures++; failures == patience || !s.passing(ctx, ref, err, failures) {
				return finished{}, err
			}
		case !r.JobComplete:
			failures = 0
		case r.Schema != nil:
			return finished{rows: int64(r.TotalRows), fields: r.Schema.Fields}, nil
		default:
			return finished{rows: int64(r.TotalRows)}, nil
		}
	}
}

// passing reports whether a question for a job may be asked again, and waits
// until then: when it is BigQuery that failed to answer, and not the job.
func (s *session) passing(ctx context.Context, ref *bigquery.JobReference, err error, failures int) bool {
	if class := (Driver{}).Classify(err); class == nil || !fault.Retryable(class) {
		return false
	}
	if job, err := s.getJob(ctx, ref); err == nil && failureOf(job) != nil {
		return false
	}
	s.pace.pause(time.Second << (failures - 1) / 4)
	return s.pace.rest(ctx) == nil
}

// cancel stops a job that nobody waits for any more. Whether BigQuery hears it
// changes nothing for the caller, who has its own reason to stop.
func (s *session) cancel(ctx context.Context, ref *bigquery.JobReference) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	call := s.rest.Jobs.Cancel(ref.ProjectId, ref.JobId)
	if ref.Location != "" {
		call.Location(ref.Location)
	}
	_, _ = call.Context(ctx).Do() // see above
}

const maxLabel = 63

// labels makes labels of a job, which say whose it is, and which BigQuery takes: lower-case letters, digits, "_" and
// "-", at most 63, the first of a key a letter.
func (s *session) labels(wanted map[string]string) map[string]string {
	made := make(map[string]string, len(wanted)+2)
	for key, value := range wanted {
		if key = label(key); key == "" || key[0] < 'a' || key[0] > 'z' {
			key = label("l_" + key)
		}
		made[key] = label(value)
	}
	made["application"] = "headwater"
	if s.config.connection != "" {
		made["headwater_connection"] = label(s.config.connection)
	}
	return made
}

func label(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, strings.ToLower(s))
	return s[:min(len(s), maxLabel)]
}

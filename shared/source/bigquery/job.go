package bigquery

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
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
	job := s.job(q, 0)
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

// foresee is dryRun of a query that somebody wrote, or that has values of a
// filter in it: an error has none of BigQuery's words.
func (s *session) foresee(ctx context.Context, q query) (*bigquery.Job, error) {
	dry, err := s.dryRun(ctx, q)
	return dry, unquoted(err, nil)
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

// jobTimeout is when BigQuery stops a job itself: later than a run's planning, with
// all its attempts, may wait for it.
const jobTimeout = 2 * time.Hour

// job is a query's job under an id that we choose, so that the job can be cancelled
// and found again whatever becomes of the answer.
func (s *session) job(q query, attempt int) *bigquery.Job {
	legacy := false
	return &bigquery.Job{
		JobReference: &bigquery.JobReference{ProjectId: s.config.billing, JobId: s.jobID(q, attempt), Location: q.location},
		Configuration: &bigquery.JobConfiguration{
			Labels: s.labels(q.labels), JobTimeoutMs: jobTimeout.Milliseconds(),
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

// runLabel is the label that names a run. Who asks for the same query under the same
// one, in this process or in another, means the same job.
const runLabel = "headwater_run"

// jobID is the id of a query's job: the same for all who ask for it in one run,
// so that a job that runs is joined rather than paid for again. Attempt
// counts the jobs before it that failed.
func (s *session) jobID(q query, attempt int) string {
	run := q.labels[runLabel]
	if run == "" {
		return "headwater_" + strings.ToLower(rand.Text())
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d", run, q.sql, q.location, q.maximum))
	return fmt.Sprintf("headwater_%s_%x_%d", label(run), sum[:16], attempt)
}

// run runs a query to its end, or waits for it where an earlier attempt has
// started it. The job's destination is an anonymous table, which BigQuery keeps for a day.
//
// When it cannot wait any longer it cancels the job, unless a later attempt will join it:
// that of a run is only cancelled when nobody tries again.
//
// An error has none of BigQuery's words; see unquoted.
func (s *session) run(ctx context.Context, q query) (done finished, err error) {
	var ref *bigquery.JobReference
	defer func() {
		if err != nil && ref != nil && s.forsaken(q, err) {
			s.cancel(ctx, ref)
		}
		err = unquoted(err, ref)
	}()
	if ref, err = s.start(ctx, q); err != nil {
		return finished{}, fmt.Errorf("starting a query: %w", err)
	}
	if done, err = s.await(ctx, ref); err != nil {
		return finished{}, fmt.Errorf("running a query: %w", err)
	}
	if done.job, err = s.getJob(ctx, ref); err != nil {
		return finished{}, fmt.Errorf("getting a query's job: %w", err)
	}
	if e := failureOf(done.job); e != nil {
		return finished{}, fmt.Errorf("running a query: %w", jobError(e))
	}
	return done, nil
}

// maxFailed bounds how many failed jobs of a run's query are passed over: more than
// a run may leave behind.
const maxFailed = 50

// start starts a query's job, or finds the one that an earlier attempt has started. One
// that failed is of no use: the next one takes its place. With an error it returns the job that may run all the same.
func (s *session) start(ctx context.Context, q query) (*bigquery.JobReference, error) {
	for attempt := 0; ; attempt++ {
		job, there := s.job(q, attempt), false
		started, err := paced(ctx, s.pace, func() (*bigquery.Job, error) {
			started, err := s.rest.Jobs.Insert(s.config.billing, job).Context(ctx).Do()
			if there = google.Status(err) == http.StatusConflict; there {
				return s.getJob(ctx, job.JobReference)
			}
			return started, err
		})
		if err != nil {
			return job.JobReference, err
		}
		if location := locationOf(started); location != "" {
			job.JobReference.Location = location
		}
		if !there || failureOf(started) == nil || attempt == maxFailed || q.labels[runLabel] == "" {
			return job.JobReference, nil
		}
	}
}

// forsaken reports whether nobody will ask for a query's job again, after an
// error that leaves it running.
func (s *session) forsaken(q query, err error) bool {
	if q.labels[runLabel] != "" {
		return errors.Is(err, context.Canceled)
	}
	class := (Driver{}).Classify(err)
	return class == nil || fault.Retryable(class)
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

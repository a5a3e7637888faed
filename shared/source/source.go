package source

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Limits of the portable layer.
const (
	checkTimeout = 15 * time.Second
	attempts     = 4
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 5 * time.Second
)

// Source is an opened connection. It adds to a driver's Session what must be
// the same for every platform: classified and redacted errors, retries of what
// is transient, time limits, spans.
type Source struct {
	driver  Driver
	session Session
	secrets *strings.Replacer
	version string // of the credential
	tracer  trace.Tracer
	close   func() error
}

// Open opens a connection with one driver.
func Open(ctx context.Context, d Driver, cfg Config) (*Source, error) {
	s := &Source{
		driver:  d,
		secrets: masker(d.Spec(), cfg.Credential),
		version: cfg.Credential.Version,
		tracer:  otel.Tracer("github.com/headwaterhq/headwater/shared/source"),
	}
	session, err := d.Open(ctx, cfg)
	if err != nil {
		return nil, s.wrap("opening connection", err)
	}
	s.session = session
	s.close = sync.OnceValue(session.Close)
	return s, nil
}

// Close releases the connection. A second Close returns what the first did.
func (s *Source) Close() error { return s.wrap("closing connection", s.close()) }

// CredentialVersion is the version of the stored credential that the connection
// was opened with, for evidence; empty when it has none.
func (s *Source) CredentialVersion() string { return s.version }

// Can reports whether the platform has a capability.
func (s *Source) Can(c Capability) bool { return s.driver.Spec().Can(c) }

// Discover returns one page of tables.
func (s *Source) Discover(ctx context.Context, cursor string) (DiscoverPage, error) {
	return call(ctx, s, "discovering tables", func(ctx context.Context) (DiscoverPage, error) {
		return s.session.Discover(ctx, cursor)
	})
}

// Plan splits one table.
func (s *Source) Plan(ctx context.Context, req PlanRequest) (Plan, error) {
	return call(ctx, s, "planning splits", func(ctx context.Context) (Plan, error) {
		return s.session.Plan(ctx, req)
	})
}

// Estimate says what reading would cost, without reading. A platform without
// the capability CostEstimate fails with fault.SourceUnsupported.
func (s *Source) Estimate(ctx context.Context, req PlanRequest) (Estimate, error) {
	estimator, ok := s.session.(Estimator)
	if !ok {
		return Estimate{}, fault.New(fault.SourceUnsupported, s.driver.Spec().Title+" gives no estimate of the cost")
	}
	return call(ctx, s, "estimating the cost", func(ctx context.Context) (Estimate, error) {
		return estimator.Estimate(ctx, req)
	})
}

// Count counts what a plan reads by the platform's own means. A platform that cannot fails with fault.SourceUnsupported.
func (s *Source) Count(ctx context.Context, req CountRequest) (Tally, error) {
	counter, ok := s.session.(Counter)
	if !ok {
		return Tally{}, fault.New(fault.SourceUnsupported, s.driver.Spec().Title+" keeps no count of its rows")
	}
	return call(ctx, s, "counting rows", func(ctx context.Context) (Tally, error) { return counter.Count(ctx, req) })
}

// Read opens a split at a checkpoint. A transient failure between two batches
// is retried from the last checkpoint, invisibly.
func (s *Source) Read(ctx context.Context, req ReadRequest) (Reader, error) {
	open := func(ctx context.Context, from Checkpoint) (Reader, error) {
		req.From = from
		return s.session.Read(ctx, req)
	}
	r, err := call(ctx, s, "opening split", func(ctx context.Context) (Reader, error) { return open(ctx, req.From) })
	if err != nil {
		return nil, err
	}
	return &resumingReader{source: s, open: open, schema: r.Schema(), current: r, at: req.From}, nil
}

// call runs f under a span, retrying transient failures with full jitter.
func call[T any](ctx context.Context, s *Source, doing string, f func(context.Context) (T, error)) (T, error) {
	ctx, span := s.tracer.Start(ctx, "source: "+doing, trace.WithAttributes(attribute.String("source.platform", s.driver.Spec().Platform)))
	defer span.End()
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		result, err := f(ctx)
		if err == nil {
			return result, nil
		}
		err = s.wrap(doing, err)
		if attempt == attempts || !fault.Retryable(err) || !sleep(ctx, rand.N(backoff)) {
			span.SetStatus(codes.Error, string(fault.CodeOf(err)))
			var none T
			return none, err
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

package snowflake

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// Estimate asks the service to explain the query. The bytes are those of the
// micro-partitions that it would scan; Snowflake bills the time of the
// warehouse, for which they are the best measure there is beforehand. It fails
// with fault.SourceUnsupported when the explanation does not tell them.
func (s *session) Estimate(ctx context.Context, req source.PlanRequest) (source.Estimate, error) {
	q, err := s.prepare(ctx, req)
	if err != nil {
		return source.Estimate{}, err
	}
	bytes, known, err := s.explain(ctx, q)
	switch {
	case err != nil:
		return source.Estimate{}, err
	case !known:
		return source.Estimate{}, fault.New(fault.SourceUnsupported, unexplained)
	}
	e := source.Estimate{Bytes: bytes}
	if q.where == "" {
		e.Rows = q.table.Rows
	}
	return e, nil
}

// unexplained is what is said of a query whose explanation tells no bytes.
const unexplained = "Snowflake does not tell how many bytes the query would scan"

// explain returns the bytes that a query would scan, where the explanation
// tells them. It needs no warehouse.
func (s *session) explain(ctx context.Context, q query) (bytes int64, known bool, err error) {
	args := make([]any, len(q.binds))
	for i, b := range q.binds {
		args[i] = b
	}
	err = s.each(ctx, "EXPLAIN USING JSON "+q.text(nil), func(r row) error {
		var plan struct {
			GlobalStats struct {
				Bytes *int64 `json:"bytesAssigned"`
			} `json:"GlobalStats"`
		}
		for _, v := range r.values {
			if err := json.Unmarshal([]byte(v.String), &plan); err != nil {
				return fmt.Errorf("reading the explanation: %w", err)
			}
		}
		if b := plan.GlobalStats.Bytes; b != nil {
			bytes, known = *b, true
		}
		return nil
	}, args...)
	if err != nil {
		return 0, false, fmt.Errorf("explaining the query: %w", err)
	}
	return bytes, known, nil
}

// afford refuses a query that would scan more than the limit, or of which
// nobody knows whether it would.
func (s *session) afford(ctx context.Context, q query, limit int64) error {
	if limit <= 0 {
		return nil
	}
	bytes, known, err := s.explain(ctx, q)
	switch {
	case err != nil:
		return err
	case !known:
		return fault.New(fault.SourceCostLimit, unexplained+", so that the limit cannot be kept")
	case bytes > limit:
		return fault.New(fault.SourceCostLimit, fmt.Sprintf("the query would scan %d bytes, the limit is %d", bytes, limit))
	}
	return nil
}

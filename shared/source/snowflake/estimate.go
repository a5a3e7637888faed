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
// warehouse, for which they are the best measure there is beforehand.
func (s *session) Estimate(ctx context.Context, req source.PlanRequest) (source.Estimate, error) {
	q, err := s.prepare(ctx, req)
	if err != nil {
		return source.Estimate{}, err
	}
	bytes, err := s.explain(ctx, q)
	if err != nil {
		return source.Estimate{}, err
	}
	e := source.Estimate{Bytes: bytes}
	if q.where == "" {
		e.Rows = q.table.Rows
	}
	return e, nil
}

// explain returns the bytes that a query would scan. It needs no warehouse.
func (s *session) explain(ctx context.Context, q query) (int64, error) {
	var bytes int64
	args := make([]any, len(q.binds))
	for i, b := range q.binds {
		args[i] = b
	}
	err := s.each(ctx, "EXPLAIN USING JSON "+q.text(nil), func(r row) error {
		var plan struct {
			GlobalStats struct {
				Bytes int64 `json:"bytesAssigned"`
			} `json:"GlobalStats"`
		}
		for _, v := range r.values {
			if err := json.Unmarshal([]byte(v.String), &plan); err != nil {
				return fmt.Errorf("reading the explanation: %w", err)
			}
		}
		bytes = plan.GlobalStats.Bytes
		return nil
	}, args...)
	if err != nil {
		return 0, fmt.Errorf("explaining the query: %w", err)
	}
	return bytes, nil
}

// afford refuses a query that would scan more than the limit.
func (s *session) afford(ctx context.Context, q query, limit int64) error {
	if limit <= 0 {
		return nil
	}
	bytes, err := s.explain(ctx, q)
	if err != nil {
		return err
	}
	if bytes > limit {
		return fault.New(fault.SourceCostLimit, fmt.Sprintf("the query would scan %d bytes, the limit is %d", bytes, limit))
	}
	return nil
}

package stepfunctions

import (
	"context"
	"slices"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

type mapRunInput struct {
	MapRunARN string `json:"mapRunArn"`
}

type mapRunOutput struct {
	MapRunARN                  string       `json:"mapRunArn"`
	ExecutionARN               string       `json:"executionArn"`
	Status                     asl.Status   `json:"status"`
	StartDate                  asl.Instant  `json:"startDate"`
	StopDate                   *asl.Instant `json:"stopDate,omitempty"`
	MaxConcurrency             int          `json:"maxConcurrency"`
	ToleratedFailureCount      int          `json:"toleratedFailureCount"`
	ToleratedFailurePercentage float64      `json:"toleratedFailurePercentage"`
	ItemCounts                 counts       `json:"itemCounts"`
	ExecutionCounts            counts       `json:"executionCounts"`
}

// counts are of items and of executions alike: without batches each item is an execution.
type counts struct {
	Pending        int64 `json:"pending"`
	Running        int64 `json:"running"`
	Succeeded      int64 `json:"succeeded"`
	Failed         int64 `json:"failed"`
	TimedOut       int64 `json:"timedOut"`
	Aborted        int64 `json:"aborted"`
	Total          int64 `json:"total"`
	ResultsWritten int64 `json:"resultsWritten"`
}

func (s *Service) describeMapRun(_ context.Context, in mapRunInput) (mapRunOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	run, ok := s.mapRuns[in.MapRunARN]
	if !ok {
		return mapRunOutput{}, fault("ResourceNotFound", "Map Run Does Not Exist: '"+in.MapRunARN+"'")
	}
	r := run.record
	c := counts{
		Running: r.Children[asl.Running], Succeeded: r.Children[asl.Succeeded], Failed: r.Children[asl.Failed],
		TimedOut: r.Children[asl.TimedOut], Aborted: r.Children[asl.Aborted],
		Total: int64(r.Total), ResultsWritten: int64(r.Written),
	}
	c.Pending = c.Total - c.Running - c.Succeeded - c.Failed - c.TimedOut - c.Aborted
	return mapRunOutput{
		MapRunARN: r.ARN, ExecutionARN: r.ExecutionARN, Status: r.Status,
		StartDate: asl.Instant{Time: r.StartedAt}, StopDate: r.StopDate,
		MaxConcurrency: r.MaxConcurrency, ToleratedFailureCount: r.ToleratedFailureCount,
		ToleratedFailurePercentage: r.ToleratedFailurePercentage,
		ItemCounts:                 c, ExecutionCounts: c,
	}, nil
}

type listMapRunsInput struct {
	ExecutionARN string `json:"executionArn"`
	MaxResults   int    `json:"maxResults"`
}

type listMapRunsOutput struct {
	MapRuns []listedMapRun `json:"mapRuns"`
}

type listedMapRun struct {
	ExecutionARN    string       `json:"executionArn"`
	MapRunARN       string       `json:"mapRunArn"`
	StateMachineARN string       `json:"stateMachineArn"`
	StartDate       asl.Instant  `json:"startDate"`
	StopDate        *asl.Instant `json:"stopDate,omitempty"`
}

// listMapRuns lists the map runs of an execution, newest first: all of them, an execution has few.
func (s *Service) listMapRuns(_ context.Context, in listMapRunsInput) (listMapRunsOutput, error) {
	if _, err := s.find(in.ExecutionARN); err != nil {
		return listMapRunsOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := listMapRunsOutput{MapRuns: []listedMapRun{}}
	for _, run := range s.mapRuns {
		if r := run.record; r.ExecutionARN == in.ExecutionARN {
			out.MapRuns = append(out.MapRuns, listedMapRun{
				ExecutionARN: r.ExecutionARN, MapRunARN: r.ARN, StateMachineARN: r.MachineARN,
				StartDate: asl.Instant{Time: r.StartedAt}, StopDate: r.StopDate,
			})
		}
	}
	slices.SortFunc(out.MapRuns, func(a, b listedMapRun) int { return b.StartDate.Compare(a.StartDate.Time) })
	if in.MaxResults > 0 && len(out.MapRuns) > in.MaxResults {
		out.MapRuns = out.MapRuns[:in.MaxResults]
	}
	return out, nil
}

package stepfunctions

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// page gives up to limit items of a list in ascending order of position, or of the reverse, after the position in the token.
func page[T any](items []T, reverse bool, limit int, token string, position func(T) int64) ([]T, string, error) {
	switch {
	case limit < 0 || limit > 1000:
		return nil, "", fault("ValidationException", "maxResults must be between 0 and 1000")
	case limit == 0:
		limit = 100
	}
	if reverse {
		items = slices.Clone(items)
		slices.Reverse(items)
	}
	if token != "" {
		last, err := strconv.ParseInt(token, 10, 64)
		if err != nil {
			return nil, "", fault("InvalidToken", "Invalid Token: 'Invalid token'")
		}
		from := slices.IndexFunc(items, func(item T) bool {
			return position(item) != last && (position(item) > last) != reverse
		})
		if from < 0 {
			from = len(items)
		}
		items = items[from:]
	}
	if len(items) <= limit {
		return append([]T{}, items...), "", nil
	}
	return items[:limit], strconv.FormatInt(position(items[limit-1]), 10), nil
}

type listInput struct {
	StateMachineARN string     `json:"stateMachineArn"`
	MapRunARN       string     `json:"mapRunArn"`
	StatusFilter    asl.Status `json:"statusFilter"`
	MaxResults      int        `json:"maxResults"`
	NextToken       string     `json:"nextToken"`
}

type listOutput struct {
	Executions []listed `json:"executions"`
	NextToken  string   `json:"nextToken,omitempty"`
}

type listed struct {
	ExecutionARN    string       `json:"executionArn"`
	StateMachineARN string       `json:"stateMachineArn"`
	MapRunARN       string       `json:"mapRunArn,omitempty"`
	Name            string       `json:"name"`
	Status          asl.Status   `json:"status"`
	StartDate       asl.Instant  `json:"startDate"`
	StopDate        *asl.Instant `json:"stopDate,omitempty"`
	RedriveCount    int          `json:"redriveCount"`
}

// listExecutions lists the executions of a machine, or the children of a map run, newest first.
func (s *Service) listExecutions(_ context.Context, in listInput) (listOutput, error) {
	if (in.StateMachineARN == "") == (in.MapRunARN == "") {
		return listOutput{}, fault("ValidationException", "Exactly one of stateMachineArn and mapRunArn must be given")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.StateMachineARN != "" {
		if !strings.HasPrefix(in.StateMachineARN, "arn:aws:states:") {
			return listOutput{}, invalidARN(in.StateMachineARN)
		}
		if _, ok := s.machines[in.StateMachineARN]; !ok {
			return listOutput{}, fault("StateMachineDoesNotExist", "State Machine Does Not Exist: '"+in.StateMachineARN+"'")
		}
	} else if _, ok := s.mapRuns[in.MapRunARN]; !ok {
		return listOutput{}, fault("ResourceNotFound", "Map Run Does Not Exist: '"+in.MapRunARN+"'")
	}
	var all []listed
	for _, x := range s.executions {
		r := x.record
		switch {
		case in.MapRunARN != r.MapRunARN,
			in.StateMachineARN != "" && in.StateMachineARN != r.MachineARN,
			in.StatusFilter != "" && in.StatusFilter != r.Status:
			continue
		}
		all = append(all, listed{
			ExecutionARN: r.ARN, StateMachineARN: r.MachineARN, MapRunARN: r.MapRunARN, Name: r.Name, Status: r.Status,
			StartDate: r.StartDate, StopDate: r.StopDate,
		})
	}
	slices.SortFunc(all, func(a, b listed) int {
		return cmp.Or(b.StartDate.Compare(a.StartDate.Time), cmp.Compare(a.ExecutionARN, b.ExecutionARN))
	})
	return pageAfter(all, in.MaxResults, in.NextToken)
}

// pageAfter pages by name: the token is the last execution shown, which never disappears.
func pageAfter(all []listed, limit int, token string) (listOutput, error) {
	index := map[string]int64{}
	for i, one := range all {
		index[one.ExecutionARN] = int64(i)
	}
	after := ""
	if token != "" {
		i, ok := index[token]
		if !ok {
			return listOutput{}, fault("InvalidToken", "Invalid Token: 'Invalid token'")
		}
		after = strconv.FormatInt(i, 10)
	}
	shown, more, err := page(all, false, limit, after, func(one listed) int64 { return index[one.ExecutionARN] })
	out := listOutput{Executions: shown}
	if more != "" {
		out.NextToken = shown[len(shown)-1].ExecutionARN
	}
	return out, err
}

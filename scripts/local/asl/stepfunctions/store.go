package stepfunctions

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// store keeps executions in files:
//
//	executions/<machine>/<name>.json                 the record
//	executions/<machine>/<name>.history.jsonl        one event a line
//	children/<machine>/<label>/<name>…               the same for children of a distributed Map
//	mapruns/<machine>/<label>/<uuid>.json            a map run
type store struct{ folder string }

const historySuffix = ".history.jsonl"

// path is the file of an ARN, without its suffix.
func (s store) path(arn string) string {
	parts := strings.SplitN(arn, ":", 8) // arn:aws:states:region:account:kind:machine[/label]:name
	kind := "executions"
	switch {
	case parts[5] == "mapRun":
		kind = "mapruns"
	case strings.Contains(parts[6], "/"):
		kind = "children"
	}
	return filepath.Join(s.folder, kind, filepath.FromSlash(parts[6]), parts[7])
}

func (s store) saveExecution(r record) error { return replace(s.path(r.ARN)+".json", r) }

func (s store) saveMapRun(r mapRunRecord) error { return replace(s.path(r.ARN)+".json", r) }

// replace writes a file as a whole or not at all.
func replace(path string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", filepath.Base(path), err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", filepath.Base(path), err)
	}
	next := path + ".next"
	if err := os.WriteFile(next, body, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return os.Rename(next, path)
}

// load reads all records.
func (s store) load() ([]record, []mapRunRecord, error) {
	var records []record
	for _, kind := range []string{"executions", "children"} {
		found, err := readAll[record](filepath.Join(s.folder, kind))
		if err != nil {
			return nil, nil, err
		}
		records = append(records, found...)
	}
	runs, err := readAll[mapRunRecord](filepath.Join(s.folder, "mapruns"))
	return records, runs, err
}

func readAll[T any](folder string) ([]T, error) {
	var all []T
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == folder {
			return fs.SkipAll
		}
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var one T
		if err := json.Unmarshal(body, &one); err != nil {
			return fmt.Errorf("decoding %s: %w", path, err)
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// history opens the file that an execution's events are appended to.
func (s store) history(arn string) (*os.File, error) {
	path := s.path(arn) + historySuffix
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
}

// events reads an execution's history. A last line that is not whole is still being written, or was when its process died.
func (s store) events(arn string) ([]asl.Event, error) {
	body, err := os.ReadFile(s.path(arn) + historySuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var events []asl.Event
	lines := bufio.NewReader(bytes.NewReader(body))
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return events, nil
		}
		var e asl.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("decoding event %d: %w", len(events)+1, err)
		}
		events = append(events, e)
	}
}

// abandon ends the history of an execution whose process died, and tells how it ended: with the given outcome, unless it had
// come to its end and only its record was not written any more.
func (s store) abandon(arn string, outcome asl.Outcome) (asl.Outcome, error) {
	events, err := s.events(arn)
	if err != nil {
		return outcome, err
	}
	if len(events) > 0 {
		if ended, ok := ending(events[len(events)-1]); ok {
			return ended, nil
		}
	}
	last := asl.Event{
		ID: int64(len(events)) + 1, Type: "ExecutionAborted", Timestamp: asl.Instant{Time: outcome.StoppedAt},
		ExecutionAborted: &asl.FailureDetails{Error: outcome.Error, Cause: outcome.Cause},
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	for _, e := range append(events, last) {
		if err := encoder.Encode(e); err != nil {
			return outcome, err
		}
	}
	path := s.path(arn) + historySuffix
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return outcome, err
	}
	return outcome, os.WriteFile(path, body.Bytes(), 0o644)
}

// ending reads an execution's outcome from its last event.
func ending(last asl.Event) (asl.Outcome, bool) {
	outcome := asl.Outcome{StoppedAt: last.Timestamp.Time}
	failure := &asl.FailureDetails{}
	switch {
	case last.ExecutionSucceeded != nil:
		outcome.Status, outcome.Output = asl.Succeeded, json.RawMessage(last.ExecutionSucceeded.Output)
	case last.ExecutionFailed != nil:
		outcome.Status, failure = asl.Failed, last.ExecutionFailed
	case last.ExecutionTimedOut != nil:
		outcome.Status, failure = asl.TimedOut, last.ExecutionTimedOut
	case last.ExecutionAborted != nil:
		outcome.Status, failure = asl.Aborted, last.ExecutionAborted
	default:
		return outcome, false
	}
	outcome.Error, outcome.Cause = failure.Error, failure.Cause
	return outcome, true
}

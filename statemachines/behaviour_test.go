package statemachines_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/shared/names"
)

const (
	validation = `{"workspace_id":"w","connection_id":"c","validation_id":"v"}`
	oneRun     = `{"workspace_id":"w","import_id":"i","run_id":"r"}`
	tick       = `{"scheduled_time":"2026-01-02T03:00:00Z"}`
)

// expectation is what a run of a machine must come to.
type expectation struct {
	calls   []string // nil: any
	settled []string // kind and error
	failure string   // error of the execution; it succeeds without one
}

func (w *world) check(t *testing.T, outcome asl.Outcome, want expectation) {
	t.Helper()
	status := asl.Succeeded
	if want.failure != "" {
		status = asl.Failed
	}
	if outcome.Status != status || outcome.Error != want.failure {
		t.Errorf("ended %s with %s: %s; want %s with %q", outcome.Status, outcome.Error, outcome.Cause, status, want.failure)
	}
	if diff := cmp.Diff(want.calls, w.calls); want.calls != nil && diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.settled, w.settled); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}
}

func TestValidateConnection(t *testing.T) {
	passed, bad := always(map[string]any{"passed": true}), always(map[string]any{"passed": false})
	done, settled := always(map[string]any{"done": true}), always(map[string]any{"settled": 1})
	some := always(map[string]any{"done": false})
	const again = 5 // the first attempt and four more
	for name, c := range map[string]struct {
		check, discover, settle answer
		want                    expectation
	}{
		"good connection": {passed, done, settled, expectation{
			[]string{"check", "discover", "settle"}, []string{"validation"}, "",
		}},
		"bad credential": {bad, done, settled, expectation{
			[]string{"check", "settle"}, []string{"validation"}, "",
		}},
		"check cannot be carried out": {failing(forever, "internal", passed), done, settled, expectation{
			[]string{"check", "settle"}, []string{"validation: internal"}, "internal",
		}},
		"discovery cannot be carried out": {passed, failing(forever, "source.permission_denied", done), settled, expectation{
			[]string{"check", "discover", "settle"}, []string{"validation: source.permission_denied"}, "source.permission_denied",
		}},
		"the source hiccups": {failing(2, "source.unavailable", passed), failing(1, "Runtime.ExitError", done), settled, expectation{
			[]string{"check", "check", "check", "discover", "discover", "settle"}, []string{"validation"}, "",
		}},
		"the source stays away": {failing(forever, "source.unavailable", passed), done, settled, expectation{
			append(slices.Repeat([]string{"check"}, again), "settle"), []string{"validation: source.unavailable"}, "source.unavailable",
		}},
		"a failure cannot be settled": {failing(forever, "internal", passed), done, failing(forever, "caller.forbidden", settled), expectation{
			[]string{"check", "settle"}, []string{"validation: internal"}, "internal",
		}},
		"a good end cannot be settled": {passed, done, failing(forever, "caller.forbidden", settled), expectation{
			[]string{"check", "discover", "settle"}, []string{"validation"}, "caller.forbidden",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{script: map[string]answer{"check": c.check, "discover": c.discover, "settle": c.settle}}
			outcome, _ := w.run(t, names.ValidateConnection, validation)
			w.check(t, outcome, c.want)
			if len(w.started) > 0 {
				t.Errorf("started %v", w.started)
			}
		})
	}
	for name, c := range map[string]struct {
		refuse  string
		settled []string
		failure string
	}{
		"large schema":                   {"", []string{"validation"}, ""},
		"large schema, started already":  {"ExecutionAlreadyExists", []string{"validation"}, ""},
		"large schema that cannot go on": {"StateMachineDeleting", []string{"validation", "validation: Sfn.StateMachineDeletingException"}, "Sfn.StateMachineDeletingException"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{script: map[string]answer{"check": passed, "discover": some, "settle": settled}, refuse: map[string]string{}}
			if c.refuse != "" {
				w.refuse["v"] = c.refuse
			}
			outcome, _ := w.run(t, names.ValidateConnection, validation)
			w.check(t, outcome, expectation{settled: c.settled, failure: c.failure})
			if want := "v " + validation; c.refuse == "" && !slices.Equal(w.started, []string{want}) {
				t.Errorf("started %v, want %s", w.started, want)
			}
		})
	}
}

func TestRefreshSchema(t *testing.T) {
	settled := always(map[string]any{"settled": 1})
	for name, c := range map[string]struct {
		discover answer
		want     expectation
	}{
		"in three calls": {
			func(n int, _ map[string]any) (any, error) { return map[string]any{"done": n == 2}, nil },
			expectation{[]string{"discover", "discover", "discover", "settle"}, []string{"validation"}, ""},
		},
		"refused": {
			failing(forever, "source.permission_denied", nil),
			expectation{[]string{"discover", "settle"}, []string{"validation: source.permission_denied"}, "source.permission_denied"},
		},
		"the source hiccups": {
			failing(2, "source.unavailable", always(map[string]any{"done": true})),
			expectation{[]string{"discover", "discover", "discover", "settle"}, []string{"validation"}, ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{script: map[string]answer{"discover": c.discover, "settle": settled}}
			outcome, _ := w.run(t, names.RefreshSchema, validation)
			w.check(t, outcome, c.want)
		})
	}
}

func TestRunImport(t *testing.T) {
	settled, committed := always(map[string]any{"settled": 1}), always(map[string]any{"snapshot_id": "7", "held": false})
	done := always(map[string]any{"done": true})
	for name, c := range map[string]struct {
		splits                int
		plan, extract, commit answer
		extracts              int
		neverCommits          bool
		settled               []string
		failure               string
	}{
		"three splits":    {splits: 3, extract: done, extracts: 3, settled: []string{"run"}},
		"nothing to read": {splits: 0, extract: done, settled: []string{"run"}},
		"a split needs three passes": {
			splits: 1, extract: func(n int, _ map[string]any) (any, error) { return map[string]any{"done": n == 2}, nil },
			extracts: 3, settled: []string{"run"},
		},
		"a worker dies": {splits: 2, extract: failing(1, "Runtime.ExitError", done), extracts: 3, settled: []string{"run"}},
		"a split fails for good": {
			splits: 1, extract: failing(forever, "source.malformed", done), extracts: 1, neverCommits: true,
			// First with its own error, then with what the map makes of it, which finds the run ended.
			settled: []string{"run: source.malformed", "run: States.ExceedToleratedFailureThreshold"},
			failure: "States.ExceedToleratedFailureThreshold",
		},
		"planning fails": {
			plan: failing(forever, "run.schema_changed", nil), extract: done, neverCommits: true,
			settled: []string{"run: run.schema_changed"}, failure: "run.schema_changed",
		},
		"a guard holds it":        {splits: 1, extract: done, extracts: 1, commit: always(map[string]any{"snapshot_id": "", "held": true})},
		"the commit loses a race": {splits: 1, extract: done, extracts: 1, commit: failing(1, "lake.conflict", committed), settled: []string{"run"}},
		"the commit fails": {
			splits: 1, extract: done, extracts: 1, commit: failing(forever, "lake.incompatible_schema", committed),
			settled: []string{"run: lake.incompatible_schema"}, failure: "lake.incompatible_schema",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.plan == nil {
				c.plan = always(map[string]any{"bucket": "lake", "key": "runs/w/r/splits.jsonl", "splits": c.splits})
			}
			if c.commit == nil {
				c.commit = committed
			}
			w := &world{script: map[string]answer{"plan": c.plan, "extract": c.extract, "commit": c.commit, "settle": settled}}
			w.objects = objectsWith(t, "lake", "runs/w/r/splits.jsonl", c.splits,
				`{"workspace_id":"w","import_id":"i","run_id":"r","split":%d,"execution":"night-1"}`)
			outcome, journal := w.runOn(t, names.RunImport, oneRun)
			w.check(t, outcome, expectation{settled: c.settled, failure: c.failure})
			if got := w.count("extract"); got != c.extracts {
				t.Errorf("extract was called %d times, want %d", got, c.extracts)
			}
			if got := w.count("commit"); (got == 0) != c.neverCommits {
				t.Errorf("commit was called %d times", got)
			}
			if runs := journal.MapRuns(); c.failure == "" && c.splits > 0 && (len(runs) != 1 || runs[0].Total != c.splits) {
				t.Errorf("the map ran %d times", len(runs))
			}
		})
	}
}

// TestSettleLearnsWhatFailed holds what settle is told of a failure: the ids,
// and the error as Catch saw it.
func TestSettleLearnsWhatFailed(t *testing.T) {
	const caught = `"error":{"Cause":"{\"errorType\":\"internal\",\"errorMessage\":\"no luck\"}","Error":"internal"}`
	for machine, c := range map[string]struct{ input, settled string }{
		names.ValidateConnection: {validation, `{"connection_id":"c",` + caught + `,"kind":"validation","validation_id":"v","workspace_id":"w"}`},
		names.RunImport:          {oneRun, `{` + caught + `,"execution":"night-1","import_id":"i","kind":"run","run_id":"r","workspace_id":"w"}`},
	} {
		var told string
		w := &world{script: map[string]answer{
			"check": failing(forever, "internal", nil), "plan": failing(forever, "internal", nil),
			"settle": func(_ int, payload map[string]any) (any, error) {
				told = canonical(payload)
				return map[string]any{"settled": 1}, nil
			},
		}}
		w.run(t, machine, c.input)
		if diff := cmp.Diff(c.settled, told); diff != "" {
			t.Errorf("%s told settle (-want +got):\n%s", machine, diff)
		}
	}
}

// TestExtractSeesOneSplit holds what the map hands to a worker.
func TestExtractSeesOneSplit(t *testing.T) {
	var payloads []string
	w := &world{script: map[string]answer{
		"plan": always(map[string]any{"bucket": "lake", "key": "splits.jsonl", "splits": 1}),
		"extract": func(n int, payload map[string]any) (any, error) {
			payloads = append(payloads, canonical(payload))
			return map[string]any{"done": n == 1}, nil
		},
		"commit": always(map[string]any{"snapshot_id": "", "held": false}),
		"settle": always(map[string]any{"settled": 1}),
	}}
	w.objects = objectsWith(t, "lake", "splits.jsonl", 1, `{"workspace_id":"w","import_id":"i","run_id":"r","split":%d,"execution":"night-1"}`)
	w.runOn(t, names.RunImport, oneRun)
	const split = `{"import_id":"i","run_id":"r","split":0,"workspace_id":"w"}`
	if diff := cmp.Diff([]string{split, split}, payloads); diff != "" {
		t.Errorf("payloads (-want +got):\n%s", diff)
	}
}

// TestASplitsFailureIsItsExecutions holds that a worker that fails late ends no other attempt of its run.
func TestASplitsFailureIsItsExecutions(t *testing.T) {
	var executions []any
	w := &world{script: map[string]answer{
		"plan":    always(map[string]any{"bucket": "lake", "key": "splits.jsonl", "splits": 1}),
		"extract": failing(forever, "source.malformed", nil),
		"settle": func(_ int, payload map[string]any) (any, error) {
			executions = append(executions, payload["execution"])
			return map[string]any{"settled": 1}, nil
		},
	}}
	w.objects = objectsWith(t, "lake", "splits.jsonl", 1, `{"workspace_id":"w","import_id":"i","run_id":"r","split":%d,"execution":"night-1"}`)
	w.runOn(t, names.RunImport, oneRun)
	if diff := cmp.Diff([]any{"night-1", "night-1"}, executions); diff != "" {
		t.Errorf("executions that settle was told (-want +got):\n%s", diff)
	}
}

func TestDispatchImports(t *testing.T) {
	due := func(n int, _ map[string]any) (any, error) {
		runs := []map[string]string{{"workspace_id": "w", "import_id": "i", "run_id": fmt.Sprintf("r%d", n), "execution": fmt.Sprintf("r%d-1", n)}}
		return map[string]any{"runs": runs, "more": n < 2}, nil
	}
	nothing := always(map[string]any{"runs": []any{}, "more": false})
	start := func(n int) string {
		return fmt.Sprintf(`r%d-1 {"workspace_id":"w","import_id":"i","run_id":"r%d"}`, n, n)
	}
	all := []string{start(0), start(1), start(2)}
	for name, c := range map[string]struct {
		sweep, claim answer
		refuse       map[string]string
		started      []string
		failure      string
	}{
		"nothing is due":            {claim: nothing},
		"three pages":               {claim: due, started: all},
		"the sweep fails":           {sweep: failing(forever, "internal", nil), claim: due, started: all},
		"one had been started":      {claim: due, refuse: map[string]string{"r1-1": "ExecutionAlreadyExists"}, started: []string{start(0), start(2)}},
		"one cannot be started":     {claim: due, refuse: map[string]string{"r1-1": "StateMachineDoesNotExist"}, started: []string{start(0), start(2)}, failure: "dispatch.runs_not_started"},
		"claiming fails":            {claim: failing(forever, "internal", nil), failure: "internal"},
		"claiming fails for a time": {claim: failing(1, "internal.throttled", nothing)},
	} {
		t.Run(name, func(t *testing.T) {
			if c.sweep == nil {
				c.sweep = always(map[string]any{"settled": 0})
			}
			w := &world{script: map[string]answer{"settle": c.sweep, "claim": c.claim}, refuse: c.refuse}
			outcome, _ := w.run(t, names.DispatchImports, tick)
			w.check(t, outcome, expectation{settled: []string{"sweep"}, failure: c.failure})
			if diff := cmp.Diff(c.started, w.started); diff != "" {
				t.Errorf("started (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDailyUpkeep(t *testing.T) {
	all := make([]string, 20)
	for n := range all {
		all[n] = fmt.Sprintf(`v%d {"workspace_id":"w","connection_id":"c","validation_id":"v%d"}`, n, n)
	}
	for name, c := range map[string]struct {
		connections int
		refuse      map[string]string
		started     int
		failure     string
	}{
		"no connections":        {0, nil, 0, ""},
		"twenty connections":    {20, nil, 20, ""},
		"one had been started":  {20, map[string]string{"v3": "ExecutionAlreadyExists"}, 19, ""},
		"one cannot be started": {20, map[string]string{"v3": "InvalidName"}, 19, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var asked string
			w := &world{refuse: c.refuse, script: map[string]answer{"roster": func(_ int, payload map[string]any) (any, error) {
				asked = canonical(payload)
				return map[string]any{"bucket": "lake", "key": "upkeep/night-1.jsonl", "count": c.connections}, nil
			}}}
			w.objects = objectsWith(t, "lake", "upkeep/night-1.jsonl", c.connections,
				`{"workspace_id":"w","connection_id":"c","validation_id":"v%d"}`)
			outcome, _ := w.runOn(t, names.DailyUpkeep, tick)
			w.check(t, outcome, expectation{failure: c.failure})
			if want := `{"scheduled_time":"2026-01-02T03:00:00Z","upkeep_id":"night-1"}`; asked != want {
				t.Errorf("roster got %s, want %s", asked, want)
			}
			if len(w.started) != c.started {
				t.Errorf("%d validations started, want %d", len(w.started), c.started)
			}
			for _, s := range w.started {
				if !slices.Contains(all, s) {
					t.Errorf("started %s", s)
				}
			}
		})
	}
	t.Run("a fifth cannot be started", func(t *testing.T) {
		w := &world{
			refuse: map[string]string{"v0": "InvalidName", "v1": "InvalidName", "v2": "InvalidName", "v3": "InvalidName"},
			script: map[string]answer{"roster": always(map[string]any{"bucket": "lake", "key": "upkeep/night-1.jsonl", "count": 20})},
		}
		w.objects = objectsWith(t, "lake", "upkeep/night-1.jsonl", 20, `{"workspace_id":"w","connection_id":"c","validation_id":"v%d"}`)
		outcome, _ := w.runOn(t, names.DailyUpkeep, tick)
		w.check(t, outcome, expectation{failure: "States.ExceedToleratedFailureThreshold"})
	})
}

func TestMaintainLake(t *testing.T) {
	done := func(calls int) answer {
		return func(n int, _ map[string]any) (any, error) { return map[string]any{"done": n >= calls-1}, nil }
	}
	for name, c := range map[string]struct {
		tables  int
		answers map[string]answer // by table
		passes  map[string]int
		failure string
	}{
		"no tables":         {0, nil, map[string]int{}, ""},
		"nothing to do":     {2, map[string]answer{"t0": done(1), "t1": done(1)}, map[string]int{"t0": 1, "t1": 1}, ""},
		"more than a pass":  {2, map[string]answer{"t0": done(3), "t1": done(1)}, map[string]int{"t0": 3, "t1": 1}, ""},
		"never at an end":   {1, map[string]answer{"t0": done(1000)}, map[string]int{"t0": 20}, ""},
		"one fails for now": {1, map[string]answer{"t0": failing(2, "internal.unavailable", done(1))}, map[string]int{"t0": 3}, ""},
		"one fails for good": {
			3,
			map[string]answer{"t0": done(1), "t1": failing(forever, "internal", nil), "t2": done(2)},
			map[string]int{"t0": 1, "t1": 1, "t2": 2},
			"maintain.tables_failed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			passes := map[string]int{}
			w := &world{script: map[string]answer{"maintain": func(_ int, payload map[string]any) (any, error) {
				if payload["kind"] == "list" {
					if payload["upkeep_id"] != "night-1" {
						t.Errorf("asked to list %v", payload)
					}
					return map[string]any{"bucket": "lake", "key": "upkeep/night-1.jsonl", "count": c.tables}, nil
				}
				mu.Lock()
				defer mu.Unlock()
				table := fmt.Sprint(payload["table"])
				passes[table]++
				return c.answers[table](passes[table]-1, payload)
			}}}
			w.objects = objectsWith(t, "lake", "upkeep/night-1.jsonl", c.tables, `{"namespace":"ws_a","table":"t%d"}`)
			outcome, _ := w.runOn(t, names.MaintainLake, tick)
			w.check(t, outcome, expectation{failure: c.failure})
			if diff := cmp.Diff(c.passes, passes); diff != "" {
				t.Errorf("passes (-want +got):\n%s", diff)
			}
		})
	}
}

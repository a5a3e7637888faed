package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/memsource"
)

const token = `canary/"9f+8e=`

// driver is a memory source whose calls fail as told.
func driver(fail func(call string) error) *memsource.Driver {
	return &memsource.Driver{
		Datasets: map[string][]memsource.Table{"crm": {{
			Table: schema.Table{Name: "numbers", Columns: []schema.Column{{Name: "n", Type: schema.Int64, Native: "int64"}}},
			Rows:  `[{"n":0},{"n":1},{"n":2},{"n":3},{"n":4},{"n":5},{"n":6},{"n":7},{"n":8},{"n":9}]`,
		}}},
		Tokens: map[string]memsource.Rights{token: {List: true, Read: true}},
		Fail:   fail,
	}
}

func open(t *testing.T, d source.Driver) *source.Source {
	t.Helper()
	s, err := source.NewRegistry(d).Open(t.Context(), d.Spec().Platform, source.Config{
		Settings:   map[string]any{"dataset": "crm"},
		Credential: source.Credential{Method: "token", Fields: map[string]source.Secret{"token": token}},
	})
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

// failing fails the calls whose number is in at, counted from 1 over one kind of call.
func failing(kind string, err error, at ...int64) (func(string) error, *atomic.Int64) {
	var calls atomic.Int64
	return func(call string) error {
		if call != kind {
			return nil
		}
		n := calls.Add(1)
		if slices.Contains(at, n) {
			return err
		}
		return nil
	}, &calls
}

var transient = fault.New(fault.SourceUnavailable, "not now")

func TestOnlyTransientFailuresAreRetried(t *testing.T) {
	defer goleak.VerifyNone(t)
	for name, tt := range map[string]struct {
		err   error
		fails []int64
		calls int64
		code  fault.Code
	}{
		"twice unavailable":     {transient, []int64{1, 2}, 3, ""},
		"always unavailable":    {transient, []int64{1, 2, 3, 4, 5}, 4, fault.SourceUnavailable},
		"rate limited":          {fault.New(fault.SourceRateLimited, ""), []int64{1}, 2, ""},
		"denied":                {fault.New(fault.SourcePermission, ""), []int64{1}, 1, fault.SourcePermission},
		"not found":             {fault.New(fault.SourceNotFound, ""), []int64{1}, 1, fault.SourceNotFound},
		"not understood":        {errors.New("what?"), []int64{1}, 1, fault.Internal},
		"too slow":              {context.DeadlineExceeded, []int64{1}, 2, ""},
		"an EOF is no end here": {io.EOF, []int64{1}, 1, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			fail, calls := failing("discover", tt.err, tt.fails...)
			_, err := open(t, driver(fail)).Discover(t.Context(), "")
			if got := fault.CodeOf(err); got != tt.code {
				t.Errorf("code %q, want %q", got, tt.code)
			}
			if calls.Load() != tt.calls {
				t.Errorf("%d calls, want %d", calls.Load(), tt.calls)
			}
		})
	}
}

func TestReadGoesOnAfterTransientFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		kind  string
		err   error
		fails []int64
		code  fault.Code
	}{
		"between batches":           {"next", transient, []int64{2, 4}, ""},
		"at the first batch":        {"next", transient, []int64{1}, ""},
		"while reopening":           {"read", transient, []int64{1}, ""},
		"a broken connection":       {"next", fmt.Errorf("reading: %w", io.EOF), []int64{2}, fault.Internal},
		"a changed source":          {"next", fault.New(fault.SourceChanged, ""), []int64{2}, fault.SourceChanged},
		"a failure that stays long": {"next", transient, []int64{2, 3, 4, 5}, fault.SourceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			fail, _ := failing(tt.kind, tt.err, tt.fails...)
			s := open(t, driver(fail))
			plan, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "numbers"}})
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			r, err := s.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: plan.Splits[0]})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}()
			for {
				var b source.Batch
				if b, err = r.Next(t.Context()); err != nil {
					break
				}
				for i := range int(b.Record.NumRows()) {
					rows = append(rows, b.Record.Column(0).ValueStr(i))
				}
				b.Release()
			}
			if tt.code != "" {
				if fault.CodeOf(err) != tt.code {
					t.Errorf("got %v, want %s", err, tt.code)
				}
				return
			}
			if err != io.EOF { //nolint:errorlint // only a bare EOF ends a read
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split("0123456789", ""), rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	for name, text := range map[string]string{
		"as it is":      token,
		"in a query":    url.QueryEscape(token),
		"in a path":     url.PathEscape(token),
		"in JSON":       `canary/\"9f+8e=`,
		"in Basic auth": "Y2FuYXJ5LyI5Zis4ZT0=",
	} {
		for kind, err := range map[string]error{
			"unclassified": errors.New("GET /?token=" + text + "&x failed"),
			"coded":        fault.Wrap(fault.SourcePermission, "denied "+text, errors.New("cause "+text)),
			"cancelled":    fmt.Errorf("%s: %w", text, context.Canceled),
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				fail, _ := failing("discover", err, 1)
				_, got := open(t, driver(fail)).Discover(t.Context(), "")
				if got == nil {
					t.Fatal("no error")
				}
				for e := got; e != nil; e = errors.Unwrap(e) {
					if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), text) {
						t.Errorf("a secret is left: %v", e)
					}
				}
				if kind == "coded" && fault.CodeOf(got) != fault.SourcePermission {
					t.Errorf("the code is lost: %v", got)
				}
				if kind == "cancelled" && !errors.Is(got, context.Canceled) {
					t.Errorf("the cancellation is lost: %v", got)
				}
			})
		}
	}
}

func TestRegistry(t *testing.T) {
	r := source.NewRegistry(driver(nil))
	if _, err := r.Spec("memroy"); fault.CodeOf(err) != fault.PlatformUnknown || !strings.Contains(err.Error(), "memory") {
		t.Errorf("unknown platform: %v", err)
	}
	if _, err := r.Open(t.Context(), "memroy", source.Config{}); fault.CodeOf(err) != fault.PlatformUnknown {
		t.Errorf("opening an unknown platform: %v", err)
	}
	if specs := r.Specs(); len(specs) != 1 || specs[0].Platform != "memory" {
		t.Errorf("specs: %v", specs)
	}
	defer func() {
		if recover() == nil {
			t.Error("two drivers of one platform are accepted")
		}
	}()
	source.NewRegistry(driver(nil), driver(nil))
}

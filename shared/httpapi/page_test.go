package httpapi_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
)

func TestLimit(t *testing.T) {
	at := func(n int32) *int32 { return &n }
	for _, test := range []struct {
		asked *int32
		want  int
		ok    bool
	}{{nil, 50, true}, {at(1), 1, true}, {at(200), 200, true}, {at(0), 0, false}, {at(201), 0, false}, {at(-1), 0, false}} {
		got, err := httpapi.Limit(test.asked)
		if got != test.want || (err == nil) != test.ok {
			t.Errorf("Limit(%v) = %d, %v", test.asked, got, err)
		}
	}
}

var runs = httpapi.List{Kind: "runs", Workspace: "acme", Of: "imp_1"}

func TestCursorIsGoodForItsListOnly(t *testing.T) {
	cursor := runs.Cursor("run_7")
	if got, err := runs.After(cursor); got != "run_7" || err != nil {
		t.Errorf("After = %q, %v", got, err)
	}
	if got, err := runs.After(""); got != "" || err != nil {
		t.Errorf("After of nothing = %q, %v", got, err)
	}
	for name, list := range map[string]httpapi.List{
		"kind":      {Kind: "splits", Workspace: "acme", Of: "imp_1"},
		"workspace": {Kind: "runs", Workspace: "other", Of: "imp_1"},
		"owner":     {Kind: "runs", Workspace: "acme", Of: "imp_2"},
	} {
		if got, err := list.After(cursor); fault.CodeOf(err) != fault.InvalidCursor || got != "" {
			t.Errorf("another %s: %q, %v", name, got, err)
		}
	}
}

func TestCursorThatNobodyGave(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	for name, cursor := range map[string]string{
		"garbage":       "!!!",
		"not JSON":      encode([]byte("hello")),
		"unknown field": encode([]byte(`{"k":"runs","w":"acme","o":"imp_1","a":"x","b":1}`)),
		"no position":   encode([]byte(`{"k":"runs","w":"acme","o":"imp_1","a":""}`)),
		"missing field": encode([]byte(`{"k":"runs","w":"acme","o":"imp_1"}`)),
		"padded":        runs.Cursor("run_7") + "=",
		"trailing":      encode([]byte(`{"k":"runs","w":"acme","o":"imp_1","a":"x"}{}`)),
		"long":          strings.Repeat("A", 5000),
	} {
		if got, err := runs.After(cursor); fault.CodeOf(err) != fault.InvalidCursor || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestPage(t *testing.T) {
	name := func(s string) string { return s }
	for _, test := range []struct {
		read, want []string
		more       bool
	}{
		{nil, nil, false},
		{[]string{"a"}, []string{"a"}, false},
		{[]string{"a", "b"}, []string{"a", "b"}, false},
		{[]string{"a", "b", "c"}, []string{"a", "b"}, true},
	} {
		got, next := httpapi.Page(runs, test.read, 2, name)
		if diff := cmp.Diff(test.want, got); diff != "" || (next != "") != test.more {
			t.Errorf("Page(%v): next %q (-want +got):\n%s", test.read, next, diff)
		}
		if test.more {
			if after, err := runs.After(next); after != "b" || err != nil {
				t.Errorf("next goes on after %q, %v", after, err)
			}
		}
	}
}

func TestFit(t *testing.T) {
	columns := func(n int) int { return n }
	for _, test := range []struct {
		items []int
		want  int
	}{
		{nil, 3},
		{[]int{1, 1, 1, 1}, 3},
		{[]int{20_000, 1}, 1},
		{[]int{10_000, 10_000, 1}, 2},
		{[]int{1_000_000, 1}, 1},
		{[]int{1, 1, 1, 1_000_000}, 3},
	} {
		if got := httpapi.Fit(test.items, 3, columns); got != test.want {
			t.Errorf("Fit(%v) = %d, want %d", test.items, got, test.want)
		}
	}
}

// Whatever a cursor says, it is either one of this list, or refused.
func FuzzCursor(f *testing.F) {
	f.Add(runs.Cursor("run_7"))
	f.Add("")
	f.Add("eyJrIjoicnVucyJ9")
	f.Fuzz(func(t *testing.T, text string) {
		after, err := runs.After(text)
		switch {
		case err != nil && (fault.CodeOf(err) != fault.InvalidCursor || after != ""):
			t.Errorf("%q, %v", after, err)
		case err == nil && text != "" && after == "":
			t.Error("a cursor without a position was taken")
		case err == nil && text != "":
			if again, err := runs.After(runs.Cursor(after)); again != after || err != nil {
				t.Errorf("%q does not come back: %q, %v", after, again, err)
			}
		}
	})
}

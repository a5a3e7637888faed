package asl_test

import (
	"encoding/json"
	"regexp"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// TestStepFunctionsFunctions: what Step Functions adds to JSONata.
func TestStepFunctionsFunctions(t *testing.T) {
	b := newBench(t, nil)
	for expression, want := range map[string]string{
		`$partition([1,2,3,4,5], 2)`:               `[[1,2],[3,4],[5]]`,
		`$range(0, 10, 4)`:                         `[0,4,8]`,
		`$range(1, 9, 9)`:                          `1`,
		`[$range(1, 9, 9)]`:                        `[1]`,
		`$partition([0], 5)`:                       `[[0]]`,
		`$parse('-0')`:                             `0`,
		`$range(3, 1, -1)`:                         `[3,2,1]`,
		`$parse('{\"a\": [1, null]}')`:             `{"a":[1,null]}`,
		`$hash('input data', 'MD5')`:               `"812f45842bc6d66ee14572ce20db8e86"`,
		`$hash('input data', 'SHA-1')`:             `"aaff4a450a104cd177d28d18d74485e8cae074b7"`,
		`$hash('', 'SHA-256')`:                     `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`,
		`$length($hash('a', 'SHA-384'))`:           `96`,
		`$length($hash('a', 'SHA-512'))`:           `128`,
		`$random(7) = $random(7)`:                  `true`,
		`$random() >= 0 and $random() < 1`:         `true`,
		`$uuid() != $uuid()`:                       `true`,
		`$string({'a': 1})`:                        `"{\"a\":1}"`,
		`$map([1, 2], function($v) {$v * 10})`:     `[10,20]`,
		`$states.input.list[n > 1].n`:              `[2,3]`,
		`$states.input.one[n = 1]`:                 `{"n":1}`,
		`$merge([{'a': 1}, $states.input.one[0]])`: `{"a":1,"n":1}`,
	} {
		got := b.run(t.Context(), parse(t, machine(`"A":{"Type":"Succeed","Output":"{% `+expression+` %}"}`)),
			`{"list":[{"n":1},{"n":2},{"n":3}],"one":[{"n":1}]}`)
		if got.Status != asl.Succeeded || string(got.Output) != want {
			t.Errorf("%s is %s (%s), want %s", expression, got.Output, got.Cause, want)
		}
	}
	got := b.run(t.Context(), parse(t, machine(`"A":{"Type":"Succeed","Output":"{% $uuid() %}"}`)), `{}`)
	if !regexp.MustCompile(`^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$`).Match(got.Output) {
		t.Errorf("$uuid() gave %s", got.Output)
	}
	for expression, cause := range map[string]string{
		`$hash('a', 'CRC')`:    "$hash knows MD5",
		`$partition([1], 0)`:   "chunk size must be a positive integer",
		`$range(2, 1, 1)`:      "returned nothing (undefined)",
		`$range(1, 2, 0)`:      "must not be zero",
		`$range(0, 5000, 1)`:   "must not exceed 1000 elements",
		`$parse('{')`:          "threw an error during evaluation",
		`$partition('a', 'b')`: "threw an error during evaluation. T0410",
	} {
		got := b.run(t.Context(), parse(t, machine(`"A":{"Type":"Succeed","Output":"{% `+expression+` %}"}`)), `{}`)
		wantFailure(t, got, asl.ErrQueryEvaluation, cause)
	}
}

// TestExpressionsAreIndependent: evaluations at the same time, and one after the other in the same runtime, share nothing.
func TestExpressionsAreIndependent(t *testing.T) {
	js := library(t)
	m := parse(t, machine(`"A":{"Type":"Pass","Assign":{"v":"{% ($x := $states.input.n; $x * 2) %}"},"Next":"B"},"B":{"Type":"Pass","Output":["{% $v %}","{% $exists($x) %}"],"End":true}`))
	if err := m.Check(js); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			b := newBench(t, nil)
			b.JSONata = js
			input, _ := json.Marshal(map[string]int{"n": n})
			want, _ := json.Marshal([]any{n * 2, false})
			wantOutput(t, b.run(t.Context(), m, string(input)), string(want))
		})
	}
	all.Wait()
}

func TestLoadJSONataNamesWhatIsWrong(t *testing.T) {
	if _, err := asl.LoadJSONata("testdata/nothing.js"); err == nil {
		t.Error("a missing library was loaded")
	}
}

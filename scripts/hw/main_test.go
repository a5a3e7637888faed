package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestWhatCannotBeDoneIsSaidOnce(t *testing.T) {
	nothing := func(string) (string, bool) { return "", false }
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no workspace":    {[]string{"verify"}, "workspace"},
		"no such verb":    {[]string{"verfy"}, "verfy"},
		"no such flag":    {[]string{"verify", "--deep"}, "deep"},
		"no environment":  {[]string{"verify", "-w", "acme", "--table", "t"}, "HEADWATER_BUCKET is not set"},
		"another catalog": {[]string{"verify", "-w", "acme", "--table", "t", "--bucket", "b", "--catalog", "hive"}, "must be glue or sql"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), test.args, nothing, &stdout, &stderr)
		if code != failed || strings.Count(stderr.String(), test.says) != 1 || stdout.Len() > 0 {
			t.Errorf("%s: code %d, %q, want %d and %q once; printed %q", name, code, &stderr, failed, test.says, &stdout)
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"verify", "--help"}, func(string) (string, bool) { return "", false }, &stdout, &stderr)
	if code != fits || !strings.Contains(stdout.String(), "It only reads.") || stderr.Len() > 0 {
		t.Errorf("code %d:\n%s%s", code, &stdout, &stderr)
	}
}

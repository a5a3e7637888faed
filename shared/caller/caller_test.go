package caller_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/caller"
)

func TestNewKey(t *testing.T) {
	text, hash := caller.NewKey()
	other, otherHash := caller.NewKey()
	if text == other || hash == otherHash {
		t.Error("two keys are the same")
	}
	if len(text) != 47 || !strings.HasPrefix(text, "hwk_") {
		t.Errorf("key has %d characters, want hwk_ and 43", len(text))
	}
	if !caller.IsKey(text) {
		t.Error("IsKey does not know a fresh key")
	}
	if hash != caller.Hash(text) {
		t.Error("NewKey's hash is not Hash of its text")
	}
}

func TestHash(t *testing.T) {
	// printf 'hwk_example' | sha256sum
	const want = "eee19472897e7c55fc9d74a6a073c8c2603362b6dfbaebfeda45d690a61b8351"
	if got := caller.Hash("hwk_example"); got != want {
		t.Errorf("Hash = %s, want %s", got, want)
	}
}

func TestIsKey(t *testing.T) {
	text, _ := caller.NewKey()
	for _, bad := range []string{"", "hwk_", text[:46], text + "A", "xxx_" + text[4:], text[:46] + "=", text[:46] + "/", text + "\n", "eyJhbGciOi.e30.x"} {
		if caller.IsKey(bad) {
			t.Errorf("IsKey(%q) = true", bad)
		}
	}
}

func TestExpired(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		expires time.Time
		want    bool
	}{
		"never":  {time.Time{}, false},
		"later":  {now.Add(time.Millisecond), false},
		"now":    {now, true},
		"before": {now.Add(-time.Hour), true},
	} {
		if got := (caller.Key{ExpiresAt: test.expires}).Expired(now); got != test.want {
			t.Errorf("%s: Expired = %t, want %t", name, got, test.want)
		}
	}
}

func TestMay(t *testing.T) {
	c := caller.Key{WorkspaceID: "w", Subject: "s", Permissions: []caller.Permission{caller.ImportsRead}}.Caller()
	if !c.May(caller.ImportsRead) || c.May(caller.ImportsWrite) || c.May("imports") {
		t.Errorf("permissions %v let the wrong operations through", c.Permissions)
	}
}

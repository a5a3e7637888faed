package e2e_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/caller"
)

// record keeps what is written to it.
type record struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (r *record) add(h http.Header, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = h.Write(&r.all) // a bytes.Buffer takes everything
	r.all.Write(body)
}

func (r *record) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.all.Bytes())
}

// workspace is a caller in a workspace of its own.
type workspace struct {
	id  string
	key string // empty sends no Authorization
}

// newWorkspace makes a workspace and a key with the given permissions, all when there are none.
func newWorkspace(t *testing.T, permissions ...caller.Permission) workspace {
	t.Helper()
	w := workspace{id: "ws-" + strings.ToLower(rand.Text()[:10])}
	if len(permissions) == 0 {
		permissions = caller.Permissions()
	}
	return w.with(t, permissions...)
}

// with is the same workspace through another key.
func (w workspace) with(t *testing.T, permissions ...caller.Permission) workspace {
	t.Helper()
	text, hash := caller.NewKey()
	err := here.store.PutKey(t.Context(), caller.Key{
		Hash: hash, WorkspaceID: w.id, Subject: "key:e2e", Name: t.Name(), Permissions: permissions, CreatedAt: time.Now().UTC(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.key = text
	return w
}

// answer is what the API has answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request: a string as it stands, anything else but nil as JSON.
func (w workspace) send(t *testing.T, method, path string, in any) answer {
	t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, here.URLs.API+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if w.key != "" {
		req.Header.Set("Authorization", "Bearer "+w.key)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := here.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	here.answers.add(resp.Header, text)
	return answer{resp.StatusCode, resp.Header, text}
}

func (w workspace) get(t *testing.T, path string, out any) {
	t.Helper()
	w.send(t, http.MethodGet, path, nil).decode(t, out)
}

func (w workspace) post(t *testing.T, path string, in, out any) {
	t.Helper()
	w.send(t, http.MethodPost, path, in).decode(t, out)
}

func (a answer) decode(t *testing.T, out any) {
	t.Helper()
	if a.status >= 300 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

// problem is an RFC 9457 problem.
type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy"`
	Errors []struct {
		Field  string `json:"field"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"errors"`
}

// refused wants a problem with this status and code, and returns it.
func (a answer) refused(t *testing.T, status int, code string) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("status %d, not a problem: %s", a.status, a.body)
	}
	if a.status != status || p.Status != status || p.Code != code {
		t.Errorf("got %d %s, want %d %s: %s", a.status, p.Code, status, code, a.body)
	}
	return p
}

// at wants the problem to be about this field.
func (p problem) at(t *testing.T, field, code string) {
	t.Helper()
	for _, e := range p.Errors {
		if e.Field == field && e.Code == code {
			return
		}
	}
	t.Errorf("no problem %s at %s: %+v", code, field, p.Errors)
}

// patience is how long a test waits for what must happen: this machine may have much else to do.
const patience = 3 * time.Minute

// eventually waits until the answer is yes.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	await(t, what, 50*time.Millisecond, ask)
}

// soon waits until the answer is yes, and is back as soon as it is.
func soon(t *testing.T, what string, ask func() bool) {
	t.Helper()
	await(t, what, 200*time.Microsecond, ask)
}

func await(t *testing.T, what string, pause time.Duration, ask func() bool) {
	t.Helper()
	for began := time.Now(); !ask(); time.Sleep(pause) {
		if time.Since(began) > patience {
			t.Fatalf("still waiting until %s", what)
		}
	}
}

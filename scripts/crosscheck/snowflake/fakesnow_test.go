//go:build crosscheck

package snowflake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

// fakesnow starts fakesnow's server and returns where it is.
func fakesnow(t *testing.T) string {
	t.Helper()
	python := os.Getenv("HEADWATER_CROSSCHECK_PYTHON")
	if python == "" {
		t.Skip("HEADWATER_CROSSCHECK_PYTHON is not set: run make crosscheck")
	}
	program := filepath.Join(filepath.Dir(python), "fakesnow")
	if _, err := exec.LookPath(program); err != nil {
		t.Fatal(err)
	}
	addr := peer.FreeAddr(t)
	host, port, _ := strings.Cut(addr, ":")
	peer.Start(t, addr, program, "-s", "--host", host, "-p", port)
	return "http://" + addr
}

// keeper stands before fakesnow and adds what it has not: it gives the result of
// a query again when it is asked for by its id, byte for byte as fakesnow gave it,
// and has it take the statement about roles, of which it has none, for done.
type keeper struct {
	mu      sync.Mutex
	results map[string][]byte
}

func (k *keeper) serve(t *testing.T, target string) source.Endpoints {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(p *httputil.ProxyRequest) { p.SetURL(to) },
		ModifyResponse: k.keep,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, ok := strings.CutPrefix(r.URL.Path, "/queries/"); ok && strings.HasSuffix(id, "/result") {
			k.mu.Lock()
			defer k.mu.Unlock()
			_, _ = w.Write(k.results[strings.TrimSuffix(id, "/result")])
			return
		}
		if r.URL.Path == "/session/v1/login-request" {
			if err := withoutRoles(r); err != nil {
				t.Error(err)
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return func(string) string { return server.URL }
}

// withoutRoles adds to a login what fakesnow is to do nothing about.
func withoutRoles(r *http.Request) error {
	var login struct {
		Data map[string]any `json:"data"`
	}
	if err := json.NewDecoder(r.Body).Decode(&login); err != nil {
		return fmt.Errorf("reading the login: %w", err)
	}
	parameters, _ := login.Data["SESSION_PARAMETERS"].(map[string]any)
	if parameters == nil {
		parameters = map[string]any{}
	}
	parameters["nop_regexes"] = []string{"USE SECONDARY ROLES"}
	login.Data["SESSION_PARAMETERS"] = parameters
	body, err := json.Marshal(login)
	if err != nil {
		return fmt.Errorf("writing the login: %w", err)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

func (k *keeper) keep(r *http.Response) error {
	if r.Request.URL.Path != "/queries/v1/query-request" {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var answer struct {
		Data struct{ QueryID string } `json:"data"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Data.QueryID != "" {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.results[answer.Data.QueryID] = body
	}
	return nil
}

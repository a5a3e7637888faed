package snowflake_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

func TestMain(m *testing.M) {
	// The SDK looks for the cloud that it runs in, and unpacks a library; both
	// outlive the tests that they begin in.
	_ = os.Setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
	_ = os.Setenv("SF_DISABLE_MINICORE", "true")
	os.Exit(m.Run())
}

// service is a running peer.
type service struct {
	url string
}

// start starts a peer for the time of a test.
func start(t testing.TB) *service {
	t.Helper()
	path := peer.BuildProgram(t, peer.Program{Module: "snowflake", Package: "github.com/headwaterhq/headwater/scripts/peers/snowflake"})
	cmd := exec.Command(path, "--addr", "127.0.0.1:0")
	var said bytes.Buffer
	cmd.Stderr = &said
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = hold.Close() // which ends it
		_ = cmd.Wait()   // how is of no matter
		if t.Failed() {
			t.Logf("the peer said:\n%s", said.String())
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var s struct{ URL string }
	if err := json.Unmarshal(line, &s); err != nil {
		t.Fatal(err)
	}
	return &service{url: s.URL}
}

type object = map[string]any

// admin posts to the peer's own protocol.
func (s *service) admin(t testing.TB, path string, body any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.url+"/_peer/"+path, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, answer)
	}
}

// statement is an entry of the peer's journal.
type statement struct {
	ID    string `json:"query_id"`
	Class string `json:"class"`
	Text  string `json:"text"`
	Tag   string `json:"query_tag"`
}

func (s *service) journal(t testing.TB, list string) []statement {
	t.Helper()
	resp, err := http.Get(s.url + "/_peer/" + list)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var found []statement
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	return found
}

// mutations are the statements that could have changed something.
func (s *service) mutations(t testing.TB) func() []string {
	return func() []string {
		var texts []string
		for _, m := range s.journal(t, "mutations") {
			texts = append(texts, m.Text)
		}
		return texts
	}
}

// endpoints point the driver at the peer.
func (s *service) endpoints(name string) string {
	if name == source.EndpointSnowflake {
		return s.url
	}
	return ""
}

// rsaKeys are made once: that takes its time.
var rsaKeys = sync.OnceValue(func() [3]*rsa.PrivateKey {
	var keys [3]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

func privatePEM(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicPEM(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

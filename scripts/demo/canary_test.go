package demo_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/headwaterhq/headwater/scripts/demo"
)

const secret = "c4n4ry/K7MDENGbPx+RfiCYEXAMPLE"

// A search that finds nothing is worth something only if it finds what is there.
func TestLeaksFindsEveryDisguise(t *testing.T) {
	dir := t.TempDir()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte("x" + secret))
	_ = w.Close()
	files := map[string][]byte{
		"plain.log":  []byte("key=" + secret),
		"url.txt":    []byte("?s=c4n4ry%2FK7MDENGbPx%2BRfiCYEXAMPLE"),
		"base64-0":   []byte(base64.StdEncoding.EncodeToString([]byte(secret + " and more"))),
		"base64-1":   []byte(base64.StdEncoding.EncodeToString([]byte("1" + secret + " and more"))),
		"base64-2":   []byte(base64.StdEncoding.EncodeToString([]byte("22" + secret + " and more"))),
		"rows.gz":    packed.Bytes(),
		"clean.json": []byte(`{"access_key_id":"AKIA"}`),
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leaks, err := demo.Leaks(dir, []byte("answer with "+secret), secret)
	if err != nil {
		t.Fatal(err)
	}
	for i := range leaks {
		leaks[i] = filepath.Base(leaks[i])
	}
	slices.Sort(leaks)
	want := []string{"an answer of the API", "base64-0", "base64-1", "base64-2", "plain.log", "rows.gz", "url.txt"}
	if !slices.Equal(leaks, want) {
		t.Errorf("found %v, want %v", leaks, want)
	}
}

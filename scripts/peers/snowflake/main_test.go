package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// TestRun starts the program as a parent does and ends it by closing its stdin.
func TestRun(t *testing.T) {
	stdin, hold := io.Pipe()
	said, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run([]string{"--addr", "127.0.0.1:0"}, stdin, stdout, io.Discard) }()
	line, err := bufio.NewReader(said).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var announced struct{ URL string }
	if err := json.Unmarshal(line, &announced); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(announced.URL + "/_peer/settings")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	if err := hold.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it did not end with its stdin")
	}
}

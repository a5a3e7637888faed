package lake_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// order is what a process of its own is told to commit.
type order struct {
	Config lake.Config
	RunID  string
	Part   string // base64
}

const orderVariable = "HEADWATER_TEST_COMMIT_ORDER"

// Processes share the SQL catalog as Lambdas on a laptop do: each commits its
// run and everybody's, all at once.
func TestCommitFromSeveralProcesses(t *testing.T) {
	if text := os.Getenv(orderVariable); text != "" {
		obey(t, text)
		return
	}
	const processes, rows = 4, 20
	p := newPlace(t)
	l := p.open(t)
	var started []*exec.Cmd
	for i := range processes {
		runID := fmt.Sprintf("run_%d", i/2) // two processes for each run
		files := landPeople(t, l, runID, fmt.Sprintf("%s-%d", runID, i%2), rows)
		text, err := json.Marshal(order{p.config, runID, base64.StdEncoding.EncodeToString(files.Encoded)})
		if err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		command.Env = append(os.Environ(), orderVariable+"="+string(text))
		command.Stderr = os.Stderr
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		started = append(started, command)
	}
	for _, command := range started {
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	}
	// Of the two that commit one run with different files, one has won.
	if counts := identifiers(t, l); len(counts) != processes/2*rows {
		t.Errorf("%d rows, want %d", len(counts), processes/2*rows)
	}
}

func obey(t *testing.T, text string) {
	t.Helper()
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	encoded, err := base64.StdEncoding.DecodeString(o.Part)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lake.Open(t.Context(), o.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for {
		_, err := l.Commit(t.Context(), people, o.RunID, ingest.Append, parts(lake.Files{Encoded: encoded}))
		if !fault.Retryable(err) {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

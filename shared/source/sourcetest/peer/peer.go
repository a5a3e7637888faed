// Package peer builds and starts the servers of scripts/peers, for tests and
// the smoke run against something that was not written beside the code under test.
//
// Build, Run, Start and FreeAddr serve tests; Compile and Launch do the same
// for programs.
package peer

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program is a main package of one of the modules below scripts/peers.
type Program struct {
	Module  string // directory below scripts/peers; "" is scripts/peers itself
	Package string // import path
}

// Versity is versitygw, an S3 server.
func Versity() Program { return Program{Package: "github.com/versity/versitygw/cmd/versitygw"} }

// FakeGCS is fake-gcs-server, a Cloud Storage server.
func FakeGCS() Program { return Program{Package: "github.com/fsouza/fake-gcs-server"} }

// BigQueryEmulator is bigquery-emulator: BigQuery's REST API and SQL.
func BigQueryEmulator() Program {
	return Program{Module: "bigquery", Package: "github.com/goccy/bigquery-emulator/cmd/bigquery-emulator"}
}

// Snowflake is a Snowflake service, our own, with DuckDB behind it.
func Snowflake() Program {
	return Program{Module: "snowflake", Package: "github.com/headwaterhq/headwater/scripts/peers/snowflake"}
}

// Build returns the path of a tool of scripts/peers, named by its import path.
func Build(t testing.TB, tool string) string {
	t.Helper()
	return BuildProgram(t, Program{Package: tool})
}

// BuildProgram returns the path of a program, as Compile does.
func BuildProgram(t testing.TB, p Program) string {
	t.Helper()
	path, err := Compile(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Run runs a program to its end.
func Run(t testing.TB, path string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Fatalf("running %s: %v\n%s", filepath.Base(path), err, out)
	}
}

// Start starts a server and waits until it takes connections at addr. It is
// stopped at the end of the test.
func Start(t testing.TB, addr, path string, args ...string) {
	t.Helper()
	// Not the test's context: that one ends before the cleanups, which may still need the server.
	p, err := Launch(context.WithoutCancel(t.Context()), addr, path, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), p.Output())
		}
	})
}

// FreeAddr returns an address of the loopback interface that nobody listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	addr, err := Addr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

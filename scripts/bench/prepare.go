package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// build makes the programs, so that no build is measured.
func (b bench) build(ctx context.Context) error {
	for _, p := range []struct{ dir, target, name string }{
		{".", "./scripts/seed", "seed"},
		{".", "./scripts/bench/stage", "stage"},
		{".", "./scripts/bench/worker", "worker"},
		{".", "./scripts/bench/wire", "wire"},
		{".", "./scripts/bench/bigquery", "bigquery"},
		{"scripts/peers/snowflake", ".", "snowflake"},
		{"scripts/bench/duck", ".", "duck"},
	} {
		if _, err := output(ctx, "go", "build", "-C", p.dir, "-o", b.program(p.name), p.target); err != nil {
			return fmt.Errorf("building %s: %w", p.name, err)
		}
	}
	if _, err := output(ctx, "scripts/bench/polars/install.sh", b.program("polars")); err != nil {
		return fmt.Errorf("installing Polars: %w", err)
	}
	return nil
}

func (b bench) program(name string) string { return filepath.Join(b.dir, name) }

// seeded is what the seed command says of the profiles that it wrote.
type seeded struct {
	Rows int64 `json:"rows"`
	Good int64 `json:"good"`
}

// input is a task's data.
type input struct {
	seeded
	path   string
	server reach // when a warehouse serves it
}

// prepare makes a task's data, or finds it made, and has it served if it is to be. done ends that.
func (b bench) prepare(ctx context.Context, d data) (in input, done func() error, err error) {
	done = func() error { return nil }
	dir := filepath.Join(b.dir, "data", d.name(b.rows))
	note := dir + ".json"
	manifest, err := os.ReadFile(note)
	if errors.Is(err, fs.ErrNotExist) {
		manifest, err = b.seed(ctx, d, dir, note)
	}
	if err != nil {
		return in, done, err
	}
	var all struct {
		Tables []seeded `json:"tables"`
	}
	if err := json.Unmarshal(manifest, &all); err != nil || len(all.Tables) != 1 {
		return in, done, errors.Join(errors.New("the manifest does not describe one table"), err)
	}
	in = input{seeded: all.Tables[0], path: filepath.Join(dir, "profiles")}
	switch {
	case d.arrow != "":
		in.path, err = b.stage(ctx, d, in.path)
	case d.server != "":
		in.server, done, err = b.serve(ctx, d.server, in.path)
	}
	return in, done, err
}

func (b bench) seed(ctx context.Context, d data, dir, note string) ([]byte, error) {
	manifest, err := output(ctx, b.program("seed"), "-to", dir, "-rows", fmt.Sprint(b.rows), "-tables", "profiles",
		"-format", d.format, "-compression", d.compression, fmt.Sprintf("-clean=%t", !d.messy))
	if err != nil {
		return nil, fmt.Errorf("making data: %w", err)
	}
	return manifest, os.WriteFile(note, manifest, 0o644)
}

// stage rewrites the Parquet files at input as an Arrow stream beside them.
func (b bench) stage(ctx context.Context, d data, input string) (string, error) {
	from, err := onlyFile(input)
	if err != nil {
		return "", err
	}
	stream := filepath.Join(filepath.Dir(input), d.arrow+".arrows")
	if _, err := os.Stat(stream); err == nil {
		return stream, nil
	}
	if _, err := output(ctx, b.program("stage"), "-compression", d.arrow, "-from", from, "-to", stream+".part"); err != nil {
		return "", fmt.Errorf("making the Arrow stream: %w", err)
	}
	return stream, os.Rename(stream+".part", stream)
}

func onlyFile(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil {
		return "", fmt.Errorf("finding the Parquet file: %w", err)
	}
	if len(files) != 1 {
		return "", fmt.Errorf("there are %d Parquet files, want one", len(files))
	}
	return files[0], nil
}

// output runs a command that is not measured.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

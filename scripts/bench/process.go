package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// spent is what one process took, from its first instruction to its last.
type spent struct {
	cpu  time.Duration // user and system
	wall time.Duration
	rss  int64 // bytes, at its peak
}

// pinned runs a program on the one core and decodes what it prints.
func (b bench) pinned(ctx context.Context, stdin []byte, into any, program string, args ...string) (spent, error) {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", strconv.Itoa(b.core), b.program(program)}, args...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stdin = bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return spent{}, fmt.Errorf("running %s: %w: %s", program, err, bytes.TrimSpace(stderr.Bytes()))
	}
	took := spent{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(began)}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return spent{}, fmt.Errorf("this system does not say how much memory a process took")
	}
	took.rss = usage.Maxrss << 10
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return spent{}, fmt.Errorf("reading what %s printed: %w", program, err)
	}
	return took, nil
}

// counts are those of the worker.
type counts struct {
	Landed      int64 `json:"landed"`
	Quarantined int64 `json:"quarantined"`
}

// mapped is a column as the worker's mapping spells it.
type mapped struct {
	Source     string   `json:"source"`
	Target     string   `json:"target"`
	Type       string   `json:"type"`
	Transforms []string `json:"transforms,omitempty"`
}

// work runs our side up to a stage; its output is in the directory.
func (b bench) work(ctx context.Context, t task, input, dir, until string) (counts, spent, error) {
	mapping := make([]mapped, len(t.columns))
	for i, c := range t.columns {
		mapping[i] = mapped{c.source, c.target, c.kind, c.transforms}
	}
	stdin, err := json.Marshal(map[string]any{"input": input, "output": dir, "mapping": mapping, "until": until})
	if err != nil {
		return counts{}, spent{}, fmt.Errorf("describing the work: %w", err)
	}
	if err := renew(dir); err != nil {
		return counts{}, spent{}, err
	}
	var found counts
	took, err := b.pinned(ctx, stdin, &found, "worker")
	return found, took, err
}

// peerWork runs the peer; its output is in the directory.
func (b bench) peerWork(ctx context.Context, t task, input, dir string) (spent, error) {
	if t.peer == nil {
		_, took, err := b.work(ctx, t, input, dir, "bare")
		return took, err
	}
	if err := renew(dir); err != nil {
		return spent{}, err
	}
	var rows [][]*string
	return b.pinned(ctx, nil, &rows, "duck", t.peer(t, input, dir)...)
}

// renew makes an empty directory.
func renew(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing old output: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the output directory: %w", err)
	}
	return nil
}

// parquetFiles are the data files below a directory, without those of rows that the peer has set aside.
func parquetFiles(dir string) (files []string, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".parquet" || strings.Contains(path, "/bad=true/") {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files, bytes = append(files, path), bytes+info.Size()
		return nil
	})
	return files, bytes, err
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// run runs a command on the one core and decodes what it prints; its output is in the directory, which is emptied first.
func (b bench) run(ctx context.Context, c command, dir string, into any) (spent, error) {
	if err := renew(dir); err != nil {
		return spent{}, err
	}
	return b.pinned(ctx, c, into)
}

// pinned runs a command on the one core and decodes what it prints.
func (b bench) pinned(ctx context.Context, c command, into any) (spent, error) {
	var stdin []byte
	if c.stdin != nil {
		var err error
		if stdin, err = json.Marshal(c.stdin); err != nil {
			return spent{}, fmt.Errorf("describing the work: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", strconv.Itoa(b.core), b.program(c.program)}, c.args...)...)
	cmd.Env = slices.Concat(os.Environ(), []string{"GOMAXPROCS=1"}, c.env)
	cmd.Stdin = bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return spent{}, fmt.Errorf("running %s: %w: %s", c.program, err, bytes.TrimSpace(stderr.Bytes()))
	}
	took := spent{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(began)}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return spent{}, errors.New("this system does not say how much memory a process took")
	}
	took.rss = usage.Maxrss << 10
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return spent{}, fmt.Errorf("reading what %s printed: %w", c.program, err)
	}
	return took, nil
}

// counts are those of the worker.
type counts struct {
	Landed      int64 `json:"landed"`
	Quarantined int64 `json:"quarantined"`
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

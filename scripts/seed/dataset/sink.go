package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Dir is a Sink that writes below a directory, which it makes. A file appears under its name only when it is complete.
type Dir string

var _ Sink = Dir("")

// Create implements Sink.
func (d Dir) Create(ctx context.Context, name string) (io.WriteCloser, error) {
	local, err := filepath.Localize(name)
	if err != nil {
		return nil, fmt.Errorf("placing file: %w", err)
	}
	path := filepath.Join(string(d), local)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("making directory: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".seed-*")
	if err != nil {
		return nil, fmt.Errorf("opening file: %w", err)
	}
	return &dirFile{File: f, ctx: ctx, path: path}, nil
}

type dirFile struct {
	*os.File
	ctx  context.Context // Sink ties the file's life to it
	path string
}

func (f *dirFile) Close() error {
	err := errors.Join(f.ctx.Err(), f.Chmod(0o644), f.File.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Memory is a Sink that keeps the files. The zero value is ready to use.
type Memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

var _ Sink = (*Memory)(nil)

// Create implements Sink.
func (m *Memory) Create(ctx context.Context, name string) (io.WriteCloser, error) {
	return &memoryFile{ctx: ctx, memory: m, name: name}, nil
}

// File returns the content of a complete file, or fs.ErrNotExist.
func (m *Memory) File(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return content, nil
}

type memoryFile struct {
	bytes.Buffer
	ctx    context.Context // Sink ties the file's life to it
	memory *Memory
	name   string
}

func (f *memoryFile) Close() error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	f.memory.mu.Lock()
	defer f.memory.mu.Unlock()
	if f.memory.files == nil {
		f.memory.files = map[string][]byte{}
	}
	f.memory.files[f.name] = f.Bytes()
	return nil
}

package peer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Compile returns the path of a program. It is kept under .local/peers by what
// its module holds (pinned versions and sources), and built when that changed.
// Several processes may ask for it at once: one builds, the others wait.
//
// What a module takes from another directory by a replace directive is not
// part of the key, so it must not have one.
func Compile(ctx context.Context, p Program) (string, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return "", err
	}
	module := filepath.Join(root, "scripts", "peers", p.Module)
	key, err := contentKey(module)
	if err != nil {
		return "", fmt.Errorf("hashing the module of %s: %w", p.Package, err)
	}
	dir := filepath.Join(root, ".local", "peers")
	target := filepath.Join(dir, path.Base(p.Package)+"-"+key)
	if built(target) {
		return target, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the cache: %w", err)
	}
	unlock, err := lock(ctx, target+".lock")
	if err != nil {
		return "", fmt.Errorf("waiting for the build of %s: %w", p.Package, err)
	}
	defer unlock()
	if built(target) {
		return target, nil
	}
	return target, build(ctx, module, p.Package, target)
}

func built(target string) bool {
	_, err := os.Stat(target)
	return err == nil
}

// build puts the program into place in one step, so that a build that is cut
// off leaves nothing that looks finished.
func build(ctx context.Context, module, pkg, target string) error {
	unfinished := target + ".unfinished"
	cmd := exec.CommandContext(ctx, "go", "build", "-C", module, "-o", unfinished, pkg)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	if err := os.Rename(unfinished, target); err != nil {
		return fmt.Errorf("keeping %s: %w", pkg, err)
	}
	return nil
}

// contentKey names a module by its pinned versions and all its Go sources.
// Modules nested in it are not part of it, nor are the tests, which no program is built of.
func contentKey(module string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(module, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if file != module && foreign(file, entry) {
				return fs.SkipDir
			}
			return nil
		case !source(entry.Name()):
			return nil
		}
		name, err := filepath.Rel(module, file)
		if err != nil {
			return err
		}
		return add(sum, name, file)
	})
	return hex.EncodeToString(sum.Sum(nil))[:12], err
}

func foreign(dir string, entry fs.DirEntry) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil || entry.Name() == "node_modules" || entry.Name() == "testdata"
}

func source(name string) bool {
	return name == "go.mod" || name == "go.sum" || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

func add(sum io.Writer, name, file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sum, "%s %d\n%s", name, len(b), b)
	return err
}

// lock takes a lock between processes, which ends with the process at the latest.
func lock(ctx context.Context, name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives the lock back; nothing was written
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

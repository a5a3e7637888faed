// Command scale measures what a run costs by the number of its splits, in the parts that see all of them: the plan, what a
// worker reads of it, and the commit, with everything that travels between them. It runs the code of the functions, with the
// store in memory and objects and lake in a directory; each number of splits has a process of its own.
//
// A split has one row, so that a run of ten thousand fits a laptop: what is measured does not depend on the rows.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	splits := flags.String("splits", "10,100,1000,10000", "numbers of splits")
	files := flags.Int("files", 1, "data files of each split")
	dir := flags.String("dir", ".local/bench/scale", "where objects and lake are kept")
	latency := flags.Duration("latency", 15*time.Millisecond, "what a request to the object store takes, but those of the lake")
	markdown := flags.Bool("markdown", false, "print a table")
	only := flags.Int("only", 0, "measure this number of splits in this process, and print it as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *only > 0 {
		found, err := measure(ctx, *dir, *only, *files, *latency)
		if err != nil {
			return err
		}
		return json.NewEncoder(stdout).Encode(found)
	}
	if *markdown {
		_, _ = fmt.Fprint(stdout, header)
	}
	for text := range strings.SplitSeq(*splits, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return errors.New("a number of splits must be at least 1")
		}
		found, err := apart(ctx, filepath.Join(*dir, text), n, "-files", strconv.Itoa(*files), "-latency", latency.String())
		if err != nil {
			return fmt.Errorf("%d splits: %w", n, err)
		}
		if *markdown {
			_, err = fmt.Fprintln(stdout, found.row())
		} else {
			_, err = fmt.Fprintln(stdout, found.line())
		}
		if err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

// apart measures in a process of its own.
func apart(ctx context.Context, dir string, splits int, more ...string) (cost, error) {
	self, err := os.Executable()
	if err != nil {
		return cost{}, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"-only", strconv.Itoa(splits), "-dir", dir}, more...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return cost{}, err
	}
	var found cost
	if err := json.Unmarshal(out, &found); err != nil {
		return cost{}, fmt.Errorf("reading what was measured: %w", err)
	}
	return found, nil
}

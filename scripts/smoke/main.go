// Command smoke brings the laptop stack up on free ports with fresh state, does the main job
// and a simulated day, searches everything for the planted secret, and prints the totals as
// its last line, one JSON object. It exits non-zero if anything is off.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/headwaterhq/headwater/scripts/demo"
)

func main() {
	rows := flag.Int64("rows", 100_000, "profiles, and as many events")
	keep := flag.String("keep", "", "keep everything below this directory instead of a temporary one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := smoke(ctx, *rows, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1)
	}
}

// result is the last line.
type result struct {
	demo.Total
	Seconds float64 `json:"seconds"`
}

func smoke(ctx context.Context, rows int64, dir string) (err error) {
	began := time.Now()
	if dir == "" {
		if dir, err = os.MkdirTemp("", "headwater-smoke-"); err != nil {
			return fmt.Errorf("making a directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	total, err := play(ctx, rows, dir)
	if err != nil {
		return err
	}
	line, err := json.Marshal(result{total, time.Since(began).Round(100 * time.Millisecond).Seconds()})
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	fmt.Println(string(line))
	return nil
}

// play does everything, closes the stack, and searches what it left behind.
func play(ctx context.Context, rows int64, dir string) (total demo.Total, err error) {
	others, err := services(ctx)
	if err != nil {
		return total, err
	}
	defer func() { err = errors.Join(err, closeAll(others)) }()
	stage, err := demo.NewStage(ctx, demo.StageConfig{Dir: dir, HoldSchedules: true, Report: report, Endpoints: endpoints(others)})
	if err != nil {
		return total, err
	}
	total, answers, err := act(ctx, stage, rows, others)
	if err := errors.Join(err, stage.Close()); err != nil {
		return total, err
	}
	secrets := []string{stage.Customer.Secret}
	for _, s := range others {
		secrets = append(secrets, s.secret)
	}
	for _, secret := range secrets {
		leaks, err := demo.Leaks(dir, answers, secret)
		if err == nil && len(leaks) > 0 {
			err = fmt.Errorf("a planted secret was found in %v", leaks)
		}
		if err != nil {
			return total, err
		}
	}
	fmt.Println("canary   the planted secrets are in no answer, log, item, event, history or file")
	return total, nil
}

func act(ctx context.Context, stage *demo.Stage, rows int64, others []service) (total demo.Total, answers []byte, err error) {
	api, err := stage.NewClient(ctx, "smoke")
	if err != nil {
		return total, nil, err
	}
	data, err := demo.Seed(ctx, stage.Source(), rows)
	if err != nil {
		return total, nil, err
	}
	fmt.Printf("seed     %d profiles and events, %d pairs and memberships\n", rows, rows/10)
	job := &demo.Job{API: api, Bucket: demo.SourceBucket, Access: stage.Customer, Data: data, Out: os.Stdout}
	if err := job.Once(ctx); err != nil {
		return job.Total(), nil, err
	}
	wrong := demo.Access{ID: stage.Customer.ID, Secret: "wrong" + stage.Customer.Secret}
	if err := job.Refuse(ctx, wrong, "s3.authenticate"); err != nil {
		return job.Total(), nil, err
	}
	if err := day(ctx, stage, job); err != nil {
		return job.Total(), nil, err
	}
	if err := job.ByRole(ctx, stage.PutRole); err != nil {
		return job.Total(), nil, err
	}
	for _, s := range others {
		if err := job.Elsewhere(ctx, s.platform); err != nil {
			return job.Total(), nil, err
		}
	}
	return job.Total(), api.Answers(), nil
}

// day lets a day pass: every import runs again by its schedule, and the connection is validated again.
func day(ctx context.Context, stage *demo.Stage, job *demo.Job) error {
	if err := job.Remember(ctx); err != nil {
		return err
	}
	fmt.Println("clock    a day passes")
	if err := stage.Day(); err != nil {
		return err
	}
	if err := job.Next(ctx); err != nil {
		return err
	}
	return job.Revalidated(ctx)
}

func report(component, where string) { fmt.Printf("up       %-16s %s\n", component, where) }

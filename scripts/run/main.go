// Command run brings the whole product up on this machine, does the main job once on demo data,
// and serves API and state machines until Ctrl-C. Everything is kept below .local, so the next run goes on
// where this one stopped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/local/stack"
	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

func main() {
	dir := flag.String("dir", ".local", "where everything is kept")
	port := flag.Int("port", 8080, "port of the API on 127.0.0.1; the other parts take the ones after it")
	rows := flag.Int64("rows", 100_000, "profiles of the demo data, and as many events")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *dir, *port, *rows); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, port int, rows int64) (err error) {
	file := filepath.Join(dir, "env")
	kept, err := readEnv(file)
	if err != nil {
		return err
	}
	stage, err := demo.NewStage(ctx, demo.StageConfig{Dir: dir, Ports: ports(port), Customer: kept.customer, Report: report})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	platform := filepath.Join(dir, "platform.env")
	if err := writePlatform(platform, stage.Environ()); err != nil {
		return err
	}
	if kept.identifier == "" {
		if kept, err = firstTime(ctx, stage, kept, file, rows); err != nil {
			return err
		}
	}
	fmt.Printf(`
Headwater is up.

  API      %s      (its contract: /openapi.yaml)
  API key  %s
  clock    curl -X POST %s/_local/clock -d '{"advance":"25h"}'     lets a day pass
  logs     %s
  verify   (source %s && go run ./scripts/hw verify --workspace demo)     what the runs left

The walk-through in README.md goes on from here: source %s
Ctrl-C ends it; the data stays.
`, stage.URLs.API, kept.key, stage.URLs.Control, filepath.Join(dir, "logs"), platform, file)
	<-ctx.Done()
	fmt.Println("ending")
	return nil
}

// firstTime seeds the customer's bucket, does the main job, and keeps what the next run and the walk-through need. The keys
// are kept before the job begins: one that was interrupted is begun anew, under other names.
func firstTime(ctx context.Context, stage *demo.Stage, kept env, file string, rows int64) (env, error) {
	label := ""
	if kept.key != "" {
		label = time.Now().Format(" (15:04:05)")
	}
	api, err := stage.NewClient(ctx, "demo")
	if err != nil {
		return env{}, err
	}
	kept = env{url: stage.URLs.API, key: api.Key, customer: stage.Customer}
	if err := kept.write(file); err != nil {
		return env{}, err
	}
	data, err := demo.Seed(ctx, stage.Source(), rows)
	if err != nil {
		return env{}, err
	}
	fmt.Printf("seed     %d profiles and events\n", rows)
	job := &demo.Job{API: api, Bucket: demo.SourceBucket, Access: stage.Customer, Data: data, Out: os.Stdout, Label: label}
	if err := job.Once(ctx); err != nil {
		return env{}, err
	}
	kept.identifier = data[dataset.Purchases].Files[0].Sample
	return kept, kept.write(file)
}

func ports(api int) stack.Ports {
	return stack.Ports{
		API: api, Control: api + 1, S3: api + 2, DynamoDB: api + 3, SecretsManager: api + 4,
		StepFunctions: api + 5, STS: api + 6, Lambda: api + 7, EventBridge: api + 8,
	}
}

func report(component, where string) { fmt.Printf("up       %-16s %s\n", component, where) }

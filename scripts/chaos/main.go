// Command chaos runs imports from every platform in every mode while everything around them fails: connections break, answers are lost, cut
// or late, DynamoDB throttles, workers are killed and come twice, days pass in a moment. After each run the lake must hold what a plain model
// says, once; in the end no run may be open, every chain of manifests must hold, and no secret may lie anywhere.
//
// A seed chooses the import, the changes of its table, and what is tried at what step. Which request a fault meets is up to the moments at which
// processes meet: a seed that fails is tried again alone, several times, to fail again.
//
// The schedules' clock is moved; the clocks of the workers' processes are not, which package simulation does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/headwaterhq/headwater/scripts/demo"
)

func main() {
	c := config{}
	flag.IntVar(&c.runs, "runs", 200, "seeds to try")
	flag.Uint64Var(&c.seed, "seed", 0, "only this seed; 0 takes others each time")
	flag.StringVar(&c.platform, "platform", "", "only this platform: "+strings.Join(lanes, ", "))
	flag.IntVar(&c.days, "days", 3, "days, and at least so many runs, of a seed")
	flag.Float64Var(&c.share, "share", 0.02, "share of the requests that are hindered")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := chaos(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

type config struct {
	runs     int
	seed     uint64
	platform string
	days     int
	share    float64
}

// seeds are those to try, in the order in which lanes take them.
func (c config) seeds() []uint64 {
	if c.seed != 0 {
		return []uint64{c.seed}
	}
	seeds := make([]uint64, c.runs)
	for n := range seeds {
		lane := n % len(lanes)
		if only := slices.Index(lanes, c.platform); only >= 0 {
			lane = only
		}
		seeds[n] = rand.Uint64N(1e9)*uint64(len(lanes)) + uint64(lane)
	}
	return seeds
}

// lanes are the platforms: each has one table, so that it takes one seed at a time. A seed's platform is its remainder.
var lanes = []string{"bigquery", "gcs", "snowflake", "s3"} //nolint:gochecknoglobals // a list that never changes

func chaos(ctx context.Context, c config) (err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "headwater-chaos-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w := &weather{share: c.share, random: rand.New(rand.NewPCG(c.seed, 2)), counted: map[string]int{}}
	s, err := open(ctx, dir, w)
	if err != nil {
		return err
	}
	err = errors.Join(s.perform(ctx, c), s.audit(ctx))
	answers := s.api.Answers()
	if err := errors.Join(err, s.close()); err != nil {
		return err
	}
	for _, secret := range s.secrets {
		leaks, err := demo.Leaks(dir, answers, secret)
		if err == nil && len(leaks) > 0 {
			err = fmt.Errorf("a planted secret was found in %v", leaks)
		}
		if err != nil {
			return err
		}
	}
	s.tally.print(w, time.Since(began))
	return nil
}

// perform tries all seeds, a lane for each platform.
func (s *scene) perform(ctx context.Context, c config) error {
	perLane := make([][]uint64, len(lanes))
	for _, seed := range c.seeds() {
		lane := seed % uint64(len(lanes))
		perLane[lane] = append(perLane[lane], seed)
	}
	errs := make([]error, len(lanes))
	var all sync.WaitGroup
	for n, seeds := range perLane {
		all.Go(func() {
			for _, seed := range seeds {
				l := &lane{scene: s, place: s.places[n], connection: s.connections[n], seed: seed, random: rand.New(rand.NewPCG(seed, 3))}
				if err := l.live(ctx, c.days); err != nil {
					errs[n] = fmt.Errorf("seed %d (%s): %w; go run ./scripts/chaos -seed %d", seed, s.places[n].Platform, err, seed)
					fmt.Println("FAILED  ", errs[n])
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// tally counts what happened.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (t *tally) add(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[what]++
}

func (t *tally) print(w *weather, took time.Duration) {
	var lines []string
	for what, n := range t.counts {
		lines = append(lines, fmt.Sprintf("%6d %s", n, what))
	}
	for what, n := range w.counted {
		lines = append(lines, fmt.Sprintf("%6d mishaps: %s", n, what))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[7:], b[7:]) })
	fmt.Println(strings.Join(lines, "\n"))
	fmt.Printf("chaos    the lake held what the model says after every run, no run is open, every chain of manifests holds, no secret was found: %.0f s\n", took.Seconds())
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// result is what a task took.
type result struct {
	task
	rows         int64
	ours         []spent // by round
	read, mapped []spent // by round; none when stages are not measured
	spread       []spent // by round, of our side on a table that is spread over buckets; of T1 alone
	ourBytes     int64   // of output
	theirs       []theirs
}

// theirs is what a peer took.
type theirs struct {
	peer
	took  []spent // by round
	bytes int64
}

// measure runs a task once for its gates and to warm the caches, then the rounds that count, in which the sides take
// turns at going first.
func (b bench) measure(ctx context.Context, t task) (r result, err error) {
	in, done, err := b.prepare(ctx, t.data)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, done()) }()
	r = result{task: t, rows: in.Rows}
	found, err := b.open(ctx, &r, in)
	if err != nil {
		return r, err
	}
	sides := []func() error{func() error { return b.round(ctx, t.ours, t, in, found, &r.ours) }}
	for i := range r.theirs {
		sides = append(sides, func() error {
			var printed any
			took, err := b.run(ctx, r.theirs[i].side(t, in, b.peerOut()), b.peerOut(), &printed)
			r.theirs[i].took = append(r.theirs[i].took, took)
			return err
		})
	}
	for round := range b.rounds {
		for n := range sides {
			if err := sides[(round+n)%len(sides)](); err != nil {
				return r, err
			}
		}
		if err := b.alone(ctx, &r, in, found); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (b bench) ourOut() string { return filepath.Join(b.dir, "out", "headwater") }

func (b bench) peerOut() string { return filepath.Join(b.dir, "out", "peer") }

// open runs every side once, and opens the gate to the rounds that count, or does not.
func (b bench) open(ctx context.Context, r *result, in input) (found counts, err error) {
	if _, err := b.run(ctx, r.task.ours(r.task, in, b.ourOut()), b.ourOut(), &found); err != nil {
		return found, err
	}
	for _, p := range r.peers {
		var printed any
		if _, err := b.run(ctx, p.side(r.task, in, b.peerOut()), b.peerOut(), &printed); err != nil {
			return found, err
		}
		one := theirs{peer: p}
		if r.ourBytes, one.bytes, err = b.gate(ctx, r.task, p, in.seeded, found); err != nil {
			return found, fmt.Errorf("the gate to %s is shut: %w", p.name, err)
		}
		r.theirs = append(r.theirs, one)
	}
	return found, nil
}

// spreadTask is the task whose cost of spreading is measured.
const spreadTask = "T1"

// alone measures the stages of our side.
func (b bench) alone(ctx context.Context, r *result, in input, found counts) error {
	if !b.stages || !r.stages {
		return nil
	}
	if err := b.round(ctx, until("read"), r.task, in, counts{}, &r.read); err != nil {
		return err
	}
	if err := b.round(ctx, until("map"), r.task, in, found, &r.mapped); err != nil {
		return err
	}
	if r.name == spreadTask {
		return b.round(ctx, landSpread, r.task, in, found, &r.spread)
	}
	return nil
}

// round runs our side; one that counts all rows must count them as in the first run.
func (b bench) round(ctx context.Context, ours side, t task, in input, want counts, into *[]spent) error {
	var found counts
	took, err := b.run(ctx, ours(t, in, b.ourOut()), b.ourOut(), &found)
	if err != nil {
		return err
	}
	if want != (counts{}) && found != want {
		return fmt.Errorf("a round landed %d and set aside %d rows, the first one %d and %d", found.Landed, found.Quarantined, want.Landed, want.Quarantined)
	}
	*into = append(*into, took)
	return nil
}

// against finds a peer's part of the result.
func (r result) against(name string) (theirs, bool) {
	i := slices.IndexFunc(r.theirs, func(t theirs) bool { return t.name == name })
	if i < 0 {
		return theirs{}, false
	}
	return r.theirs[i], true
}

// ratios are the peer's CPU time over ours, round by round: what slows the machine down for a while slows both.
func (r result) ratios(t theirs) []float64 {
	out := make([]float64, len(r.ours))
	for i := range out {
		out[i] = t.took[i].cpu.Seconds() / r.ours[i].cpu.Seconds()
	}
	return out
}

// median of an even number of values is the mean of the two in the middle.
func median[T cmp.Ordered](values []T, mean func(a, b T) T) T {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return mean(sorted[half-1], sorted[half])
}

func middle(a, b float64) float64 { return (a + b) / 2 }

// cpu is the median of CPU seconds, wall that of seconds.
func cpu(all []spent) float64 { return seconds(all, func(s spent) time.Duration { return s.cpu }) }

func wall(all []spent) float64 { return seconds(all, func(s spent) time.Duration { return s.wall }) }

func seconds(all []spent, of func(spent) time.Duration) float64 {
	values := make([]float64, len(all))
	for i, s := range all {
		values[i] = of(s).Seconds()
	}
	return median(values, middle)
}

// peak is the largest peak of memory in MiB.
func peak(all []spent) float64 {
	most := slices.MaxFunc(all, func(a, b spent) int { return cmp.Compare(a.rss, b.rss) })
	return float64(most.rss) / (1 << 20)
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// result is what a task took.
type result struct {
	task
	rows         int64
	ours, theirs []spent // by round
	read, mapped []spent // by round; none when stages are not measured
	plain        []spent // by round, of the bare Arrow libraries without compression; none with another peer
	ourBytes     int64   // of output
	theirBytes   int64
}

// measure runs a task once for its gates and to warm the caches, then the rounds that count, in which the sides take
// turns at going first.
func (b bench) measure(ctx context.Context, t task) (result, error) {
	input, in, err := b.prepare(ctx, t.data)
	if err != nil {
		return result{}, err
	}
	r := result{task: t, rows: in.Rows}
	ours, theirs := filepath.Join(b.dir, "out", "headwater"), filepath.Join(b.dir, "out", "peer")
	found, _, err := b.work(ctx, t, input, ours, "land")
	if err != nil {
		return r, err
	}
	if _, err := b.peerWork(ctx, t, input, theirs); err != nil {
		return r, err
	}
	if r.ourBytes, r.theirBytes, err = b.gate(ctx, t, in, found, ours, theirs); err != nil {
		return r, fmt.Errorf("the gate is shut: %w", err)
	}
	for round := range b.rounds {
		sides := []func() error{
			func() error { return b.round(ctx, t, input, ours, "land", found, &r.ours) },
			func() error {
				took, err := b.peerWork(ctx, t, input, theirs)
				r.theirs = append(r.theirs, took)
				return err
			},
		}
		if round%2 == 1 {
			slices.Reverse(sides)
		}
		if b.stages {
			sides = append(sides,
				func() error { return b.round(ctx, t, input, ours, "read", counts{}, &r.read) },
				func() error { return b.round(ctx, t, input, ours, "map", found, &r.mapped) })
		}
		if b.stages && t.peer == nil {
			sides = append(sides, func() error { return b.round(ctx, t, input, ours, "plain", found, &r.plain) })
		}
		for _, side := range sides {
			if err := side(); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// round runs our side up to a stage; a stage that counts all rows must count them as in the first run.
func (b bench) round(ctx context.Context, t task, input, dir, until string, want counts, into *[]spent) error {
	found, took, err := b.work(ctx, t, input, dir, until)
	if err != nil {
		return err
	}
	if want != (counts{}) && found != want {
		return fmt.Errorf("a round landed %d and set aside %d rows, the first one %d and %d", found.Landed, found.Quarantined, want.Landed, want.Quarantined)
	}
	*into = append(*into, took)
	return nil
}

// ratios are the peer's CPU time over ours, round by round: what slows the machine down for a while slows both.
func (r result) ratios() []float64 {
	out := make([]float64, len(r.ours))
	for i := range out {
		out[i] = r.theirs[i].cpu.Seconds() / r.ours[i].cpu.Seconds()
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

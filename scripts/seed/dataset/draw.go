package dataset

import "math/rand/v2"

// dice throws for one thing at a time: the same seed, topic and number give the same throws, whatever was thrown before.
type dice struct {
	seed uint64
	pcg  *rand.PCG
	*rand.Rand
}

// topic keeps apart the throws for different aspects of the same number.
type topic uint64

const (
	ofHousehold topic = iota + 1
	ofCustomer
	ofCookie
	ofDevice
	ofPhone
	ofPurchase
	// ofFate and ofRow are followed by the table's place in tables.
	ofFate topic = 1 << 8
	ofRow  topic = 1 << 9
)

func newDice(seed uint64) *dice {
	pcg := rand.NewPCG(0, 0)
	return &dice{seed: seed, pcg: pcg, Rand: rand.New(pcg)}
}

func (d *dice) about(t topic, n int64) {
	d.pcg.Seed(mix(d.seed+uint64(t)*0x9e3779b97f4a7c15), mix(uint64(n)))
}

// mix spreads small differences over all 64 bits, reversibly.
func mix(x uint64) uint64 {
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>32
}

// chance is true in n of 10,000 throws.
func (d *dice) chance(n int) bool { return d.IntN(10_000) < n }

// skewed is in [0, n), small numbers more often than large ones.
func (d *dice) skewed(n int64) int64 {
	const unit = 1 << 20
	u := uint64(d.IntN(unit))
	return int64(u * u / unit * uint64(n) / unit)
}

func pick[T any](d *dice, from []T) T { return from[d.IntN(len(from))] }

package datafile

import (
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
)

// encodeNumbered writes a dictionary and the values as indexes into it, or
// nothing, and returns false, when the values take less without.
func (c *words) encodeNumbered(p *pages) bool {
	if !c.repeat(p.numbers) {
		return false
	}
	most := c.mostNumbers(c.estimate(p))
	p.numbers.reset()
	p.indexes = slices.Grow(p.indexes[:0], len(c.values))[:len(c.values)]
	for i, v := range c.values {
		p.indexes[i] = p.numbers.number(v)
		if len(p.numbers.values) > most {
			return false
		}
	}
	width := widthOf(len(p.numbers.values))
	p.body = c.appendPlain(p.body[:0], p.numbers.values)
	p.dictionary(len(p.numbers.values))
	p.cut(&c.levels, pageRows, parquet.Encodings.RLEDict, func(to []byte, from, end int) []byte {
		return appendIndexes(to, p.indexes[from:end], width)
	})
	return true
}

// mostNumbers is how many entries a dictionary may have before it and the indexes
// into it take more than some bytes.
func (c *words) mostNumbers(bytes int) int {
	most := 0
	for width := 1; 1<<width <= mostEntries; width++ {
		if left := bytes - len(c.values)*width/8; left > 0 {
			most = max(most, min(1<<width, left/c.bytesOf(1)))
		}
	}
	return most
}

// samples is how many values are looked at before all are, in runs.
const (
	samples     = 4096
	sampledRuns = 4
)

// sampled are runs of values from all over the chunk.
func (c *words) sampled(yield func(run []uint64) bool) {
	n := min(samples, len(c.values)) / sampledRuns
	for i := range sampledRuns {
		from := i * len(c.values) / sampledRuns
		if !yield(c.values[from : from+n]) {
			return
		}
	}
}

// repeat reports whether a dictionary may be worth it: whether a tenth of some
// values were there before.
func (c *words) repeat(seen *numbers) bool {
	seen.reset()
	all := 0
	for run := range c.sampled {
		for _, v := range run {
			seen.number(v)
		}
		all += len(run)
	}
	return all > 0 && 10*len(seen.values) <= 9*all
}

// estimate is how many bytes encodeAll takes, judging by some values.
func (c *words) estimate(p *pages) int {
	sampled, bytes := 0, 0
	for run := range c.sampled {
		sampled += len(run)
		if c.kind != double {
			p.body = appendDeltas(p.body[:0], run, c.kind == day)
			bytes += len(p.body)
			continue
		}
		p.body = appendSplit(p.body[:0], run)
		for i := range 8 {
			bytes += len(p.squeezer.code(p.body[i*len(run):(i+1)*len(run)])) - frameHeader
		}
	}
	return bytes * len(c.values) / max(1, sampled)
}

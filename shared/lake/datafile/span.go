package datafile

import "math"

// span are the least and the greatest of some numbers. Floats are in it as whole
// numbers of the same order; see ordered.
type span struct {
	known    bool
	min, max int64
}

func (s *span) merge(other span) {
	switch {
	case !other.known:
	case !s.known:
		*s = other
	default:
		s.min, s.max = min(s.min, other.min), max(s.max, other.max)
	}
}

// measure finds the span of the rows at hand and returns how many are not a number.
func (c *words) measure() (nans int64) {
	least, greatest := int64(math.MaxInt64), int64(math.MinInt64)
	if c.kind != double {
		for _, v := range c.values {
			least, greatest = min(least, int64(v)), max(greatest, int64(v))
		}
	} else {
		for _, v := range c.values {
			if v<<1 > infinity<<1 {
				nans++
				continue
			}
			o := ordered(v)
			least, greatest = min(least, o), max(greatest, o)
		}
	}
	c.chunk = span{known: int64(len(c.values)) > nans, min: least, max: greatest}
	return nans
}

const infinity = 0x7ff << 52 // the bits of a float; those of a NaN are more

// ordered maps the bits of floats to whole numbers of the same order, in which -0
// comes before 0, and back.
func ordered(float uint64) int64 {
	v := int64(float)
	return v ^ int64(uint64(v>>63)>>1)
}

// plainEnds are the ends of a span as Parquet and Iceberg both have them. A zero
// stands for that of either sign.
func (c *words) plainEnds(s span) (lower, upper []byte) {
	if !s.known {
		return nil, nil
	}
	least, greatest := uint64(s.min), uint64(s.max)
	if c.kind == double {
		least, greatest = uint64(ordered(least)), uint64(ordered(greatest))
		if least == 0 {
			least = 1 << 63
		}
		if greatest == 1<<63 {
			greatest = 0
		}
	}
	return c.appendPlain(nil, []uint64{least}), c.appendPlain(nil, []uint64{greatest})
}

func (c *words) limits() (lower, upper []byte) { return c.plainEnds(c.file) }

package lake

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// linkCount finds the identifiers that have more than so many distinct others, in memory that does not grow with the
// links: what one of them is linked to is kept until it is known to be a hub.
type linkCount struct {
	most     int   // links of one that is no hub
	inMemory int64 // ends of links
	shards   shards
	ends     []linkEnd
	found    map[node]bool
}

// linkEnd is an identifier's link with another, of which a hash will do: two of an identifier's others share it as
// good as never, and then it counts one less.
type linkEnd struct {
	of    node
	other uint64
}

const linkEndBytes = 24

func newLinkCount(most int, inMemory int64) *linkCount {
	return &linkCount{most: most, inMemory: inMemory, found: make(map[node]bool)}
}

// spread makes room for so many ends.
func (c *linkCount) spread(ends int64) (err error) {
	if ends > c.inMemory {
		c.shards, err = openShards(int(min(ends/c.inMemory+1, mostShards)))
	}
	return err
}

func (c *linkCount) close() error { return c.shards.close() }

func (c *linkCount) add(a, b node) error {
	if a == b {
		return nil
	}
	return errors.Join(c.addEnd(a, b), c.addEnd(b, a))
}

func (c *linkCount) addEnd(of, to node) error {
	other := binary.BigEndian.Uint64(to[:])
	if len(c.shards) == 0 {
		c.ends = append(c.ends, linkEnd{of, other})
		return nil
	}
	var record [linkEndBytes]byte
	copy(record[:], of[:])
	binary.BigEndian.PutUint64(record[len(of):], other)
	_, err := c.shards[int(of[0])%len(c.shards)].buffer.Write(record[:])
	return err
}

// hubs are those found among all that was added.
func (c *linkCount) hubs() (map[node]bool, error) {
	for _, one := range c.shards {
		if err := c.hear(one); err != nil {
			return nil, fmt.Errorf("counting links: %w", err)
		}
	}
	c.settle()
	return c.found, nil
}

// hear counts the ends of a shard.
func (c *linkCount) hear(one *shard) error {
	if err := one.buffer.Flush(); err != nil {
		return err
	}
	if _, err := one.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReader(one.file)
	room := c.inMemory
	var record [linkEndBytes]byte
	for {
		if _, err := io.ReadFull(in, record[:]); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		end := linkEnd{of: node(record[:16]), other: binary.BigEndian.Uint64(record[16:])}
		if c.found[end.of] {
			continue
		}
		if c.ends = append(c.ends, end); int64(len(c.ends)) >= room {
			c.settle()
			room = max(room, 2*int64(len(c.ends))) // of identifiers that are no hubs so far
		}
	}
	c.settle()
	c.ends = c.ends[:0]
	return nil
}

// settle takes those that are hubs among the ends, and keeps each link of the others once.
func (c *linkCount) settle() {
	slices.SortFunc(c.ends, func(a, b linkEnd) int {
		return cmp.Or(slices.Compare(a.of[:], b.of[:]), cmp.Compare(a.other, b.other))
	})
	distinct := slices.Compact(c.ends)
	kept := distinct[:0]
	for len(distinct) > 0 {
		n := 1
		for n < len(distinct) && distinct[n].of == distinct[0].of {
			n++
		}
		if n > c.most {
			c.found[distinct[0].of] = true
		} else {
			kept = append(kept, distinct[:n]...)
		}
		distinct = distinct[n:]
	}
	c.ends = kept
}

package inflate

import "encoding/binary"

// decode decodes symbols of a block until it ends, the room for what is decoded does, or
// the input that was read. One look at the input gives 56 bits: three literals
// of up to 15, or a match, which has 48 at most.
func (r *Reader) decode() error {
	if err := r.ready(); err != nil {
		return err
	}
	in, out := r.in, r.out
	held, n, pos, at := r.held, r.n, r.pos, r.at
	lengths, far := r.lengths.entries, r.far.entries
	firstLength, firstFar := uint64(1)<<r.lengths.first-1, uint64(1)<<r.far.first-1
	behindLength, behindFar := uint64(1)<<r.lengths.behind-1, uint64(1)<<r.far.behind-1
	var err error
	for stop := r.limit(); pos <= stop && at < window+chunk; {
		held |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := lengths[held&firstLength]
		if e&literal != 0 {
			held, n = held>>(e&63), n-e.size()
			out[at] = byte(e >> 16)
			at++
			if e = lengths[held&firstLength]; e&literal == 0 {
				continue
			}
			held, n = held>>(e&63), n-e.size()
			out[at] = byte(e >> 16)
			at++
			if e = lengths[held&firstLength]; e&literal == 0 {
				continue
			}
			held, n = held>>(e&63), n-e.size()
			out[at] = byte(e >> 16)
			at++
			continue
		}
		if e&second != 0 {
			held, n = held>>(e&63), n-e.size()
			e = lengths[uint64(e.value())+held&behindLength]
			if e&literal != 0 {
				held, n = held>>(e&63), n-e.size()
				out[at] = byte(e >> 16)
				at++
				continue
			}
		}
		if e&0xff == 0 {
			err = ErrCorrupt
			break
		}
		held, n = held>>(e&63), n-e.size()
		if e&special != 0 {
			r.step = r.block
			break
		}
		size := int(e.value()) + int(held&(1<<e.extra()-1))
		held, n = held>>e.extra(), n-e.extra()
		d := far[held&firstFar]
		if d&second != 0 {
			held, n = held>>(d&63), n-d.size()
			d = far[uint64(d.value())+held&behindFar]
		}
		if d&0xff == 0 {
			err = ErrCorrupt
			break
		}
		held, n = held>>(d&63), n-d.size()
		distance := int(d.value()) + int(held&(1<<d.extra()-1))
		held, n = held>>d.extra(), n-d.extra()
		if distance > at-r.member.start {
			err = ErrCorrupt
			break
		}
		repeat(out, at, distance, size)
		at += size
	}
	r.held, r.n, r.pos, r.at = held, n, pos, at
	return err
}

// repeat copies size bytes to at from so far back. It may write up to slack bytes more.
func repeat(out []byte, at, distance, size int) {
	from := at - distance
	if distance >= 8 {
		for end := at + size; at < end; at, from = at+8, from+8 {
			binary.LittleEndian.PutUint64(out[at:], binary.LittleEndian.Uint64(out[from:]))
		}
		return
	}
	for end := at + size; at < end; at, from = at+1, from+1 {
		out[at] = out[from]
	}
}

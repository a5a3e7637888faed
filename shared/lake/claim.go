package lake

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// claim is a row's claim to be the last of its key.
type claim struct {
	key     [16]byte // of a cryptographic hash: two keys never share it
	at      position // of a row of the run
	inTable bool
	deletes bool
	order   []byte // comparable
}

// position is a row of a run: the number of its file, and its own within.
type position struct{ file, row uint32 }

// shards split claims by key, so that those of one shard fit in memory.
type shards []*shard

// shard is records in a file.
type shard struct {
	file   *os.File
	buffer *bufio.Writer
}

// What the two low bits of a record's length say.
const (
	recordDeletes = 1
	recordInTable = 2
)

// openShards opens n temporary files that have no name: however the process
// ends, nothing is left of them.
func openShards(n int) (opened shards, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	for range n {
		file, err := os.CreateTemp("", "headwater-merge-*")
		if err != nil {
			return opened, fmt.Errorf("creating a temporary file: %w", err)
		}
		opened = append(opened, &shard{file: file, buffer: bufio.NewWriter(file)})
		if err := os.Remove(file.Name()); err != nil {
			return opened, fmt.Errorf("unlinking a temporary file: %w", err)
		}
	}
	return opened, nil
}

func (s shards) close() error {
	var errs []error
	for _, one := range s {
		errs = append(errs, one.file.Close())
	}
	return errors.Join(errs...)
}

// add keeps the claim in its key's shard.
func (s shards) add(c claim) error {
	record := make([]byte, 0, 64)
	record = append(record, c.key[:]...)
	record = binary.BigEndian.AppendUint32(record, c.at.file)
	record = binary.BigEndian.AppendUint32(record, c.at.row)
	length := uint64(len(c.order)) << 2
	if c.deletes {
		length |= recordDeletes
	}
	if c.inTable {
		length |= recordInTable
	}
	record = append(binary.AppendUvarint(record, length), c.order...)
	_, err := s[int(c.key[0])%len(s)].buffer.Write(record)
	return err
}

// each calls do with the shard's claims in the order in which they were added.
// A claim's order is valid until the next call.
func (s *shard) each(do func(claim) error) error {
	if err := s.buffer.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReader(s.file)
	var fixed [24]byte
	var order bytes.Buffer
	for {
		if _, err := io.ReadFull(in, fixed[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		length, err := binary.ReadUvarint(in)
		if err != nil {
			return err
		}
		order.Reset()
		if _, err := io.CopyN(&order, in, int64(length>>2)); err != nil {
			return err
		}
		c := claim{key: [16]byte(fixed[:16]), deletes: length&recordDeletes != 0, inTable: length&recordInTable != 0, order: order.Bytes()}
		c.at = position{file: binary.BigEndian.Uint32(fixed[16:]), row: binary.BigEndian.Uint32(fixed[20:])}
		if err := do(c); err != nil {
			return err
		}
	}
}

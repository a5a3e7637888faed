// Package objectstore is S3 on a disk: gofakes3's protocol over a backend of our own, behind a front that verifies signatures
// and permissions as S3 does.
package objectstore

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// disk is a gofakes3 backend. An object is one file: its body, its metadata as JSON, and the length of that JSON. The file is
// written aside and renamed into place, so a reader sees the old object or the new one and a crash leaves no half of one.
// The index of keys is in memory and is read back from the files on opening.
//
// gofakes3's own backends on disk do not serve here: one holds a lock while a slow client uploads, ignores paging and cannot
// name long keys; the other keeps every object in one database transaction and in memory.
type disk struct {
	root string

	mu      sync.RWMutex
	buckets map[string]*bucket
}

type bucket struct {
	keys    []string // sorted bytewise, as S3 lists them
	entries map[string]entry
}

// entry is an object's metadata, as it is stored behind the body.
type entry struct {
	Key      string            `json:"key"`
	MD5      []byte            `json:"md5"`
	CRC32    []byte            `json:"crc32"`
	Size     int64             `json:"size"`
	Modified time.Time         `json:"modified"`
	Headers  map[string]string `json:"headers,omitempty"`
}

const (
	tempDir   = ".incoming"
	lengthLen = 8
)

func openDisk(root string) (*disk, error) {
	d := &disk{root: root, buckets: map[string]*bucket{}}
	// What was being written when the last process ended has never been an object.
	if err := os.RemoveAll(filepath.Join(root, tempDir)); err != nil {
		return nil, fmt.Errorf("clearing unfinished objects: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(root, tempDir), 0o700); err != nil {
		return nil, fmt.Errorf("making the object store: %w", err)
	}
	dirs, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("listing buckets: %w", err)
	}
	for _, dir := range dirs {
		if dir.Name() == tempDir {
			continue
		}
		b, err := readBucket(filepath.Join(root, dir.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading bucket %s: %w", dir.Name(), err)
		}
		d.buckets[dir.Name()] = b
	}
	return d, nil
}

func readBucket(dir string) (*bucket, error) {
	b := &bucket{entries: map[string]entry{}}
	err := filepath.WalkDir(dir, func(path string, info fs.DirEntry, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		e, err := readEntry(path)
		if err != nil {
			return err
		}
		b.entries[e.Key] = e
		b.keys = append(b.keys, e.Key)
		return nil
	})
	slices.Sort(b.keys)
	return b, err
}

// readEntry reads the metadata at the end of an object's file.
func readEntry(path string) (entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return entry{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return entry{}, err
	}
	var length [lengthLen]byte
	if _, err := f.ReadAt(length[:], info.Size()-lengthLen); err != nil {
		return entry{}, fmt.Errorf("reading an object's metadata: %w", err)
	}
	n := int64(binary.BigEndian.Uint64(length[:]))
	if n > info.Size()-lengthLen {
		return entry{}, errors.New("an object's file is damaged")
	}
	text := make([]byte, n)
	if _, err := f.ReadAt(text, info.Size()-lengthLen-n); err != nil {
		return entry{}, fmt.Errorf("reading an object's metadata: %w", err)
	}
	var e entry
	if err := json.Unmarshal(text, &e); err != nil {
		return entry{}, fmt.Errorf("decoding an object's metadata: %w", err)
	}
	return e, nil
}

func (e entry) trailer() ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encoding an object's metadata: %w", err)
	}
	return binary.BigEndian.AppendUint64(bytes.Clone(text), uint64(len(text))), nil
}

// path is where a key's file is. Keys are hashed: they may be longer than a file name, and "a" and "a/b" may both exist.
func (d *disk) path(bucket, key string) string {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	return filepath.Join(d.root, bucket, name[:2], name[2:])
}

func (b *bucket) put(e entry) {
	if _, ok := b.entries[e.Key]; !ok {
		i, _ := slices.BinarySearch(b.keys, e.Key)
		b.keys = slices.Insert(b.keys, i, e.Key)
	}
	b.entries[e.Key] = e
}

func (b *bucket) remove(key string) {
	if i, ok := slices.BinarySearch(b.keys, key); ok {
		b.keys = slices.Delete(b.keys, i, i+1)
		delete(b.entries, key)
	}
}

// after is the position of the first key beyond the marker and, when the marker ends a group, beyond every key that starts with it.
func (b *bucket) after(marker string, group bool) int {
	i, _ := slices.BinarySearchFunc(b.keys, marker, func(key, marker string) int {
		if key == marker || group && strings.HasPrefix(key, marker) {
			return -1
		}
		return cmp.Compare(key, marker)
	})
	return i
}

func (d *disk) ListBuckets() ([]gofakes3.BucketInfo, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []gofakes3.BucketInfo
	for name := range d.buckets {
		info, err := os.Stat(filepath.Join(d.root, name))
		if err != nil {
			return nil, err
		}
		out = append(out, gofakes3.BucketInfo{Name: name, CreationDate: gofakes3.NewContentTime(info.ModTime())})
	}
	slices.SortFunc(out, func(a, b gofakes3.BucketInfo) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

func (d *disk) CreateBucket(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.buckets[name]; ok {
		return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
	}
	if err := os.MkdirAll(filepath.Join(d.root, name), 0o700); err != nil {
		return err
	}
	d.buckets[name] = &bucket{entries: map[string]entry{}}
	return nil
}

func (d *disk) BucketExists(name string) (bool, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, ok := d.buckets[name]
	return ok, nil
}

func (d *disk) DeleteBucket(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.buckets[name]
	if !ok {
		return gofakes3.BucketNotFound(name)
	}
	if len(b.keys) > 0 {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	delete(d.buckets, name)
	return os.RemoveAll(filepath.Join(d.root, name))
}

func (d *disk) ForceDeleteBucket(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.buckets[name]; !ok {
		return gofakes3.BucketNotFound(name)
	}
	delete(d.buckets, name)
	return os.RemoveAll(filepath.Join(d.root, name))
}

package objectstore

import (
	"crypto/md5" //nolint:gosec // an S3 ETag is an MD5
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

var _ gofakes3.Backend = (*disk)(nil)

func (d *disk) lookup(bucketName, key string) (entry, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	b, ok := d.buckets[bucketName]
	if !ok {
		return entry{}, gofakes3.BucketNotFound(bucketName)
	}
	e, ok := b.entries[key]
	if !ok {
		return entry{}, gofakes3.KeyNotFound(key)
	}
	return e, nil
}

func (d *disk) HeadObject(bucketName, key string) (*gofakes3.Object, error) {
	e, err := d.lookup(bucketName, key)
	if err != nil {
		return nil, err
	}
	return e.object(http.NoBody), nil
}

func (e entry) object(contents io.ReadCloser) *gofakes3.Object {
	headers := maps.Clone(e.Headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers["Last-Modified"] = e.Modified.UTC().Format(http.TimeFormat)
	return &gofakes3.Object{Name: e.Key, Metadata: headers, Size: e.Size, Hash: e.MD5, Contents: contents}
}

func (d *disk) GetObject(bucketName, key string, requested *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	f, e, err := d.open(bucketName, key)
	if err != nil {
		return nil, err
	}
	if requested != nil && requested.FromEnd && requested.End > e.Size {
		requested.End = e.Size // S3 answers with the whole object
	}
	part, err := requested.Range(e.Size)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	start, length := int64(0), e.Size
	if part != nil {
		start, length = part.Start, part.Length
	}
	object := e.object(struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, start, length), f})
	object.Range = part
	if part == nil {
		object.Metadata["X-Amz-Checksum-Crc32"] = base64.StdEncoding.EncodeToString(e.CRC32)
		object.Metadata["X-Amz-Checksum-Type"] = "FULL_OBJECT"
	}
	return object, nil
}

// open opens the file under the lock, so that file and entry are of the same object.
func (d *disk) open(bucketName, key string) (*os.File, entry, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	b, ok := d.buckets[bucketName]
	if !ok {
		return nil, entry{}, gofakes3.BucketNotFound(bucketName)
	}
	e, ok := b.entries[key]
	if !ok {
		return nil, entry{}, gofakes3.KeyNotFound(key)
	}
	f, err := os.Open(d.path(bucketName, key))
	if err != nil {
		return nil, entry{}, fmt.Errorf("opening an object: %w", err)
	}
	return f, e, nil
}

// PutObject writes the object aside without a lock, then checks the conditions and renames it into place under the lock.
func (d *disk) PutObject(bucketName, key string, meta map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	var none gofakes3.PutObjectResult
	f, err := os.CreateTemp(filepath.Join(d.root, tempDir), "*")
	if err != nil {
		return none, fmt.Errorf("creating an object: %w", err)
	}
	defer os.Remove(f.Name())
	e := entry{Key: key, Modified: time.Now().UTC(), Headers: kept(meta)}
	if err := e.write(f, input, size); err != nil {
		_ = f.Close()
		return none, err
	}
	if err := f.Close(); err != nil {
		return none, fmt.Errorf("writing an object: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.buckets[bucketName]
	if !ok {
		return none, gofakes3.BucketNotFound(bucketName)
	}
	if conditions != nil {
		old, exists := b.entries[key]
		if err := gofakes3.CheckPutConditions(conditions, &gofakes3.ConditionalObjectInfo{Exists: exists, Hash: old.MD5}); err != nil {
			return none, err
		}
	}
	path := d.path(bucketName, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return none, fmt.Errorf("storing an object: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return none, fmt.Errorf("storing an object: %w", err)
	}
	b.put(e)
	return none, nil
}

// write writes body and trailer, and completes the entry with what only the body tells.
func (e *entry) write(f io.Writer, input io.Reader, size int64) error {
	sum, crc := md5.New(), crc32.NewIEEE() //nolint:gosec // an S3 ETag is an MD5
	n, err := io.Copy(io.MultiWriter(f, sum, crc), input)
	if err != nil {
		return err // the reader's own error, which says what S3 says
	}
	if n != size {
		return gofakes3.ErrIncompleteBody
	}
	e.Size, e.MD5, e.CRC32 = n, sum.Sum(nil), crc.Sum(nil)
	trailer, err := e.trailer()
	if err != nil {
		return err
	}
	if _, err := f.Write(trailer); err != nil {
		return fmt.Errorf("writing an object: %w", err)
	}
	return nil
}

// kept is what S3 gives back of the headers of an upload.
func kept(meta map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range meta {
		switch {
		case strings.HasPrefix(name, "X-Amz-Meta-"), name == "Content-Type", name == "Content-Disposition", name == "Content-Encoding":
			out[name] = value
		}
	}
	return out
}

func (d *disk) DeleteObject(bucketName, key string) (gofakes3.ObjectDeleteResult, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return gofakes3.ObjectDeleteResult{}, d.remove(bucketName, key)
}

func (d *disk) remove(bucketName, key string) error {
	b, ok := d.buckets[bucketName]
	if !ok {
		return gofakes3.BucketNotFound(bucketName)
	}
	if _, ok := b.entries[key]; !ok {
		return nil // deleting what is not there succeeds
	}
	if err := os.Remove(d.path(bucketName, key)); err != nil {
		return fmt.Errorf("deleting an object: %w", err)
	}
	b.remove(key)
	return nil
}

func (d *disk) DeleteMulti(bucketName string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out gofakes3.MultiDeleteResult
	for _, key := range keys {
		if err := d.remove(bucketName, key); err != nil {
			return out, err
		}
		out.Deleted = append(out.Deleted, gofakes3.ObjectID{Key: key})
	}
	return out, nil
}

func (d *disk) CopyObject(srcBucket, srcKey, dstBucket, dstKey string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	f, e, err := d.open(srcBucket, srcKey)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	defer f.Close()
	if _, err := d.PutObject(dstBucket, dstKey, meta, io.NewSectionReader(f, 0, e.Size), e.Size, nil); err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	return gofakes3.CopyObjectResult{ETag: `"` + hex.EncodeToString(e.MD5) + `"`, LastModified: gofakes3.NewContentTime(time.Now())}, nil
}

package objectstore

import (
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// ListBucket lists keys in byte order, with prefix, delimiter and paging as S3 has them: a common prefix counts as one
// of the page's keys, and a page that ends with one goes on behind the whole group.
func (d *disk) ListBucket(name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	if prefix == nil {
		prefix = &gofakes3.Prefix{}
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	b, ok := d.buckets[name]
	if !ok {
		return nil, gofakes3.BucketNotFound(name)
	}
	out := gofakes3.NewObjectList()
	next, _ := slices.BinarySearch(b.keys, prefix.Prefix)
	if page.HasMarker {
		next = max(next, b.after(page.Marker, prefix.HasDelimiter && strings.HasSuffix(page.Marker, prefix.Delimiter)))
	}
	last := ""
	for next < len(b.keys) && strings.HasPrefix(b.keys[next], prefix.Prefix) {
		if page.MaxKeys > 0 && int64(len(out.Contents)+len(out.CommonPrefixes)) == page.MaxKeys {
			out.IsTruncated, out.NextMarker = true, last
			break
		}
		key := b.keys[next]
		if group, ok := commonPrefix(key, prefix); ok {
			out.AddPrefix(group)
			last, next = group, b.after(group, true)
			continue
		}
		e := b.entries[key]
		out.Add(&gofakes3.Content{
			Key: key, Size: e.Size, ETag: gofakes3.FormatETag(e.MD5),
			LastModified: gofakes3.NewContentTime(e.Modified), StorageClass: gofakes3.StorageStandard,
		})
		last = key
		next++
	}
	return out, nil
}

// commonPrefix is the part of the key up to the first delimiter behind the prefix.
func commonPrefix(key string, prefix *gofakes3.Prefix) (string, bool) {
	if !prefix.HasDelimiter {
		return "", false
	}
	i := strings.Index(key[len(prefix.Prefix):], prefix.Delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(prefix.Prefix)+i+len(prefix.Delimiter)], true
}

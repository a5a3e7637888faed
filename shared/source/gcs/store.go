package gcs

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/file"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// store reads a bucket: objects.list and objects.get, nothing else.
type store struct{ bucket *storage.BucketHandle }

var _ file.Store = (*store)(nil)

// pageObjects is the most that Cloud Storage lists at once.
const pageObjects = 1000

// List pins every object by its generation.
func (s *store) List(ctx context.Context, prefix, cursor string) (file.Page, error) {
	return list(ctx, s.bucket, prefix, cursor, pageObjects)
}

func list(ctx context.Context, bucket *storage.BucketHandle, prefix, cursor string, most int) (file.Page, error) {
	query := &storage.Query{Prefix: prefix, Projection: storage.ProjectionNoACL}
	if err := query.SetAttrSelection([]string{"Name", "Size", "Generation", "Updated"}); err != nil {
		return file.Page{}, err
	}
	var listed []*storage.ObjectAttrs
	next, err := iterator.NewPager(bucket.Objects(ctx, query), most, cursor).NextPage(&listed)
	if err != nil {
		return file.Page{}, err
	}
	page := file.Page{Objects: make([]file.Object, len(listed)), Next: next}
	for i, o := range listed {
		generation := strconv.FormatInt(o.Generation, 10)
		page.Objects[i] = file.Object{Key: o.Name, Size: o.Size, ETag: generation, Version: generation, LastModified: o.Updated}
	}
	return page, nil
}

// Open reads the object as it is stored: one with Content-Encoding gzip stays
// compressed, as ranges and sizes are of what is stored.
func (s *store) Open(ctx context.Context, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	if length == 0 {
		return http.NoBody, nil
	}
	return open(ctx, s.bucket, obj, offset, length)
}

func open(ctx context.Context, bucket *storage.BucketHandle, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	handle := bucket.Object(obj.Key).ReadCompressed(true)
	if obj.Version != "" {
		generation, err := strconv.ParseInt(obj.Version, 10, 64)
		if err != nil {
			return nil, fault.New(fault.SourceChanged, obj.Key+" is pinned to something that is no generation")
		}
		handle = handle.Generation(generation)
	}
	body, err := handle.NewRangeReader(ctx, offset, length)
	if err != nil {
		return nil, explain(obj, err)
	}
	if body.Attrs.Size != obj.Size {
		_ = body.Close() // it is the wrong content in any case
		return nil, changed(obj, nil)
	}
	return body, nil
}

// explain names the object in the failures that are about one object.
func explain(obj file.Object, err error) error {
	switch status := google.Status(err); {
	case errors.Is(err, storage.ErrObjectNotExist),
		status == http.StatusPreconditionFailed, status == http.StatusRequestedRangeNotSatisfiable:
		return changed(obj, err)
	case ownKey(err):
		return fault.Wrap(fault.SourceUnsupported, obj.Key+" is encrypted with a key that its owner keeps (CSEK), which Cloud Storage and Headwater do not have", err)
	case cloudKey(err):
		return fault.Wrap(fault.SourcePermission, obj.Key+": "+keyProblem, err)
	}
	return err
}

func changed(obj file.Object, err error) error {
	return fault.Wrap(fault.SourceChanged, obj.Key+" was replaced or removed since it was listed", err)
}

package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// Plan pins every object to the version that it lists, so that a run reads
// what was there at its beginning although files are replaced under it. Where
// the bucket keeps no versions, or the permissions for them are missing, the
// ETag is what holds: a file that is replaced then fails the run.
//
// The versions come with the listing: one call per thousand of them, the
// noncurrent ones included. Asking each object for its version instead would
// save a permission, and take a call per object in every run.
func (s *session) Plan(ctx context.Context, req source.PlanRequest) (source.Plan, error) {
	plan, err := s.files(s.versions()).Plan(ctx, req)
	if errors.Is(err, errUnlisted) {
		return s.Files.Plan(ctx, req)
	}
	return plan, err
}

func (s *session) versions() *versionStore { return &versionStore{store: s.store()} }

// errUnlisted is that versions cannot be listed, for what it wraps.
var errUnlisted = errors.New("versions cannot be listed")

// noVersion is the version of what was put while the bucket kept no versions.
// It is replaced in place, so it pins nothing.
const noVersion = "null"

// versionStore lists current objects with their versions, where those may be read.
type versionStore struct {
	*store
	mu      sync.Mutex
	settled bool  // whether objects can be read by their version is known
	denials int   // objects that are denied by their version and without it
	lacks   error // why versions are denied
}

var _ file.Store = (*versionStore)(nil)

// mark is a place in a listing of versions. Latest is the last object that was
// listed before it: some stores begin a page with the version that ended the one before.
type mark struct{ Key, Version, Latest string }

// List fails with errUnlisted when only a listing without versions can be had.
func (s *versionStore) List(ctx context.Context, prefix, cursor string) (file.Page, error) {
	in := &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &prefix}
	var at mark
	if cursor != "" {
		if err := json.Unmarshal([]byte(cursor), &at); err != nil {
			return file.Page{}, fmt.Errorf("reading the cursor of a listing: %w", err)
		}
		in.KeyMarker = &at.Key
		if at.Version != "" {
			in.VersionIdMarker = &at.Version
		}
	}
	out, err := s.client.ListObjectVersions(ctx, in)
	if unlisted(err) {
		return file.Page{}, fmt.Errorf("%w: %w", errUnlisted, err)
	}
	if err != nil {
		return file.Page{}, err
	}
	var page file.Page
	for _, v := range out.Versions {
		if key := aws.ToString(v.Key); !aws.ToBool(v.IsLatest) || cursor != "" && key == at.Latest {
			continue
		}
		obj := file.Object{
			Key: aws.ToString(v.Key), Size: aws.ToInt64(v.Size), ETag: aws.ToString(v.ETag),
			Version: aws.ToString(v.VersionId), LastModified: aws.ToTime(v.LastModified),
		}
		if err := s.pin(ctx, &obj); err != nil {
			return file.Page{}, err
		}
		page.Objects = append(page.Objects, obj)
		at.Latest = obj.Key
	}
	if aws.ToBool(out.IsTruncated) {
		next, err := json.Marshal(mark{aws.ToString(out.NextKeyMarker), aws.ToString(out.NextVersionIdMarker), at.Latest})
		if err != nil {
			panic("s3: marks always marshal: " + err.Error())
		}
		if page.Next = string(next); page.Next == cursor {
			return file.Page{}, errors.New("listing versions: the store does not go on from its own marker")
		}
	}
	return page, nil
}

// unlisted reports whether a store refuses to list versions, and may well list objects.
func unlisted(err error) bool {
	class, _ := classOf(err)
	code := codeOf(err)
	return err != nil && !assuming(err) && (class == fault.SourcePermission || code == "NotImplemented" || code == "MethodNotAllowed")
}

// pin leaves the version of an object only if it can be read by it. The first
// object that has one shows that for all.
func (s *versionStore) pin(ctx context.Context, obj *file.Object) error {
	if obj.Version == noVersion || obj.Size == 0 {
		obj.Version = ""
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.settled {
		if err := s.settle(ctx, *obj); err != nil {
			return err
		}
	}
	if s.lacks != nil {
		obj.Version = ""
	}
	return nil
}

// settle tries to read an object by its version. One that is denied without it
// too says nothing of versions: rights may end at some directories.
func (s *versionStore) settle(ctx context.Context, obj file.Object) error {
	err := s.try(ctx, obj)
	switch code := fault.CodeOf(err); {
	case err == nil:
	case code == fault.SourcePermission && !keyDenied(err):
		obj.Version = ""
		if without := s.try(ctx, obj); fault.CodeOf(without) == fault.SourcePermission && !keyDenied(without) && s.denials < samples {
			s.denials++
			return nil
		}
		s.lacks = err
	case code == fault.SourcePermission, code == fault.SourceChanged, code == fault.SourceMalformed:
		// S3 gives the version: what is wrong with this object shows when it is read.
	default:
		return err
	}
	s.settled = true
	return nil
}

func (s *versionStore) try(ctx context.Context, obj file.Object) error {
	body, err := s.Open(ctx, obj, 0, 1)
	if err != nil {
		return err
	}
	return body.Close()
}

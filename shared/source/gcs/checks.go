package gcs

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/storage"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// Checks of a connection. Each looks at one thing, so that one mistake fails one
// check; those of a permission have its name.
const (
	checkReach        = "gcs.reach"
	checkAuthenticate = "gcs.authenticate"
	checkBucket       = "storage.buckets.get"
	checkList         = "storage.objects.list"
	checkGet          = "storage.objects.get"
	checkOverPower    = "gcs.over_privilege"
)

// Checks lists the checks, in order. storage.buckets.get is advisory: no row
// needs it, and the role that suffices for reading does not have it.
func (s *session) Checks() []source.Check {
	return []source.Check{
		{Name: checkReach, Title: "Reach the bucket", Run: s.reach, Remedy: s.remedy},
		{Name: checkAuthenticate, Title: "Authenticate at Google", Requires: []string{checkReach}, Run: s.authenticate, Remedy: s.remedy},
		{Name: checkBucket, Title: "See the bucket's settings", Advisory: true, Requires: []string{checkAuthenticate}, Run: s.describe, Remedy: s.describeRemedy},
		{Name: checkList, Title: "List objects under the prefix", Requires: []string{checkAuthenticate}, Run: s.listObjects, Remedy: s.remedy},
		{Name: checkGet, Title: "Read an object under the prefix", Requires: []string{checkList}, Run: s.getObject, Remedy: s.remedy},
		{Name: checkOverPower, Title: "Look for rights that are not needed", Advisory: true, Requires: []string{checkAuthenticate}, Run: s.overPrivilege, Remedy: s.remedy},
	}
}

// reach asks for the bucket without a credential and, when Cloud Storage
// answers at all, with it: only the latter is told for certain that there is no
// such bucket. Whatever else is said of the caller is no matter of this check.
func (s *session) reach(ctx context.Context) (source.Finding, error) {
	if _, err := s.stranger.Attrs(ctx); err != nil && !answered(err) {
		return source.Finding{}, err
	}
	if _, err := s.bucket.Attrs(ctx); codeOf(err) == fault.SourceNotFound {
		return source.Finding{}, err
	}
	return source.Finding{Detail: "Cloud Storage answers"}, ctx.Err()
}

// answered reports whether Cloud Storage answered that this is not for the caller,
// which it may do by denying that there is anything.
func answered(err error) bool {
	switch codeOf(err) {
	case fault.SourceAuthentication, fault.SourceExpired, fault.SourcePermission, fault.SourceInvalidConfig, fault.SourceNotFound, fault.SourceChanged:
		return true
	}
	return false
}

func codeOf(err error) fault.Code {
	if err == nil {
		return ""
	}
	if class := (Driver{}).Classify(err); class != nil {
		return class.Code
	}
	return ""
}

func (s *session) authenticate(ctx context.Context) (source.Finding, error) {
	if err := s.access.Authenticate(ctx); err != nil {
		return source.Finding{}, err
	}
	who := s.access.Principal()
	if who == "" {
		who = "the user who consented"
	}
	return source.Finding{Detail: "Google gave an access token to " + who}, nil
}

func (s *session) describe(ctx context.Context) (source.Finding, error) {
	var attrs *storage.BucketAttrs
	how, err := s.prove(ctx, checkBucket, func(ctx context.Context, b *storage.BucketHandle) (err error) {
		attrs, err = b.Attrs(ctx)
		return err
	})
	if err != nil {
		return source.Finding{}, err
	}
	detail := fmt.Sprintf("the bucket is in %s (%s)", attrs.Location, attrs.LocationType)
	if attrs.VersioningEnabled {
		detail += ", keeps old generations"
	}
	if attrs.RequesterPays {
		detail += ", has the requester pay"
	}
	return source.Finding{Detail: detail + how}, nil
}

func (s *session) listObjects(ctx context.Context) (source.Finding, error) {
	how, err := s.prove(ctx, checkList, func(ctx context.Context, b *storage.BucketHandle) error {
		_, err := list(ctx, b, s.config.prefix, "", 1)
		return err
	})
	if err != nil {
		return source.Finding{}, err
	}
	obj, found, err := s.anyObject(ctx)
	switch {
	case err != nil:
		return source.Finding{}, err
	case !found:
		return source.Finding{
			Warning: "there is no object with content under the prefix yet",
			Remedy:  source.Remedy{Text: "Check the prefix; it is case-sensitive. If it is right, the tables appear once files arrive and the schema is refreshed."},
		}, nil
	}
	return source.Finding{Detail: "found " + obj.Key + how}, nil
}

// anyObject returns an object with content from the first page of the prefix.
func (s *session) anyObject(ctx context.Context) (file.Object, bool, error) {
	page, err := s.store.List(ctx, s.config.prefix, "")
	if err != nil {
		return file.Object{}, false, err
	}
	for _, obj := range page.Objects {
		if obj.Size > 0 {
			return obj, true, nil
		}
	}
	return file.Object{}, false, nil
}

// getObject reads one byte of one object. Without one it has only what
// testIamPermissions says, which knows nothing of conditions.
func (s *session) getObject(ctx context.Context) (source.Finding, error) {
	obj, found, err := s.anyObject(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	if !found {
		granted, err := s.bucket.IAM().TestPermissions(ctx, []string{checkGet})
		if err != nil || len(granted) > 0 {
			return source.Finding{Detail: "the credential may read, and there is no object to read yet"}, err
		}
		return source.Finding{
			Warning: "there is no object to read yet, and the permission is not granted on the whole bucket",
			Remedy:  s.grant("Nothing to do if the permission is granted under a condition. If not, grant it."),
		}, nil
	}
	how, err := s.prove(ctx, checkGet, func(ctx context.Context, b *storage.BucketHandle) error {
		body, err := open(ctx, b, obj, 0, 1)
		if err != nil {
			return err
		}
		return body.Close()
	})
	return source.Finding{Detail: "read " + obj.Key + how}, err
}

// excess are permissions that reading does not need. Asking for them changes nothing.
var excess = []string{
	"storage.objects.create", "storage.objects.delete", "storage.objects.update", "storage.objects.setIamPolicy",
	"storage.buckets.update", "storage.buckets.delete", "storage.buckets.setIamPolicy",
}

func (s *session) overPrivilege(ctx context.Context) (source.Finding, error) {
	granted, err := s.bucket.IAM().TestPermissions(ctx, excess)
	if err != nil {
		return source.Finding{}, err
	}
	if len(granted) == 0 {
		return source.Finding{Detail: "the credential may not change the bucket or its objects"}, nil
	}
	return source.Finding{
		Warning: "the credential may do more than it needs: " + strings.Join(granted, ", "),
		Remedy:  s.grant("Take the other roles on the bucket and its project from the account, and grant these."),
	}, nil
}

// prove runs a probe and looks for a second source of what it shows: that
// testIamPermissions names the permission or, as that knows nothing of
// conditions, that somebody without a credential is refused. An API that lets
// everybody do everything would else pass for one that granted something.
func (s *session) prove(ctx context.Context, permission string, probe func(context.Context, *storage.BucketHandle) error) (how string, err error) {
	if err := probe(ctx, s.bucket); err != nil {
		return "", err
	}
	granted, err := s.bucket.IAM().TestPermissions(ctx, []string{permission})
	if err != nil || len(google.Lacking(granted, permission)) == 0 {
		return "", err
	}
	switch err := probe(ctx, s.stranger); {
	case err == nil:
		return "", fault.New(fault.SourcePermission, "the credential lacks "+permission+": Cloud Storage lets anybody do this, with or without it")
	case !answered(err):
		return "", err
	}
	return "; the permission is granted under a condition", nil
}

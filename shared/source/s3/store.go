package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// store reads a bucket: ListObjectsV2 and GetObject, nothing else.
type store struct {
	client *s3.Client
	bucket string
}

var _ file.Store = (*store)(nil)

func (s *store) List(ctx context.Context, prefix, cursor string) (file.Page, error) {
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}
	if cursor != "" {
		in.ContinuationToken = &cursor
	}
	out, err := s.client.ListObjectsV2(ctx, in)
	if err != nil {
		return file.Page{}, err
	}
	page := file.Page{Objects: make([]file.Object, len(out.Contents))}
	for i, o := range out.Contents {
		page.Objects[i] = file.Object{Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), ETag: aws.ToString(o.ETag), LastModified: aws.ToTime(o.LastModified)}
	}
	if aws.ToBool(out.IsTruncated) {
		page.Next = aws.ToString(out.NextContinuationToken)
	}
	return page, nil
}

func (s *store) Open(ctx context.Context, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &obj.Key}
	if obj.ETag != "" {
		in.IfMatch = &obj.ETag
	}
	if obj.Version != "" {
		in.VersionId = &obj.Version
	}
	switch {
	case length == 0:
		return http.NoBody, nil
	case length > 0:
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1))
	case offset > 0:
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", offset))
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		return nil, explain(obj, err)
	}
	// Not every store knows If-Match on reads.
	if other := aws.ToString(out.ETag); (obj.ETag != "" && other != obj.ETag) || total(out) != obj.Size {
		_ = out.Body.Close() // it is the wrong content in any case
		return nil, changed(obj, nil)
	}
	return out.Body, nil
}

// total is the size of the whole object of an answer.
func total(out *s3.GetObjectOutput) int64 {
	if _, size, ok := strings.Cut(aws.ToString(out.ContentRange), "/"); ok {
		if n, err := strconv.ParseInt(size, 10, 64); err == nil {
			return n
		}
	}
	return aws.ToInt64(out.ContentLength)
}

// explain names the object in the failures that are about one object.
func explain(obj file.Object, err error) error {
	var answer *awshttp.ResponseError
	if assuming(err) || !errors.As(err, &answer) {
		return err
	}
	switch answer.HTTPStatusCode() {
	case http.StatusNotFound, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		if codeOf(err) != "NoSuchBucket" {
			return changed(obj, err)
		}
	}
	if codeOf(err) == "InvalidObjectState" {
		return fault.Wrap(fault.SourceMalformed, obj.Key+": the object is archived; restore it, or move it out of the prefix", err)
	}
	if code, _ := classOf(err); code == fault.SourcePermission {
		action := deniedAction(err)
		if action == "s3:GetObject" && obj.Version != "" {
			action = "s3:GetObjectVersion"
		}
		return fault.Wrap(code, obj.Key+": AWS denied "+action, err)
	}
	return err
}

func changed(obj file.Object, err error) error {
	return fault.Wrap(fault.SourceChanged, obj.Key+" was replaced or removed since it was listed", err)
}

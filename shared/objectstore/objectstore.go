// Package objectstore keeps large values as objects of one S3 bucket: schema
// snapshots, plans, recorded data files, quarantine.
package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
)

// Store is the bucket.
type Store struct {
	client *s3.Client
	bucket string
}

var _ connection.Objects = (*Store)(nil)

// New returns the store in a bucket.
func New(client *s3.Client, bucket string) *Store { return &Store{client: client, bucket: bucket} }

// Put writes an object, whole or not at all. One with the same key is replaced.
func (s *Store) Put(ctx context.Context, key string, body []byte) error {
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))),
	})
	return classify("writing object", err)
}

// Get reads a whole object. A missing one is fault.Internal: only keys that
// Headwater has written are asked for.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) { return s.get(ctx, key, nil) }

// GetRange reads length bytes of an object from offset, or as many as there are.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	return s.get(ctx, key, aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)))
}

func (s *Store) get(ctx context.Context, key string, part *string) (body []byte, err error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, Range: part})
	if err != nil {
		return nil, classify("reading object", err)
	}
	defer func() { err = errors.Join(err, classify("reading object", out.Body.Close())) }()
	buffer := bytes.NewBuffer(make([]byte, 0, max(0, aws.ToInt64(out.ContentLength))+bytes.MinRead))
	if _, err := io.Copy(buffer, out.Body); err != nil {
		return nil, classify("reading object", fmt.Errorf("%w: %w", errBroken, err))
	}
	return buffer.Bytes(), nil
}

// errBroken is an answer that ended before its object did.
var errBroken = errors.New("the connection broke")

// Keys yields the keys that begin with prefix, in order.
func (s *Store) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", classify("listing objects", err))
				return
			}
			for _, object := range page.Contents {
				if !yield(aws.ToString(object.Key), nil) {
					return
				}
			}
		}
	}
}

// maxDelete is how many objects S3 deletes at once.
const maxDelete = 1000

// Delete removes objects. Those that are not there are fine.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for chunk := range slices.Chunk(keys, maxDelete) {
		objects := make([]types.ObjectIdentifier, len(chunk))
		for n := range chunk {
			objects[n].Key = &chunk[n]
		}
		out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &s.bucket, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return classify("deleting objects", err)
		}
		if len(out.Errors) > 0 {
			return classify("deleting objects", &smithy.GenericAPIError{
				Code: aws.ToString(out.Errors[0].Code), Message: aws.ToString(out.Errors[0].Message),
			})
		}
	}
	return nil
}

// classify gives an error of S3 its fault. A context's own end stays as it is.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return wrapped
	}
	var lost *smithyhttp.RequestSendError
	if errors.As(err, &lost) || errors.Is(err, errBroken) {
		return fault.Wrap(fault.Unavailable, "the object store could not be reached", wrapped)
	}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return wrapped
	}
	switch answer.ErrorCode() {
	case "NoSuchKey":
		return fault.Wrap(fault.Internal, "an object that Headwater keeps is missing", wrapped)
	case "SlowDown", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests":
		return fault.Wrap(fault.Throttled, "the object store is throttling", wrapped)
	case "InternalError", "ServiceUnavailable", "RequestTimeout":
		return fault.Wrap(fault.Unavailable, "the object store did not answer", wrapped)
	}
	if status := httpStatus(err); status >= 500 {
		return fault.Wrap(fault.Unavailable, "the object store did not answer", wrapped)
	}
	return wrapped
}

func httpStatus(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

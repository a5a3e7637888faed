package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// partBytes is what a file holds in memory on its way to S3, which takes parts from 5 MiB.
const partBytes = 8 << 20

// Bucket is a Sink that writes objects to S3, large ones in parts.
type Bucket struct {
	Client *s3.Client
	Name   string
	Prefix string
}

var _ Sink = Bucket{}

// Create implements Sink. Nothing is sent before the first part is full or the file is closed.
func (b Bucket) Create(ctx context.Context, name string) (io.WriteCloser, error) {
	return &object{ctx: ctx, bucket: b, key: path.Join(b.Prefix, name)}, nil
}

type object struct {
	ctx    context.Context // Sink ties the file's life to it
	bucket Bucket
	key    string
	buf    []byte
	upload *string // nil until the first part is full
	parts  []types.CompletedPart
	err    error // of the first request that failed
}

func (o *object) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	o.buf = append(o.buf, p...)
	for len(o.buf) >= partBytes {
		if o.err = o.send(o.buf[:partBytes]); o.err != nil {
			return 0, o.err
		}
		o.buf = o.buf[:copy(o.buf, o.buf[partBytes:])]
	}
	return len(p), nil
}

func (o *object) Close() error {
	o.err = errors.Join(o.err, o.ctx.Err())
	if o.err == nil {
		o.err = o.finish()
	}
	if o.err == nil || o.upload == nil {
		return o.err
	}
	_, err := o.bucket.Client.AbortMultipartUpload(context.WithoutCancel(o.ctx), &s3.AbortMultipartUploadInput{
		Bucket: &o.bucket.Name, Key: &o.key, UploadId: o.upload,
	})
	if err != nil {
		return errors.Join(o.err, fmt.Errorf("abandoning upload: %w", err))
	}
	return o.err
}

func (o *object) finish() error {
	if o.upload == nil {
		_, err := o.bucket.Client.PutObject(o.ctx, &s3.PutObjectInput{
			Bucket: &o.bucket.Name, Key: &o.key, Body: bytes.NewReader(o.buf),
		})
		if err != nil {
			return fmt.Errorf("putting object: %w", err)
		}
		return nil
	}
	if len(o.buf) > 0 {
		if err := o.send(o.buf); err != nil {
			return err
		}
	}
	_, err := o.bucket.Client.CompleteMultipartUpload(o.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &o.bucket.Name, Key: &o.key, UploadId: o.upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: o.parts},
	})
	if err != nil {
		return fmt.Errorf("completing upload: %w", err)
	}
	return nil
}

func (o *object) send(part []byte) error {
	if o.upload == nil {
		begun, err := o.bucket.Client.CreateMultipartUpload(o.ctx, &s3.CreateMultipartUploadInput{
			Bucket: &o.bucket.Name, Key: &o.key,
		})
		if err != nil {
			return fmt.Errorf("beginning upload: %w", err)
		}
		o.upload = begun.UploadId
	}
	number := int32(len(o.parts) + 1)
	sent, err := o.bucket.Client.UploadPart(o.ctx, &s3.UploadPartInput{
		Bucket: &o.bucket.Name, Key: &o.key, UploadId: o.upload, PartNumber: &number, Body: bytes.NewReader(part),
	})
	if err != nil {
		return fmt.Errorf("uploading part: %w", err)
	}
	o.parts = append(o.parts, types.CompletedPart{ETag: sent.ETag, PartNumber: &number, ChecksumCRC32: sent.ChecksumCRC32})
	return nil
}

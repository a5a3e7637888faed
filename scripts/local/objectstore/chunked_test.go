package objectstore_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// chunkedEncoding makes the client send its body as it does over TLS: aws-chunked, unsigned, with a trailer. The SDK itself
// refuses to do so over plain HTTP.
func chunkedEncoding(stack *middleware.Stack) error {
	if err := v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware(stack); err != nil {
		return err
	}
	_, _ = stack.Finalize.Remove("AWSChecksum:ComputeInputPayloadChecksum")
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("chunk", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		req := in.Request.(*smithyhttp.Request)
		plain, err := io.ReadAll(req.GetStream())
		if err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, err
		}
		var body bytes.Buffer
		for chunk := range chunks(plain, 64<<10) {
			fmt.Fprintf(&body, "%x\r\n%s\r\n", len(chunk), chunk)
		}
		body.WriteString("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n")
		req.Header.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(len(plain)))
		req.Header.Set("Content-Encoding", "aws-chunked,"+req.Header.Get("Content-Encoding"))
		req.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		req.ContentLength = int64(body.Len())
		if req, err = req.SetStream(bytes.NewReader(body.Bytes())); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, err
		}
		in.Request = req
		return next.HandleFinalize(v4.SetPayloadHash(ctx, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), in)
	}), "Signing", middleware.Before)
}

func chunks(b []byte, size int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := min(size, len(b))
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}

package objectstore

import (
	"net/http"
	"net/url"
	"strings"
)

// request is what a request wants to do, in the words of S3's permissions. The key is a prefix when the action is s3:ListBucket.
type request struct {
	action, bucket, key string
	unsupported         string // the sub-resource that the laptop stack does not serve
}

// parameters that do not name a sub-resource of its own.
var plain = map[string]bool{
	"list-type": true, "prefix": true, "delimiter": true, "marker": true, "continuation-token": true, "start-after": true,
	"max-keys": true, "fetch-owner": true, "x-id": true, "partNumber": true, "uploadId": true, "uploads": true, "delete": true,
	"location": true, "versioning": true, "max-uploads": true, "key-marker": true, "upload-id-marker": true, "max-parts": true,
	"part-number-marker": true, "max-buckets": true, "response-content-type": true, "response-content-disposition": true,
	"response-content-encoding": true, "response-cache-control": true,
}

func parse(r *http.Request) request {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	out := request{bucket: bucket, key: key, action: action(r.Method, bucket, key, query)}
	if out.action == "s3:ListBucket" {
		out.key = query.Get("prefix")
	}
	for name := range query {
		switch {
		case name == "versions":
			out.unsupported, out.action, out.key = name, "s3:ListBucketVersions", query.Get("prefix")
		case !plain[name]:
			out.unsupported, out.action = name, "s3:*"+name
		}
	}
	return out
}

func action(method, bucket, key string, query url.Values) string {
	switch {
	case bucket == "":
		return "s3:ListAllMyBuckets"
	case key == "":
		return bucketAction(method, query)
	case query.Has("uploadId") && method == http.MethodGet:
		return "s3:ListMultipartUploadParts"
	case query.Has("uploadId") && method == http.MethodDelete:
		return "s3:AbortMultipartUpload"
	case method == http.MethodGet, method == http.MethodHead:
		return "s3:GetObject"
	case method == http.MethodDelete:
		return "s3:DeleteObject"
	default:
		return "s3:PutObject"
	}
}

func bucketAction(method string, query url.Values) string {
	switch {
	case method == http.MethodPut && query.Has("versioning"):
		return "s3:PutBucketVersioning"
	case method == http.MethodPut:
		return "s3:CreateBucket"
	case method == http.MethodDelete:
		return "s3:DeleteBucket"
	case method == http.MethodPost:
		return "s3:DeleteObject"
	case query.Has("location"):
		return "s3:GetBucketLocation"
	case query.Has("versioning"):
		return "s3:GetBucketVersioning"
	case query.Has("uploads"):
		return "s3:ListBucketMultipartUploads"
	default:
		return "s3:ListBucket"
	}
}

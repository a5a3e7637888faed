package asltest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// Objects keeps S3 objects as files of a folder.
type Objects string

var _ asl.Objects = Objects("")

// GetObject reads an object.
func (o Objects) GetObject(_ context.Context, bucket, key string) ([]byte, error) {
	body, err := os.ReadFile(o.path(bucket, key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &asl.Error{Name: "S3.NoSuchKeyException", Cause: "The specified key does not exist."}
	}
	return body, err
}

// PutObject writes an object.
func (o Objects) PutObject(_ context.Context, bucket, key string, body []byte) error {
	path := o.path(bucket, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}

func (o Objects) path(bucket, key string) string {
	return filepath.Join(string(o), bucket, filepath.FromSlash(key))
}

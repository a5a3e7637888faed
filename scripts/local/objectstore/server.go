package objectstore

import (
	"fmt"
	"net/http"

	"github.com/johannesboyne/gofakes3"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

// Config is what an object store runs with.
type Config struct {
	Dir     string // where the objects are kept
	Region  string // what requests must be signed for
	Ring    *access.Ring
	Buckets []string // created when they are missing
}

// Open returns S3 over a directory. Objects survive a restart; multipart uploads that are not completed do not.
// Not served, and refused: versions, tags, ACLs, policies, presigned URLs.
func Open(cfg Config) (http.Handler, error) {
	d, err := openDisk(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the object store: %w", err)
	}
	for _, name := range cfg.Buckets {
		if exists, _ := d.BucketExists(name); exists {
			continue
		}
		if err := d.CreateBucket(name); err != nil {
			return nil, fmt.Errorf("creating bucket %s: %w", name, err)
		}
	}
	// The front has checked the time already.
	s3 := gofakes3.New(d, gofakes3.WithTimeSkewLimit(0))
	return &front{ring: cfg.Ring, region: cfg.Region, disk: d, next: s3.Server()}, nil
}

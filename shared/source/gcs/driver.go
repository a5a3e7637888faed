// Package gcs reads tables from the files of a Google Cloud Storage bucket.
package gcs

import (
	"context"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/file"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// Driver is the Cloud Storage platform.
type Driver struct{ endpoints source.Endpoints }

var _ source.Driver = Driver{}

// New returns the driver.
func New(endpoints source.Endpoints) Driver { return Driver{endpoints} }

// Spec describes the platform.
func (Driver) Spec() source.Spec { return catalog.GCS() }

// sdkAttempts is small: the portable layer retries too, and from a checkpoint.
const sdkAttempts = 2

// Open makes the clients. Nothing is sent yet. The tokens may read and nothing
// else, whatever the credential could do; those of a user may what the user consented to.
func (d Driver) Open(ctx context.Context, cfg source.Config) (source.Session, error) {
	dialect, err := file.Settings(cfg)
	if err != nil {
		return nil, err
	}
	access, err := google.Open(cfg.Credential, d.endpoints, google.ScopeStorageReadOnly)
	if err != nil {
		return nil, err
	}
	access.Identify(cfg.Connection)
	own, err := connect(ctx, access.REST(source.EndpointGCS, apiPath))
	if err != nil {
		return nil, err
	}
	stranger, err := connect(ctx, access.Anonymous(source.EndpointGCS, apiPath))
	if err != nil {
		return nil, err
	}
	s := &session{config: parse(cfg, access.Principal()), access: access}
	s.bucket, s.stranger = s.config.handle(own), s.config.handle(stranger)
	s.store = &store{bucket: s.bucket}
	s.Files = file.New(s.store, s.config.prefix, dialect)
	return s, nil
}

// apiPath is the JSON API's.
const apiPath = "/storage/v1/"

// connect makes a client. It downloads by the XML API, as the SDK's JSON
// downloads cannot ask for an object as it is stored.
func connect(ctx context.Context, options []option.ClientOption) (*storage.Client, error) {
	client, err := storage.NewClient(ctx, append(options, storage.WithDisabledClientMetrics())...)
	if err != nil {
		return nil, err
	}
	client.SetRetry(storage.WithMaxAttempts(sdkAttempts), storage.WithErrorFunc(retryable))
	return client, nil
}

// retryable leaves to the portable layer what takes longer to go away than a
// client should hold a request: being told to slow down.
func retryable(err error) bool {
	return google.Status(err) != tooManyRequests && storage.ShouldRetry(err)
}

// config is a connection's settings.
type config struct {
	bucket, prefix, billing string
	grant                   source.GrantRequest // what the connection needs, and no more
}

func parse(cfg source.Config, principal string) config {
	prefix := strings.Trim(cfg.Text("prefix"), "/")
	if prefix != "" {
		prefix += "/"
	}
	return config{
		bucket: cfg.Text("bucket"), prefix: prefix, billing: cfg.Text("billing_project"),
		grant: source.GrantRequest{Settings: cfg.Settings, Method: cfg.Credential.Method, Connection: cfg.Connection, Identity: principal},
	}
}

// handle is the bucket, as a client sees it.
func (c config) handle(client *storage.Client) *storage.BucketHandle {
	bucket := client.Bucket(c.bucket)
	if c.billing != "" {
		bucket = bucket.UserProject(c.billing)
	}
	return bucket
}

// session is one bucket, opened with one credential.
type session struct {
	*file.Files
	config   config
	access   *google.Access
	store    *store
	bucket   *storage.BucketHandle
	stranger *storage.BucketHandle // the bucket as somebody without a credential sees it
}

// Close leaves the clients as they are: they hold nothing but the connections,
// and may be in use.
func (s *session) Close() error {
	s.access.Close()
	return nil
}

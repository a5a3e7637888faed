// Package bigquery reads Google BigQuery: tables by the Storage Read API, and
// views, external tables and queries by a query job whose result is read.
package bigquery

import (
	"context"
	"errors"
	"fmt"
	"sync"

	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/option"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// Driver is the BigQuery platform.
type Driver struct{ endpoints source.Endpoints }

var _ source.Driver = Driver{}

// New returns the driver.
func New(endpoints source.Endpoints) Driver { return Driver{endpoints: endpoints} }

// Spec describes the platform.
func (Driver) Spec() source.Spec { return catalog.BigQuery() }

// Open makes the clients. Nothing is sent yet.
func (d Driver) Open(ctx context.Context, cfg source.Config) (source.Session, error) {
	c, err := parse(cfg)
	if err != nil {
		return nil, err
	}
	access, err := google.Open(cfg.Credential, d.endpoints, google.ScopeBigQuery, google.ScopePlatformReadOnly)
	if err != nil {
		return nil, err
	}
	access.Identify(cfg.Connection)
	rest, err := bigquery.NewService(ctx, access.REST(source.EndpointBigQuery, "/bigquery/v2/")...)
	if err != nil {
		return nil, fmt.Errorf("making the client: %w", err)
	}
	conn, err := access.Dial(source.EndpointBigQueryStorage)
	if err != nil {
		return nil, err
	}
	reads, err := storage.NewBigQueryReadClient(ctx, option.WithGRPCConn(conn))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the client: %w", err), conn.Close())
	}
	// The client's own retries are left out: the portable layer retries, from a checkpoint.
	reads.CallOptions = &storage.BigQueryReadCallOptions{}
	s := &session{config: c, access: access, rest: rest, reads: reads, pace: newPace(concurrency)}
	s.close = sync.OnceValue(func() error {
		access.Close()
		return reads.Close()
	})
	return s, nil
}

// session is one project, opened with one credential.
type session struct {
	config config
	access *google.Access
	rest   *bigquery.Service
	reads  *storage.BigQueryReadClient
	pace   *pace
	close  func() error

	listing listing
}

var (
	_ source.Session   = (*session)(nil)
	_ source.Estimator = (*session)(nil)
	_ source.Counter   = (*session)(nil)
)

func (s *session) Close() error { return s.close() }

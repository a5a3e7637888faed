// Package s3 reads tables from the files of an Amazon S3 bucket.
package s3

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// Driver is the S3 platform.
type Driver struct{}

var _ source.Driver = Driver{}

// New returns the driver.
func New() Driver { return Driver{} }

// Spec describes the platform.
func (Driver) Spec() source.Spec { return catalog.S3() }

// Open makes the clients. Nothing is sent yet. The process's own credentials
// serve to assume the connection's role and for nothing else; endpoints may
// come from AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_STS.
func (Driver) Open(ctx context.Context, cfg source.Config) (source.Session, error) {
	c, err := parse(cfg)
	if err != nil {
		return nil, err
	}
	dialect, err := file.Settings(cfg)
	if err != nil {
		return nil, err
	}
	awscfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithHTTPClient(awshttp.NewBuildableClient()), awsconfig.WithRetryMaxAttempts(sdkAttempts))
	if err != nil {
		return nil, err
	}
	transport := transportOf(awscfg)
	awscfg.HTTPClient = &http.Client{Transport: transport, CheckRedirect: noRedirect}
	if awscfg.Region == "" || !c.assumes() {
		awscfg.Region = c.region // a key is asked about where it is used: other partitions do not know it
	}
	s := &session{config: c, broker: broker{config: c, own: sts.NewFromConfig(awscfg)}}
	cache := s.broker.credentials()
	awscfg.Credentials = cache
	s.sts = sts.NewFromConfig(awscfg, func(o *sts.Options) { o.Retryer = renewing(cache) })
	awscfg.Region = c.region
	s.s3 = s3.NewFromConfig(awscfg, s.reading, func(o *s3.Options) { o.Retryer = renewing(cache) })
	s.files = func(store file.Store) *file.Files { return file.New(store, c.prefix, dialect) }
	s.Files = s.files(s.store())
	s.close = sync.OnceFunc(transport.CloseIdleConnections)
	return s, nil
}

// transportOf is a transport of the session's own, so that Close can close its
// connections; it has the certificates that the SDK was configured with.
func transportOf(cfg aws.Config) *http.Transport {
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		client = awshttp.NewBuildableClient()
	}
	transport := client.GetTransport()
	transport.DialContext = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	transport.TLSHandshakeTimeout = 5 * time.Second
	transport.ResponseHeaderTimeout = 30 * time.Second
	transport.MaxIdleConnsPerHost = 64
	transport.ForceAttemptHTTP2 = false // ranges read faster over connections of their own
	return transport
}

// noRedirect keeps S3's redirect to another region an answer.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// session is one bucket, opened with one credential.
type session struct {
	*file.Files
	config config
	broker broker
	s3     *s3.Client
	sts    *sts.Client // with the connection's credentials
	files  func(file.Store) *file.Files
	close  func()
}

func (s *session) Close() error {
	s.close()
	return nil
}

func (s *session) store() *store { return &store{client: s.s3, bucket: s.config.bucket} }

// reading is how every client of the session reads.
func (s *session) reading(o *s3.Options) {
	o.UsePathStyle = o.BaseEndpoint != nil // other endpoints rarely have a host name per bucket
	o.DisableLogOutputChecksumValidationSkipped = true
	if s.config.requesterPays {
		o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Amz-Request-Payer", "requester"))
	}
}

// anonymous sends a request unsigned.
func anonymous(o *s3.Options) { o.Credentials = nil }

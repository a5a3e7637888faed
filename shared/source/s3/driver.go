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
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

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

// sdkAttempts is small: the portable layer retries too, and from a checkpoint.
const sdkAttempts = 2

// Open makes the clients. Nothing is sent yet. The credential is the
// connection's, never the one of the process; endpoints may come from
// AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_STS.
func (Driver) Open(ctx context.Context, cfg source.Config) (source.Session, error) {
	c := parse(cfg)
	awscfg, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithRegion(c.region),
		awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.keyID, c.secret.Reveal(), c.token.Reveal())),
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient()),
		awsconfig.WithRetryMaxAttempts(sdkAttempts),
	)
	if err != nil {
		return nil, err
	}
	transport := transportOf(awscfg)
	awscfg.HTTPClient = &http.Client{Transport: transport, CheckRedirect: noRedirect}
	client := s3.NewFromConfig(awscfg, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil // other endpoints rarely have a host name per bucket
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	s := &session{
		config: c,
		s3:     client,
		sts:    sts.NewFromConfig(awscfg),
		Files:  file.New(&store{client: client, bucket: c.bucket}, c.prefix),
	}
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
	s3     *s3.Client
	sts    *sts.Client
	close  func()
}

func (s *session) Close() error {
	s.close()
	return nil
}

// anonymous sends a request unsigned.
func anonymous(o *s3.Options) { o.Credentials = nil }

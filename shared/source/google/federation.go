package google

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials/externalaccount"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

const (
	signedByAWS     = "urn:ietf:params:aws:token-type:aws4_request"
	lifetimeSeconds = 3600
)

// federation lets the connection's own session of a role of the deployment in
// through a workload identity pool, and becomes the service account. Google asks
// AWS whose signature it is: there is no key that could leak. Nothing in the
// credential is secret either, so what keeps another connection out is the
// session's name, which the pool is told; see awsIdentity.
func (a *Access) federation(fields map[string]source.Secret, scopes []string) method {
	email := fields["service_account_email"].Reveal()
	audience := fmt.Sprintf("//iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s/providers/%s",
		fields["project_number"].Reveal(), fields["pool_id"].Reveal(), fields["provider_id"].Reveal())
	load := sync.OnceValues(func() (aws.Config, error) {
		// Two requests an hour: no connection is kept that Close would have to close.
		client := awshttp.NewBuildableClient().WithTimeout(tokenTimeout).WithTransportOptions(func(t *http.Transport) { t.DisableKeepAlives = true })
		return awsconfig.LoadDefaultConfig(context.Background(), awsconfig.WithHTTPClient(client))
	})
	return method{principal: "serviceAccount:" + email, fetch: func(ctx context.Context) (*auth.Token, error) {
		// Anew each time: the SDK would keep the federated token that an API may just have refused.
		credentials, err := externalaccount.NewCredentials(&externalaccount.Options{
			Audience: audience, SubjectTokenType: signedByAWS, AwsSecurityCredentialsProvider: &awsIdentity{load: load, connection: a.connection},
			TokenURL:                       a.url(source.EndpointGoogleSTS) + "/v1/token",
			ServiceAccountImpersonationURL: a.url(source.EndpointGoogleIAMCredentials) + "/v1/projects/-/serviceAccounts/" + url.PathEscape(email) + ":generateAccessToken",
			ServiceAccountImpersonationLifetimeSeconds: lifetimeSeconds,
			Scopes: scopes, Client: a.tokenClient(), Logger: silent(),
		})
		if err != nil {
			return nil, err
		}
		return credentials.Token(ctx)
	}}
}

// awsIdentity is the connection on AWS: a session of the deployment's role for
// federation, got by the process's own identity and named after the connection.
type awsIdentity struct {
	load       func() (aws.Config, error) // of the process: of its Lambda role, or of a laptop's environment
	connection string
}

var _ externalaccount.AwsSecurityCredentialsProvider = (*awsIdentity)(nil)

func (i *awsIdentity) AwsRegion(context.Context, *externalaccount.RequestOptions) (string, error) {
	cfg, err := i.load()
	if err == nil && cfg.Region == "" {
		err = errors.New("no AWS region is configured")
	}
	if err != nil {
		return "", noIdentity(err)
	}
	return cfg.Region, nil
}

func (i *awsIdentity) AwsSecurityCredentials(ctx context.Context, _ *externalaccount.RequestOptions) (*externalaccount.AwsSecurityCredentials, error) {
	cfg, err := i.load()
	if err == nil {
		_, err = cfg.Credentials.Retrieve(ctx)
	}
	if err != nil {
		return nil, noIdentity(err)
	}
	session, err := sessionOf(ctx, cfg, i.connection)
	if err != nil {
		return nil, err
	}
	return &externalaccount.AwsSecurityCredentials{AccessKeyID: session.AccessKeyID, SecretAccessKey: session.SecretAccessKey, SessionToken: session.SessionToken}, nil
}

func noIdentity(err error) error {
	return fault.Wrap(fault.SourceAuthentication, "Headwater has no AWS identity of its own to show to Google", err)
}

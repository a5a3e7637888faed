package google

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials/externalaccount"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

const (
	signedByAWS     = "urn:ietf:params:aws:token-type:aws4_request"
	lifetimeSeconds = 3600
)

// federation lets the process's own AWS identity in through a workload identity
// pool, and becomes the service account. Google asks AWS whose signature it is:
// there is no key that could leak.
func (a *Access) federation(fields map[string]source.Secret, scopes []string) method {
	email := fields["service_account_email"].Reveal()
	audience := fmt.Sprintf("//iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s/providers/%s",
		fields["project_number"].Reveal(), fields["pool_id"].Reveal(), fields["provider_id"].Reveal())
	identity := &awsIdentity{load: sync.OnceValues(func() (aws.Config, error) {
		return awsconfig.LoadDefaultConfig(context.Background())
	})}
	return method{principal: "serviceAccount:" + email, fetch: func(ctx context.Context) (*auth.Token, error) {
		// Anew each time: the SDK would keep the federated token that an API may just have refused.
		credentials, err := externalaccount.NewCredentials(&externalaccount.Options{
			Audience: audience, SubjectTokenType: signedByAWS, AwsSecurityCredentialsProvider: identity,
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

// awsIdentity is the process's own: of its Lambda role, or of a laptop's environment.
type awsIdentity struct{ load func() (aws.Config, error) }

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
	if err != nil {
		return nil, noIdentity(err)
	}
	own, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, noIdentity(err)
	}
	return &externalaccount.AwsSecurityCredentials{AccessKeyID: own.AccessKeyID, SecretAccessKey: own.SecretAccessKey, SessionToken: own.SessionToken}, nil
}

func noIdentity(err error) error {
	return fault.Wrap(fault.SourceAuthentication, "Headwater has no AWS identity of its own to show to Google", err)
}

package s3

import (
	"context"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headwaterhq/headwater/shared/source/catalog"
)

const (
	// sessionLength is the most that AWS gives to a role that is assumed by another role.
	sessionLength = time.Hour
	// renewAhead is how long before their end credentials are replaced: a request
	// that has begun may take minutes.
	renewAhead = 5 * time.Minute
	// sdkAttempts is small: the portable layer retries too, and from a checkpoint.
	sdkAttempts = 2
)

// broker gets credentials for a connection.
type broker struct {
	config config
	// own speaks to STS as the deployment.
	own *sts.Client
}

// credentials are those that the connection reads with. A role's are got when
// they are first needed, and replaced before they expire.
func (b broker) credentials() *aws.CredentialsCache {
	var provider aws.CredentialsProvider
	if b.config.assumes() {
		provider = b.session(catalog.S3SessionPolicy(b.config.permissions), b.config.externalID)
	} else {
		provider = credentials.NewStaticCredentialsProvider(b.config.keyID, b.config.secret.Reveal(), b.config.token.Reveal())
	}
	return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = renewAhead
	})
}

// session assumes the role, limited by a policy. Without an external ID it sends none.
func (b broker) session(policy, externalID string) *stscreds.AssumeRoleProvider {
	return stscreds.NewAssumeRoleProvider(b.own, b.config.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName(b.config.connection)
		o.Duration = sessionLength
		o.Policy = &policy
		if externalID != "" {
			o.ExternalID = &externalID
		}
	})
}

var notInSessionName = regexp.MustCompile(`[^A-Za-z0-9_=,.@-]`)

// sessionName is what CloudTrail shows beside the role: which connection it was.
func sessionName(connection string) string {
	name := "headwater"
	if connection != "" {
		name += "-" + notInSessionName.ReplaceAllString(connection, "_")
	}
	return name[:min(len(name), 64)]
}

// account is the AWS account that the deployment runs in, "" when that cannot be found out.
func (b broker) account(ctx context.Context) string {
	out, err := b.own.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "" // a remedy without it says where to find it
	}
	return aws.ToString(out.Account)
}

// region is that of the STS that is asked: the deployment's own.
func (b broker) region() string { return b.own.Options().Region }

// renewing makes a client ask for new credentials when AWS finds that the ones
// in use have expired, as after a clock was set. That none could be got is
// final: the client that asks STS has tried again already.
func renewing(cache *aws.CredentialsCache) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = sdkAttempts
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if assuming(err) {
				return aws.FalseTernary
			}
			switch codeOf(err) {
			case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
				cache.Invalidate()
				return aws.TrueTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

package s3

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headwaterhq/headwater/shared/source"
)

// probing limits a session of the role to what overPrivilege asks for, so that
// the answers are about the role and not about the policy of a session.
const probing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListAllMyBuckets","s3:GetBucketAcl","s3:GetBucketPolicy","s3:ListBucket"],"Resource":"*"}]}`

// overPrivilege looks for signs that the credential may do more than list and
// read the prefix. It only reads, so it cannot prove that a credential may
// write: no request could show that without writing. It sees the root user, and
// the right to list all buckets, to list beside the prefix, or to read the
// bucket's configuration, which whoever has broad rights has too.
func (s *session) overPrivilege(ctx context.Context) (source.Finding, error) {
	var excess []string
	who, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return source.Finding{}, err
	}
	if strings.HasSuffix(aws.ToString(who.Arn), ":root") {
		excess = append(excess, "everything (it is the account's root user)")
	}
	for _, p := range s.probes(s.unlimited()) {
		err := p.try(ctx)
		var answer *awshttp.ResponseError
		switch {
		case err == nil, codeOf(err) == "NoSuchBucketPolicy":
			excess = append(excess, p.right)
		case !errors.As(err, &answer):
			return source.Finding{}, err
		}
	}
	if len(excess) == 0 {
		return source.Finding{Detail: "no sign of rights beyond listing and reading the prefix"}, nil
	}
	return source.Finding{
		Warning: "the " + s.config.holder() + " may do more than it needs: " + strings.Join(excess, ", "),
		Remedy:  source.Remedy{Text: "Give the " + s.config.holder() + " this policy and no other.", Snippet: s.config.policy()},
	}, nil
}

// unlimited is a client whose rights are those of the credential itself, as far as the probes go.
func (s *session) unlimited() *s3.Client {
	if !s.config.assumes() {
		return s.s3
	}
	options := s.s3.Options()
	options.Credentials = aws.NewCredentialsCache(s.broker.session(probing, s.config.externalID))
	return s3.New(options)
}

// probe is a call that a credential with the needed rights alone is denied.
type probe struct {
	right string
	try   func(context.Context) error
}

func (s *session) probes(client *s3.Client) []probe {
	bucket := &s.config.bucket
	all := []probe{
		{"s3:ListAllMyBuckets", func(ctx context.Context) error {
			_, err := client.ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: aws.Int32(1)})
			return err
		}},
		{"s3:GetBucketAcl", func(ctx context.Context) error {
			_, err := client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: bucket})
			return err
		}},
		{"s3:GetBucketPolicy", func(ctx context.Context) error {
			_, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
			return err
		}},
	}
	if s.config.prefix != "" {
		all = append(all, probe{"s3:ListBucket beside the prefix", func(ctx context.Context) error {
			_, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, MaxKeys: aws.Int32(0)}) // asks for the right, not for names
			return err
		}})
	}
	return all
}

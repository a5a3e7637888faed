package s3

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// Checks of a connection. Each looks at one thing, so that one mistake fails one check.
const (
	checkReach        = "s3.reach"
	checkAuthenticate = "s3.authenticate"
	checkList         = "s3.list_objects"
	checkGet          = "s3.get_object"
	checkOverPower    = "s3.over_privilege"
)

// Checks lists the checks, in order.
func (s *session) Checks() []source.Check {
	return []source.Check{
		{Name: checkReach, Title: "Reach the bucket", Run: s.reach, Remedy: s.remedy},
		{Name: checkAuthenticate, Title: "Authenticate with the access key", Requires: []string{checkReach}, Run: s.authenticate, Remedy: s.remedy},
		{Name: checkList, Title: "List objects under the prefix", Requires: []string{checkAuthenticate}, Run: s.listObjects, Remedy: s.remedy},
		{Name: checkGet, Title: "Read an object under the prefix", Requires: []string{checkList}, Run: s.getObject, Remedy: s.remedy},
		{Name: checkOverPower, Title: "Look for rights that are not needed", Advisory: true, Requires: []string{checkAuthenticate}, Run: s.overPrivilege, Remedy: s.remedy},
	}
}

// reach asks for the bucket unsigned: S3 tells anybody whether a bucket exists,
// and in which region. Other stores do not, so when it is refused it asks signed.
// That the credential is refused too is no matter of this check.
func (s *session) reach(ctx context.Context) (source.Finding, error) {
	err := s.head(ctx, anonymous)
	if refused(err) {
		err = s.head(ctx)
	}
	if err != nil && !refused(err) {
		return source.Finding{}, err
	}
	return source.Finding{Detail: "the bucket exists"}, nil
}

func (s *session) head(ctx context.Context, options ...func(*s3.Options)) error {
	out, err := s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.config.bucket}, options...)
	region := regionOf(err)
	if err == nil {
		region = aws.ToString(out.BucketRegion)
	}
	if region != "" && region != s.config.region {
		return fault.Wrap(fault.SourceWrongRegion, wrongRegion(region), err)
	}
	return err
}

// refused reports whether S3 answered, and what it answered is about the caller.
// S3 answers a HEAD with a bad token by a bare 400.
func refused(err error) bool {
	var answer *awshttp.ResponseError
	if _, coded := fault.As(err); coded || !errors.As(err, &answer) {
		return false
	}
	switch class := (Driver{}).Classify(err); {
	case class == nil:
		return answer.HTTPStatusCode() == http.StatusBadRequest
	default:
		return class.Code == fault.SourcePermission || class.Code == fault.SourceAuthentication || class.Code == fault.SourceExpired
	}
}

// authenticate asks STS who the key belongs to, which needs no permission.
func (s *session) authenticate(ctx context.Context) (source.Finding, error) {
	out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return source.Finding{}, err
	}
	return source.Finding{Detail: "the key belongs to " + aws.ToString(out.Arn)}, nil
}

func (s *session) listObjects(ctx context.Context) (source.Finding, error) {
	obj, found, err := s.anyObject(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	if !found {
		return source.Finding{
			Warning: "there is no object with content under the prefix yet",
			Remedy:  source.Remedy{Text: "Check the prefix; it is case-sensitive. If it is right, the tables appear once files arrive and the schema is refreshed."},
		}, nil
	}
	return source.Finding{Detail: "found " + obj.Key}, nil
}

// anyObject returns an object with content from the first page of the prefix.
func (s *session) anyObject(ctx context.Context) (file.Object, bool, error) {
	page, err := (&store{client: s.s3, bucket: s.config.bucket}).List(ctx, s.config.prefix, "")
	if err != nil {
		return file.Object{}, false, err
	}
	for _, obj := range page.Objects {
		if obj.Size > 0 {
			return obj, true, nil
		}
	}
	return file.Object{}, false, nil
}

// getObject reads one byte of one object.
func (s *session) getObject(ctx context.Context) (source.Finding, error) {
	obj, found, err := s.anyObject(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	if !found {
		return source.Finding{Detail: "there is no object to read yet"}, nil
	}
	obj.ETag = "" // whichever version is there now
	body, err := (&store{client: s.s3, bucket: s.config.bucket}).Open(ctx, obj, 0, 1)
	if err != nil {
		return source.Finding{}, err
	}
	return source.Finding{Detail: "read " + obj.Key}, body.Close()
}

// overPrivilege looks for signs that the key may do more than list and read.
// It only reads, so it cannot prove that a key may write: no request could show
// that without writing. It sees the root user, and the right to list all
// buckets or to read the bucket's configuration, which whoever has broad rights has too.
func (s *session) overPrivilege(ctx context.Context) (source.Finding, error) {
	var excess []string
	who, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return source.Finding{}, err
	}
	if strings.HasSuffix(aws.ToString(who.Arn), ":root") {
		excess = append(excess, "everything (it is the account's root user)")
	}
	bucket := &s.config.bucket
	probes := []struct {
		action string
		try    func() error
	}{
		{"s3:ListAllMyBuckets", func() error {
			_, err := s.s3.ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: aws.Int32(1)})
			return err
		}},
		{"s3:GetBucketAcl", func() error {
			_, err := s.s3.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: bucket})
			return err
		}},
		{"s3:GetBucketPolicy", func() error {
			_, err := s.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
			return err
		}},
	}
	for _, p := range probes {
		err := p.try()
		var answer *awshttp.ResponseError
		switch {
		case err == nil, codeOf(err) == "NoSuchBucketPolicy":
			excess = append(excess, p.action)
		case !errors.As(err, &answer):
			return source.Finding{}, err
		}
	}
	if len(excess) == 0 {
		return source.Finding{Detail: "no sign of rights beyond listing and reading"}, nil
	}
	return source.Finding{
		Warning: "the key may do more than it needs: " + strings.Join(excess, ", "),
		Remedy:  source.Remedy{Text: "Give the IAM user this policy and no other.", Snippet: s.config.policy},
	}, nil
}

// remedy says what to do about a failed check.
func (s *session) remedy(err error) source.Remedy {
	switch fault.CodeOf(err) {
	case fault.SourceAuthentication:
		return source.Remedy{Text: "Check that the access key ID and the secret belong together and that the key is active in IAM; if in doubt, create a new key for the same user."}
	case fault.SourceExpired:
		return source.Remedy{Text: "Temporary credentials last hours. Use an IAM user's access key, which has no session token."}
	case fault.SourcePermission:
		return source.Remedy{
			Text:    "Attach this policy to the IAM user. If the objects are encrypted with a KMS key, also allow kms:Decrypt on that key; see too that no bucket policy denies the user.",
			Snippet: s.config.policy,
		}
	case fault.SourceNotFound:
		return source.Remedy{Text: "Correct the bucket: there is none with this name in any AWS account of this partition."}
	case fault.SourceWrongRegion:
		return source.Remedy{Text: "Set the region to the bucket's own.", Snippet: "aws s3api head-bucket --bucket " + s.config.bucket + " --query BucketRegion --output text"}
	case fault.SourceNetwork:
		return source.Remedy{Text: "Let the deployment's network reach S3 and STS in this region: through a NAT gateway, or through VPC endpoints of both."}
	}
	class, _ := fault.Lookup(fault.CodeOf(err))
	return source.Remedy{Text: class.Remedy}
}

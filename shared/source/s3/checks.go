package s3

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// Checks of a connection. Each looks at one thing, so that one mistake fails one check.
const (
	checkReach        = "s3.reach"
	checkRegion       = "s3.region"
	checkAuthenticate = "s3.authenticate"
	checkExternalID   = "s3.external_id"
	checkList         = "s3.list_objects"
	checkGet          = "s3.get_object"
	checkDecrypt      = "s3.kms_decrypt"
	checkRequester    = "s3.requester_pays"
	checkVersions     = "s3.pin_versions"
	checkOverPower    = "s3.over_privilege"
)

// Checks lists the checks, in order: those that the connection's settings call for.
func (s *session) Checks() []source.Check {
	authenticate := source.Check{Name: checkAuthenticate, Title: "Authenticate with the access key", Requires: []string{checkRegion}, Run: s.identify}
	if s.config.assumes() {
		authenticate.Title, authenticate.Run = "Assume the role", s.assume
	}
	checks := []source.Check{
		{Name: checkReach, Title: "Reach the bucket", Run: s.reach},
		{Name: checkRegion, Title: "Find the bucket in the region", Requires: []string{checkReach}, Run: s.region},
		authenticate,
	}
	if s.config.assumes() {
		checks = append(checks, source.Check{Name: checkExternalID, Title: "Be refused the role without the external ID", Requires: []string{checkAuthenticate}, Run: s.externalID, Remedy: s.openTrustRemedy})
	}
	checks = append(checks,
		source.Check{Name: checkList, Title: "List objects under the prefix", Requires: []string{checkAuthenticate}, Run: s.listObjects},
		source.Check{Name: checkGet, Title: "Read an object under the prefix", Requires: []string{checkList}, Run: s.getObject},
		source.Check{Name: checkDecrypt, Title: "Decrypt an object under the prefix", Requires: []string{checkGet}, Run: s.decrypt},
	)
	if s.config.requesterPays {
		checks = append(checks, source.Check{Name: checkRequester, Title: "See who pays for reading", Advisory: true, Requires: []string{checkDecrypt}, Run: s.requester})
	}
	checks = append(checks,
		source.Check{Name: checkVersions, Title: "Read an object by its version", Advisory: true, Requires: []string{checkDecrypt}, Run: s.pinVersions},
		source.Check{Name: checkOverPower, Title: "Look for rights that are not needed", Advisory: true, Requires: []string{checkAuthenticate}, Run: s.overPrivilege},
	)
	for i := range checks {
		if checks[i].Remedy == nil {
			checks[i].Remedy = s.remedy
		}
	}
	return checks
}

// reach asks whether there is the bucket. That it is in another region, or that
// the credential is refused, is no matter of this check.
func (s *session) reach(ctx context.Context) (source.Finding, error) {
	_, err := s.head(ctx)
	if class, _ := classOf(err); err != nil && !refused(err) && class != fault.SourceWrongRegion {
		return source.Finding{}, err
	}
	return source.Finding{Detail: "the bucket exists"}, nil
}

// region holds the setting against the region that S3 names: in a redirect
// (301, 307), in a refusal (403, or 400 to a signature for another region) and
// in a success.
func (s *session) region(ctx context.Context) (source.Finding, error) {
	region, err := s.head(ctx)
	if region == "" && badRequest(err) { // to HEAD it does not say what is bad
		_, err = s.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.config.bucket, Prefix: &s.config.prefix, MaxKeys: aws.Int32(0)})
		region = regionOf(err)
	}
	class, _ := classOf(err)
	switch {
	case region == s.config.region:
		return source.Finding{Detail: "the bucket is in " + region}, nil
	case region != "", class == fault.SourceWrongRegion:
		return source.Finding{}, fault.Wrap(fault.SourceWrongRegion, wrongRegion(region), orAnswer(err, region))
	case err != nil && !refused(err):
		return source.Finding{}, err
	}
	return source.Finding{Detail: "the store names no region"}, nil
}

// orAnswer is what S3 said, also when it said the region in a success.
func orAnswer(err error, region string) error {
	if err != nil {
		return err
	}
	return errors.New("x-amz-bucket-region: " + region)
}

// head asks for the bucket unsigned: S3 tells anybody whether a bucket exists,
// and in which region. Other stores do not, so when it is refused without a
// region it asks signed.
func (s *session) head(ctx context.Context) (region string, err error) {
	for _, how := range [][]func(*s3.Options){{anonymous}, nil} {
		var out *s3.HeadBucketOutput
		out, err = s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.config.bucket}, how...)
		if err == nil {
			return aws.ToString(out.BucketRegion), nil
		}
		if region = regionOf(err); region != "" || !refused(err) {
			break
		}
	}
	return region, err
}

// refused reports whether what AWS answered is about the caller. S3 answers a
// HEAD with a bad token or for another region by a bare 400.
func refused(err error) bool {
	switch {
	case err == nil:
		return false
	case assuming(err), badRequest(err):
		return true
	}
	class, _ := classOf(err)
	return class == fault.SourcePermission || class == fault.SourceAuthentication || class == fault.SourceExpired
}

func badRequest(err error) bool {
	var answer *awshttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusBadRequest
}

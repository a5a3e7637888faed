package s3

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// askingFor is how long a remedy may take to find out what to print in it.
const askingFor = 2 * time.Second

// remedy says what to do about a failed check. Of the provider's error only the
// text is left here: what kind of failure it was, the message says.
func (s *session) remedy(err error) source.Remedy {
	message := ""
	if e, ok := fault.As(err); ok {
		message = e.Message
	}
	switch fault.CodeOf(err) {
	case fault.SourceAuthentication:
		if s.config.assumes() {
			return s.trustRemedy(message)
		}
		return source.Remedy{Text: "Check that the access key ID and the secret belong together and that the key is active in IAM; if in doubt, create a new key for the same user, or better a role."}
	case fault.SourceExpired:
		return source.Remedy{Text: "Temporary credentials last hours. Use a role, whose credentials are renewed, or an IAM user's access key, which has no session token."}
	case fault.SourcePermission:
		if strings.Contains(message, decryptAction) {
			return s.keyRemedy()
		}
		text := "Attach this policy to the " + s.config.holder() + ". See too that no bucket policy denies it, and that the bucket's own policy allows it where the bucket is in another account."
		if !s.config.requesterPays {
			text += " If the bucket charges its readers, S3 answers the same: then set requester_pays, which makes AWS bill requests and transfer to your account."
		}
		return source.Remedy{Text: text, Snippet: s.config.policy()}
	case fault.SourceNotFound:
		return source.Remedy{Text: "Correct the bucket: there is none with this name in any AWS account of this partition."}
	case fault.SourceWrongRegion:
		return source.Remedy{Text: "Set the region to the bucket's own. Headwater does not follow to another region by itself: transfer between regions is billed.", Snippet: "aws s3api head-bucket --bucket " + s.config.bucket + " --query BucketRegion --output text"}
	case fault.SourceNetwork:
		return source.Remedy{Text: "Let the deployment's network reach S3 and STS in this region: through a NAT gateway, or through VPC endpoints of both."}
	}
	class, _ := fault.Lookup(fault.CodeOf(err))
	return source.Remedy{Text: class.Remedy}
}

// trustRemedy covers what STS does not tell apart: that there is no such role,
// that it trusts somebody else, and that it wants another external ID.
func (s *session) trustRemedy(message string) source.Remedy {
	switch message {
	case ownDenial:
		return source.Remedy{Text: "Name a role whose name begins with " + catalog.S3RolePrefix + ", or let the deployment's functions assume others: their IAM policy has sts:AssumeRole for such names alone."}
	case regionDisabled:
		return source.Remedy{Text: "Activate STS for this region in the account settings of IAM, in the account of the role."}
	}
	ctx, cancel := context.WithTimeout(context.Background(), askingFor)
	defer cancel()
	return source.Remedy{
		Text: "Compare the role's ARN with the one in IAM, letter by letter. Then give the role this trust policy: it names the deployment and this connection's external ID. " +
			"AWS says the same to a missing role, a missing trust and a wrong external ID; a new trust policy takes effect within seconds.",
		Snippet: s.trustPolicy(ctx),
	}
}

func (s *session) keyRemedy() source.Remedy {
	if s.config.kmsKey == "" {
		return source.Remedy{
			Text:    "S3 gives the object, and KMS does not decrypt it. Set kms_key_arn to the key that encrypts the bucket, attach the policy that the connection's grants then show, and allow kms:Decrypt in the key's own policy.",
			Snippet: "aws s3api get-bucket-encryption --bucket " + s.config.bucket,
		}
	}
	return source.Remedy{
		Text: "S3 gives the object, and KMS does not decrypt it. Compare kms_key_arn with the key in AWS's answer; allow kms:Decrypt in the policy of the " + s.config.holder() +
			", and add this statement to the key's own policy.",
		Snippet: s.keyPolicy(),
	}
}

// keyPolicy is the statement for the key's policy, with who the connection is if STS tells it.
func (s *session) keyPolicy() string {
	c := s.config
	if c.permissions.Identity == "" {
		ctx, cancel := context.WithTimeout(context.Background(), askingFor)
		defer cancel()
		if out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err == nil {
			c.permissions.Identity = aws.ToString(out.Arn)
		}
	}
	return c.grant("key_policy")
}
